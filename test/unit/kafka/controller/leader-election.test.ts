import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ElectionInput,
  type ElectionStrategy,
  electLeader,
  firstLeadership,
  withoutReplica,
} from '../../../../src/kafka/controller/leader-election.ts';
import type { LeaderAndIsr } from '../../../../src/kafka/metadata/model.ts';

const NO_LEADER = -1;

function leadership(leader: number, isr: readonly number[], leaderRecovering = false): LeaderAndIsr {
  return { leader, leaderEpoch: 4, isr, leaderRecovering, partitionEpoch: 9 };
}

interface Case {
  readonly why: string;
  readonly kind: ElectionStrategy['kind'];
  readonly isr: readonly number[];
  readonly online: readonly number[];
  readonly shuttingDown?: readonly number[];
  readonly unclean?: boolean;
  readonly recovering?: boolean;
  /** Null when nobody can lead. */
  readonly leads: number | null;
  readonly inSync?: readonly number[];
  readonly recovers?: boolean;
  readonly told: readonly number[];
}

/** The assignment is 1, 2, 3 throughout, led by 1 before. */
const cases: readonly Case[] = [
  {
    why: 'the next in sync',
    kind: 'offline',
    isr: [1, 2, 3],
    online: [2, 3],
    leads: 2,
    inSync: [2, 3],
    told: [2, 3],
  },
  {
    why: 'the one in sync, not the next',
    kind: 'offline',
    isr: [1, 3],
    online: [2, 3],
    leads: 3,
    inSync: [3],
    told: [2, 3],
  },
  {
    why: 'nobody while all in sync are away',
    kind: 'offline',
    isr: [1],
    online: [2, 3],
    leads: null,
    told: [2, 3],
  },
  {
    why: 'anyone, unclean, who has to recover',
    kind: 'offline',
    isr: [1],
    online: [3, 2],
    unclean: true,
    leads: 2,
    inSync: [2],
    recovers: true,
    told: [2, 3],
  },
  {
    why: 'one in sync although it may be unclean',
    kind: 'offline',
    isr: [3],
    online: [2, 3],
    unclean: true,
    leads: 3,
    inSync: [3],
    told: [2, 3],
  },
  {
    why: 'one who goes on recovering',
    kind: 'offline',
    isr: [2],
    online: [2],
    recovering: true,
    leads: 2,
    inSync: [2],
    recovers: true,
    told: [2],
  },
  {
    why: 'nobody when all are away',
    kind: 'offline',
    isr: [1, 2],
    online: [],
    unclean: true,
    leads: null,
    told: [],
  },
  {
    why: 'the first in sync of the target',
    kind: 'reassign',
    isr: [3, 2],
    online: [2, 3],
    leads: 2,
    told: [2, 3],
  },
  {
    why: 'nobody of the target in sync',
    kind: 'reassign',
    isr: [1],
    online: [2, 3],
    leads: null,
    told: [2, 3],
  },
  { why: 'the first', kind: 'preferred', isr: [3, 1], online: [1, 3], leads: 1, told: [1, 3] },
  {
    why: 'nobody else than the first',
    kind: 'preferred',
    isr: [2, 3],
    online: [1, 2, 3],
    leads: null,
    told: [1, 2, 3],
  },
  {
    why: 'not the first while it is away',
    kind: 'preferred',
    isr: [1, 2],
    online: [2],
    leads: null,
    told: [2],
  },
  {
    why: 'one that stays',
    kind: 'controlledShutdown',
    isr: [1, 2, 3],
    online: [2, 3],
    shuttingDown: [1],
    leads: 2,
    inSync: [2, 3],
    told: [1, 2, 3],
  },
  {
    why: 'nobody when all in sync stop',
    kind: 'controlledShutdown',
    isr: [1, 2],
    online: [3],
    shuttingDown: [1, 2],
    leads: null,
    told: [1, 2, 3],
  },
];

describe('the leader of a partition', () => {
  for (const { why, kind, isr, online, leads, told, ...rest } of cases) {
    it(`by ${kind} election is ${why}`, () => {
      const input: ElectionInput = {
        current: leadership(1, isr, rest.recovering),
        assignment: [1, 2, 3],
        online: new Set(online),
        shuttingDown: new Set(rest.shuttingDown),
        unclean: rest.unclean ?? false,
      };
      const { elected, recipients } = electLeader(kind, input);
      assert.deepEqual(recipients, told);
      if (leads === null) assert.equal(elected, null);
      else {
        assert.deepEqual(elected, {
          leader: leads,
          leaderEpoch: 5,
          isr: rest.inSync ?? isr,
          leaderRecovering: rest.recovers ?? false,
          partitionEpoch: 9,
        });
      }
    });
  }

  it('of a new partition is its first live replica, all of them in sync', () => {
    assert.deepEqual(firstLeadership([3, 1]), {
      leader: 3,
      leaderEpoch: 0,
      isr: [3, 1],
      leaderRecovering: false,
      partitionEpoch: 0,
    });
    assert.equal(firstLeadership([]), null);
  });

  it('is nobody once its replica has gone, and the last one in sync stays in sync', () => {
    const before = leadership(1, [1, 2]);
    assert.deepEqual(withoutReplica(before, 1, NO_LEADER), {
      ...before,
      leader: NO_LEADER,
      leaderEpoch: 5,
      isr: [2],
    });
    assert.deepEqual(withoutReplica(before, 2, NO_LEADER), { ...before, leaderEpoch: 5, isr: [1] });
    assert.deepEqual(withoutReplica(leadership(1, [1]), 1, NO_LEADER), {
      ...leadership(NO_LEADER, [1]),
      leaderEpoch: 5,
    });
  });
});

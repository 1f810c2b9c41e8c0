import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ClassicGroup } from '../../../src/kafka/coordinator/group/classic-group.ts';
import type { JoinResult, SyncResult } from '../../../src/kafka/coordinator/group/results.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { flush, GROUP, GroupHarness, type Watched } from '../../support/group-harness.ts';

/** What may happen next; `who` picks a client. */
type Action =
  | { type: 'join' | 'sync' | 'heartbeat' | 'leave' | 'commit' | 'restart'; who: number }
  | { type: 'pass'; ms: number }
  | { type: 'hold' | 'release' | 'refuse' | 'allow' | 'fail-over' | 'lose-tail' | 'delete' };

const CLIENTS = 4;
/** The last clients are static members. */
const STATIC_FROM = 2;

const FAULTS = [
  'hold',
  'hold',
  'release',
  'release',
  'refuse',
  'allow',
  'allow',
  'fail-over',
  'lose-tail',
  'delete',
] as const;

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: clientAction('join') },
  { weight: 10, arbitrary: clientAction('sync') },
  { weight: 4, arbitrary: clientAction('heartbeat') },
  { weight: 8, arbitrary: clientAction('commit') },
  { weight: 2, arbitrary: clientAction('leave') },
  { weight: 2, arbitrary: clientAction('restart') },
  {
    weight: 6,
    arbitrary: fc.constantFrom(0, 1, 1000, 3000, 6000, 20_000).map((ms): Action => ({ type: 'pass', ms })),
  },
  { weight: 12, arbitrary: fc.constantFrom(...FAULTS).map((type): Action => ({ type })) },
);

function clientAction(type: Extract<Action, { who: number }>['type']): fc.Arbitrary<Action> {
  return fc.nat(CLIENTS - 1).map((who) => ({ type, who }));
}

/** A consumer as clients are: it remembers its id and generation and does what answers tell it. */
class Client {
  memberId = '';
  generation = -1;
  leads = false;
  members: readonly string[] = [];
  joining: Watched<JoinResult> | undefined;
  syncing: { generation: number; result: Watched<SyncResult> } | undefined;
  readonly groupInstanceId: string | null;

  constructor(index: number) {
    this.groupInstanceId = index >= STATIC_FROM ? `instance-${index}` : null;
  }

  forget(): void {
    this.memberId = '';
    this.generation = -1;
    this.leads = false;
    this.joining = undefined;
    this.syncing = undefined;
  }

  /** The id is gone, or has another owner. */
  heed(error: number): void {
    if (error !== ErrorCode.UNKNOWN_MEMBER_ID && error !== ErrorCode.FENCED_INSTANCE_ID) return;
    this.memberId = '';
    this.generation = -1;
    this.leads = false;
  }
}

/** A group of clients whose answers are checked against what every group must keep. */
class Model {
  readonly clients = Array.from({ length: CLIENTS }, (_, i) => new Client(i));
  readonly group: GroupHarness;
  /** The highest generation answered in this life of the group. */
  private highest = 0;
  private nextOffset = 1;
  private acknowledged = 0;
  private deletions = 0;
  /** The group as it lives; another one after a failover or a deletion, whose generations start anew. */
  private life: ClassicGroup | undefined;
  private readonly leaders = new Map<number, string>();
  /** Assignments that leaders sent, by generation and member. */
  private readonly sent = new Map<string, Set<string>>();

  constructor(group: GroupHarness) {
    this.group = group;
  }

  async run(actions: readonly Action[]): Promise<void> {
    for (const each of actions) {
      await this.act(each);
      await flush();
      this.collect();
      this.check();
    }
  }

  private async act(each: Action): Promise<void> {
    const { group } = this;
    const { log } = group;
    switch (each.type) {
      case 'join':
      case 'sync':
      case 'heartbeat':
      case 'leave':
      case 'commit':
      case 'restart': {
        const client = this.clients[each.who];
        if (client !== undefined) await this[each.type](client);
        return;
      }
      case 'pass':
        return group.pass(each.ms);
      case 'hold':
        log.commitAtOnce = false;
        return;
      case 'release':
        log.commitAtOnce = true;
        log.commit();
        return;
      case 'refuse':
        log.appendError = ErrorCode.NOT_ENOUGH_REPLICAS;
        return;
      case 'allow':
        log.appendError = undefined;
        return;
      case 'delete':
        if (group.shard.find(GROUP)?.is('Empty')) {
          this.deletions++;
          this.acknowledged = 0;
        }
        void group.coordinator.deleteGroups([GROUP]);
        return;
      case 'fail-over':
      case 'lose-tail':
        await group.failOver(each.type === 'lose-tail' ? 'uncommitted' : 'nothing');
        for (const client of this.clients) {
          client.joining = undefined;
          client.syncing = undefined;
        }
    }
  }

  private async join(client: Client): Promise<void> {
    client.joining = this.group.join({
      memberId: client.memberId,
      groupInstanceId: client.groupInstanceId,
      requireKnownMemberId: client.groupInstanceId === null,
      rebalanceTimeoutMs: 15_000,
    });
  }

  private async sync(client: Client): Promise<void> {
    if (client.generation < 0) return;
    const { generation, memberId } = client;
    const plan: Record<string, string> = {};
    if (client.leads) {
      for (const member of client.members) {
        const part = `${member} in ${generation} by ${memberId}`;
        plan[member] = part;
        const key = `${generation} ${member}`;
        this.sent.set(key, (this.sent.get(key) ?? new Set()).add(part));
      }
    }
    const result = this.group.sync(memberId, generation, plan, client.groupInstanceId);
    client.syncing = { generation, result };
  }

  private async heartbeat(client: Client): Promise<void> {
    if (client.generation < 0) return;
    client.heed(await this.group.heartbeat(client.memberId, client.generation, client.groupInstanceId));
  }

  private async leave(client: Client): Promise<void> {
    if (client.memberId === '') return;
    await this.group.leave(client.memberId);
    client.forget();
  }

  private async restart(client: Client): Promise<void> {
    client.forget();
  }

  private async commit(client: Client): Promise<void> {
    const offset = this.nextOffset++;
    const { coordinator } = this.group;
    const answer = coordinator.commitOffsets({
      groupId: GROUP,
      memberId: client.memberId,
      groupInstanceId: client.groupInstanceId,
      generation: client.generation,
      retentionMs: -1,
      offsets: [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: null, commitTimestampMs: -1 }],
    });
    const joinedBefore = client.generation >= 0;
    const { deletions } = this;
    void answer.then(([error = -1]) => {
      if (joinedBefore) client.heed(error);
      const stillThere = coordinator === this.group.coordinator && deletions === this.deletions;
      if (error === ErrorCode.NONE && stillThere) {
        this.acknowledged = Math.max(this.acknowledged, offset);
      }
    });
  }

  /** Takes in the answers that have come. */
  private collect(): void {
    for (const client of this.clients) {
      const joined = client.joining?.value;
      if (joined !== undefined) {
        client.joining = undefined;
        this.onJoined(client, joined);
      }
      const synced = client.syncing?.result.value;
      if (synced !== undefined && client.syncing !== undefined) {
        const { generation } = client.syncing;
        client.syncing = undefined;
        this.onSynced(client, generation, synced);
      }
    }
    const life = this.group.shard.find(GROUP);
    if (life !== this.life) {
      this.life = life;
      this.highest = 0;
      this.leaders.clear();
    }
  }

  private onJoined(client: Client, joined: JoinResult): void {
    if (joined.error === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = joined.memberId;
    client.heed(joined.error);
    if (joined.error !== ErrorCode.NONE) return;
    assert.ok(joined.generation >= this.highest, 'generations never go back');
    this.highest = joined.generation;
    client.memberId = joined.memberId;
    client.generation = joined.generation;
    client.leads = joined.leader === joined.memberId;
    client.members = joined.members.map(({ memberId }) => memberId);
    assert.equal(client.leads, joined.members.length > 0, 'the leader alone gets the members');
    if (client.leads) {
      const known = this.leaders.get(joined.generation);
      const same = known === undefined || known === joined.memberId || this.isRestartOf(client, known);
      assert.ok(same, `generation ${joined.generation} has one leader`);
      this.leaders.set(joined.generation, joined.memberId);
    }
  }

  /** A static leader that came back has a new id and leads on. */
  private isRestartOf(client: Client, memberId: string): boolean {
    return client.groupInstanceId !== null && memberId.startsWith(client.groupInstanceId);
  }

  private onSynced(client: Client, generation: number, synced: SyncResult): void {
    client.heed(synced.error);
    if (synced.error !== ErrorCode.NONE || synced.assignment.length === 0) return;
    const part = synced.assignment.toString();
    const sent = [...this.sent].some(([key, parts]) => key.startsWith(`${generation} `) && parts.has(part));
    assert.ok(sent, `an assignment comes from a leader of generation ${generation}: ${part}`);
  }

  private check(): void {
    const { group } = this;
    const live = group.shard.find(GROUP);
    if (live !== undefined) {
      const ids = live.members.map(({ memberId }) => memberId);
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(live.awaitingJoin, live.members.filter((member) => member.isAwaitingJoin).length);
      if (ids.length > 0)
        assert.ok(live.leaderId !== null && ids.includes(live.leaderId), 'members have a leader');
      if (live.is('Empty')) assert.deepEqual(ids, []);
      if (live.is('Stable', 'CompletingRebalance')) assert.ok(ids.length > 0 && live.protocolName !== null);
      if (live.is('Stable')) assert.ok(live.members.every((member) => !member.isAwaitingSync));
    }
    const { topics } = group.coordinator.fetchOffsets(GROUP, [{ topic: 't', partitions: [0] }], false);
    const offset = topics[0]?.partitions[0]?.offset ?? -1;
    assert.ok(offset >= this.acknowledged || this.acknowledged === 0, `offset ${offset} went back`);
    if (group.log.highWatermark === group.log.endOffset) {
      assert.deepEqual(group.log.replay(), group.shard.store, 'the log says what the state is');
    }
  }

  /** Faults are over: everyone who keeps trying must get into one stable group. */
  async converge(): Promise<void> {
    const { log } = this.group;
    log.appendError = undefined;
    log.commitAtOnce = true;
    log.commit();
    for (let round = 0; round < 60; round++) {
      for (const client of this.clients) {
        if (client.joining === undefined && client.syncing === undefined) await this.nextStep(client);
      }
      await this.group.pass(1000);
      this.collect();
      this.check();
      const generation = this.group.shard.find(GROUP)?.generation;
      const together = this.clients.every((client) => client.generation === generation);
      if (together && this.group.state === 'Stable' && this.group.shard.find(GROUP)?.size === CLIENTS) return;
    }
    assert.fail(`no stable group of all after a minute: ${this.group.state}`);
  }

  private async nextStep(client: Client): Promise<void> {
    if (client.generation < 0) return this.join(client);
    const error = await this.group.heartbeat(client.memberId, client.generation, client.groupInstanceId);
    client.heed(error);
    const described = this.group.coordinator.describe(GROUP);
    if (error !== ErrorCode.NONE) return this.join(client);
    if (described.state === 'CompletingRebalance') await this.sync(client);
  }
}

describe('a group under random actions and faults', () => {
  it('keeps one leader per generation, monotone generations and offsets, and a state that the log tells', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 10, maxLength: 120 }),
        fc.nat(1_000_000),
        async (actions, seed) => {
          const model = new Model(await GroupHarness.started({ initialRebalanceDelayMs: 3000 }, seed));
          await model.run(actions);
          await model.converge();
          model.group.coordinator.close();
          assert.equal(model.group.time.timersSet, 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

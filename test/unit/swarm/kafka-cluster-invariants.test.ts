import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { kafkaCluster } from '../../swarm/kafka/cluster/cluster-run.ts';
import { CommittedLogs } from '../../swarm/kafka/cluster/committed-logs.ts';
import { requireEqualReplicas } from '../../swarm/kafka/cluster/convergence.ts';
import { Durability } from '../../swarm/kafka/cluster/durability.ts';
import type { ClusterInvariant, Observation, SeenBatch } from '../../swarm/kafka/cluster/observation.ts';
import * as rules from '../../swarm/kafka/cluster/rules.ts';

const P = 'numbers-0';

/** A batch of one record. */
function batch(
  offset: number,
  value: string | null,
  options: { key?: string; epoch?: number } = {},
): SeenBatch {
  const { key, epoch = 0 } = options;
  const record = { timestamp: 0, key: key === undefined ? null : Buffer.from(key) };
  const bytes = buildBatch([{ ...record, value: value === null ? null : Buffer.from(value) }], {
    baseOffset: offset,
    leaderEpoch: epoch,
  });
  return { baseOffset: offset, lastOffset: offset, bytes };
}

const assigned = (...replicas: number[]): Observation => ({ kind: 'assigned', partition: P, replicas });
const state = (leader: number, leaderEpoch: number, isr: number[], controllerEpoch = 1): Observation => ({
  kind: 'state',
  partition: P,
  leader,
  leaderEpoch,
  isr,
  controllerEpoch,
  currentControllerEpoch: 1,
});
const toldLeader = (broker: number, leader: number, leaderEpoch: number): Observation => ({
  kind: 'told leader',
  broker,
  partition: P,
  leader,
  leaderEpoch,
});
const controller = (broker: number, epoch: number): Observation => ({ kind: 'controller', broker, epoch });
const commanded = (controllerId: number, controllerEpoch: number): Observation => ({
  kind: 'commanded',
  broker: 3,
  controllerId,
  controllerEpoch,
});

/** What a replica with this log shows; its high watermark moves over all of it when `from` is given. */
function replica(broker: number, leaderEpoch: number, isLeader: boolean, log: readonly SeenBatch[]) {
  const end = (log.at(-1)?.lastOffset ?? -1) + 1;
  const read = (from: number, to: number) =>
    log.filter(({ lastOffset }) => lastOffset >= from && lastOffset < to);
  const sight = { broker, life: 1, partition: P, leaderEpoch, isLeader, isCompacted: false, read };
  return {
    role: { kind: 'role', ...sight, logEnd: end, highWatermark: 0 } as Observation,
    highWatermark: (from: number, to: number = end) =>
      ({ kind: 'high watermark', ...sight, from, to, batches: read(from, to) }) as Observation,
  };
}
const leads = (broker: number, epoch: number, ...log: SeenBatch[]) => replica(broker, epoch, true, log);
const follows = (broker: number, epoch: number, ...log: SeenBatch[]) => replica(broker, epoch, false, log);

const acknowledged = (offset: number, value: string): Observation => ({
  kind: 'acknowledged',
  batch: {
    producer: 1,
    isIdempotent: true,
    partition: P,
    records: [{ key: null, value }],
    timestamp: 0,
  },
  baseOffset: offset,
});
const compactedLog = (...records: [offset: number, key: string, value: string][]): Observation => ({
  kind: 'whole log',
  partition: P,
  highWatermark: 100,
  isCompacted: true,
  records: records.map(([offset, key, value]) => ({ offset, key, value, timestamp: 0 })),
});

const a = batch(0, 'a');
const b = batch(1, 'b');
const otherB = batch(1, 'x', { epoch: 1 });

/** One run's rules, with what they share; the story is seen by all of them, as in a run. */
class Judges {
  readonly durability = new Durability((partition) => this.see({ kind: 'promise lapsed', partition }));
  readonly logs = new CommittedLogs(this.durability);
  readonly verdicts = new rules.Verdicts(this.logs);
  readonly broken = new Set<string>();
  private readonly all: readonly ClusterInvariant[] = [
    this.verdicts,
    rules.electionSafety(),
    rules.leaderEpochsGrow(),
    rules.isrOfReplicas(),
    rules.oneControllerPerEpoch(),
    rules.zombieControllersAreFenced(),
    rules.leaderCompleteness(this.verdicts),
    rules.logMatching(this.verdicts),
    rules.replicaHighWatermarkIsMonotone(this.durability),
    rules.acknowledgedIsCommitted(this.logs),
    rules.compactionKeepsLastValues(this.logs),
  ];

  see(observation: Observation): void {
    this.durability.see(observation);
    for (const rule of this.all) if (rule.see(observation) !== undefined) this.broken.add(rule.name);
  }
}

function judge(story: readonly Observation[]): string[] {
  const judges = new Judges();
  for (const observation of story) judges.see(observation);
  return [...judges.broken];
}

interface Case {
  readonly rule: string;
  readonly broken: readonly Observation[];
  readonly kept: readonly Observation[];
}

const powerLost = (broker: number): Observation => ({ kind: 'power lost', broker });
const MATCHING = 'log matching below the high watermark';

/** For each rule the shortest story that breaks it and one next to it that does not. */
const CASES: readonly Case[] = [
  {
    rule: 'election safety',
    broken: [state(1, 5, [1]), toldLeader(3, 2, 5)],
    kept: [state(1, 5, [1]), toldLeader(3, 2, 6)],
  },
  {
    rule: 'election safety',
    broken: [leads(1, 5).role, leads(2, 5).role],
    kept: [leads(1, 5).role, follows(2, 5).role],
  },
  {
    rule: 'leader epochs grow',
    broken: [state(1, 5, [1]), state(1, 4, [1])],
    kept: [state(1, 5, [1, 2]), state(1, 5, [1])],
  },
  {
    rule: 'leader epochs grow',
    broken: [state(1, 5, [1, 2]), state(2, 5, [1, 2])],
    kept: [state(1, 5, [1, 2]), state(2, 6, [1, 2])],
  },
  {
    rule: 'leader epochs grow',
    broken: [follows(1, 5).role, leads(1, 5).role],
    kept: [leads(1, 5).role, follows(1, 5).role, leads(1, 6).role],
  },
  {
    rule: 'ISR is a part of the replicas',
    broken: [assigned(1, 2), state(1, 0, [1, 3])],
    kept: [assigned(1, 2), state(1, 0, [1, 2]), state(-1, 1, [2])],
  },
  {
    rule: 'ISR is a part of the replicas',
    broken: [assigned(1, 2), state(1, 0, [2])],
    kept: [state(-2, 1, [])],
  },
  {
    rule: 'one controller per epoch',
    broken: [controller(1, 7), commanded(2, 7)],
    kept: [controller(1, 7), commanded(1, 7)],
  },
  {
    rule: 'one controller per epoch',
    broken: [controller(1, 7), controller(1, 7)],
    kept: [controller(1, 7), controller(1, 8)],
  },
  { rule: 'zombie controllers are fenced', broken: [state(1, 0, [1], 0)], kept: [state(1, 0, [1], 1)] },
  {
    rule: 'leader completeness',
    broken: [leads(1, 0, a, b).role, leads(1, 0, a, b).highWatermark(0), leads(2, 1, a).role],
    kept: [leads(1, 0, a, b).role, leads(1, 0, a, b).highWatermark(0, 1), leads(2, 1, a).role],
  },
  {
    rule: 'leader completeness',
    broken: [leads(1, 3, a, b).highWatermark(0), leads(2, 4, a, otherB).role],
    // It was elected before, and hears of it late.
    kept: [leads(1, 3, a, b).highWatermark(0), leads(2, 2, a, otherB).role],
  },
  {
    rule: MATCHING,
    broken: [leads(1, 0, a, b).highWatermark(0), follows(2, 0, a, otherB).highWatermark(0)],
    kept: [leads(1, 0, a, b).highWatermark(0), follows(2, 0, a, otherB).highWatermark(0, 1)],
  },
  {
    rule: MATCHING,
    broken: [follows(2, 0, a).highWatermark(0)],
    kept: [leads(1, 0, a).highWatermark(0), follows(2, 0, a).highWatermark(0)],
  },
  {
    rule: 'the high watermark of a replica never goes back',
    broken: [leads(1, 0, a, b).highWatermark(0), leads(1, 0, a, b).highWatermark(2, 1)],
    kept: [leads(1, 0, a, b).highWatermark(0, 1), leads(1, 0, a, b).highWatermark(1, 2)],
  },
  {
    rule: 'acknowledged is committed',
    broken: [leads(1, 0, a, b).highWatermark(0, 1), acknowledged(1, 'b')],
    kept: [leads(1, 0, a, b).highWatermark(0), acknowledged(1, 'b')],
  },
  {
    rule: 'acknowledged is committed',
    broken: [acknowledged(0, 'a')],
    kept: [{ kind: 'unreadable', broker: 1, life: 1, partition: P }, acknowledged(0, 'a')],
  },
  {
    rule: 'compaction keeps the last value of each key',
    broken: [
      leads(1, 0, batch(0, 'v', { key: 'k' }), batch(1, 'w', { key: 'k' })).highWatermark(0),
      compactedLog([0, 'k', 'v']),
    ],
    kept: [
      leads(1, 0, batch(0, 'v', { key: 'k' }), batch(1, null, { key: 'k' })).highWatermark(0),
      compactedLog(),
    ],
  },
];

describe('the rules for clusters of brokers', () => {
  for (const { rule, broken, kept } of CASES) {
    it(`${rule}: broken and kept`, () => {
      assert.ok(judge(broken).includes(rule), `broken: ${judge(broken)}`);
      assert.deepEqual(judge(kept), []);
    });
  }

  it('replicas are equal in the end: broken and kept', () => {
    const logs = new Map([
      [1, [a, b]],
      [2, [a, otherB]],
    ]);
    const judgeUpTo = (highWatermark: number) => () =>
      requireEqualReplicas(P, logs, { highWatermark, isCompacted: false });

    assert.throws(judgeUpTo(2), /brokers 1 and 2 differ at offset 1/);
    judgeUpTo(1)();
    assert.throws(() =>
      requireEqualReplicas(P, new Map([[1, undefined]]), { highWatermark: 0, isCompacted: false }),
    );
  });
});

describe('the promise that acknowledged records are kept', () => {
  /** 1 leads, and a, b are committed; then somebody is elected who has a alone. */
  const committed = [state(1, 0, [1, 2]), leads(1, 0, a, b).role, leads(1, 0, a, b).highWatermark(0)];
  const elected = [state(2, 1, [2]), leads(2, 1, a, otherB).role, leads(2, 1, a, otherB).highWatermark(0)];

  it('binds a leader that was in sync', () => {
    assert.deepEqual(judge([...committed, ...elected]), ['leader completeness', MATCHING]);
  });

  it('lapses with the election of a replica that lost power while in sync', () => {
    assert.deepEqual(judge([...committed, powerLost(2), ...elected]), []);
  });

  it('lapses with an unclean election', () => {
    assert.deepEqual(judge([...committed, state(1, 0, [1]), ...elected]), []);
  });

  it('holds when the replica that lost power has left the ISR and come back', () => {
    const cameBack = [powerLost(2), state(1, 0, [1]), state(1, 0, [1, 2])];
    assert.deepEqual(judge([...committed, ...cameBack, ...elected]), ['leader completeness', MATCHING]);
  });

  it('holds when another replica lost power', () => {
    assert.deepEqual(judge([...committed, powerLost(3), ...elected]), ['leader completeness', MATCHING]);
  });

  it('binds anew, from what the new leader has', () => {
    const lapsed = [...committed, powerLost(2), ...elected];
    const judged = judge([...lapsed, follows(3, 1, a, b).highWatermark(0), leads(3, 2, a).role]);
    assert.deepEqual(judged, ['leader completeness']);
  });

  it('does not bind a replica that follows a lapse until it agrees', () => {
    const lapsed = [...committed, powerLost(2), ...elected];
    const old: Observation = { ...follows(1, 1, a, b).role, highWatermark: 2 } as Observation;
    const agrees = follows(1, 1, a, otherB).highWatermark(0);
    const differs = follows(1, 1, a, b).highWatermark(0);
    assert.deepEqual(judge([...lapsed, old, differs]), []);
    assert.deepEqual(judge([...lapsed, old, agrees, differs]), [MATCHING]);
  });
});

describe('the system kafka-cluster', () => {
  it('draws three to five brokers from the seed, and the same ones from the same seed', () => {
    const describeSeed = (seed: number) => kafkaCluster().build(new Simulation({ seed })).description;

    const drawn = Array.from({ length: 40 }, (_, seed) => describeSeed(seed));
    for (const brokers of [3, 4, 5]) assert.ok(drawn.some((each) => each.startsWith(`${brokers} brokers`)));
    assert.deepEqual(
      drawn.map((_, seed) => describeSeed(seed)),
      drawn,
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReplicationGuards } from '../../../../src/kafka/replica/guards.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { type ClusterOptions, ReplicaCluster } from '../../../support/kafka/replica-cluster.ts';

/**
 * Holes of Kafka's replication, each told twice: with the rule that closes it, and without it, where an acknowledged
 * record is lost. Who acknowledges is the leader of the moment; what is left is what the last leader has.
 */
interface Story {
  readonly acknowledged: string[];
  readonly left: string[];
}

function hole(
  name: string,
  parts: {
    readonly guard: keyof ReplicationGuards;
    readonly brokers: number;
    readonly options?: ClusterOptions;
    readonly tell: (cluster: ReplicaCluster) => Promise<Story>;
  },
): void {
  const play = async (guarded: boolean): Promise<string[]> => {
    const guards = guarded ? {} : { [parts.guard]: false };
    const cluster = await ReplicaCluster.start(parts.brokers, { ...parts.options, guards });
    const { acknowledged, left } = await parts.tell(cluster);
    await cluster.close();
    return acknowledged.filter((record) => !left.includes(record));
  };

  describe(name, () => {
    it('loses nothing', async () => {
      assert.deepEqual(await play(true), []);
    });

    it(`loses a record without ${parts.guard}`, async () => {
      assert.equal((await play(false)).length > 0, true);
    });
  });
}

/** Appends with acks=all, and notes the record if that is acknowledged. */
function writer(cluster: ReplicaCluster) {
  const outcomes = new Map<string, { error: ErrorCode | 'waiting' }>();
  return {
    append: (leader: number, value: string) => outcomes.set(value, cluster.node(leader).append(value)),
    outcome: (value: string) => outcomes.get(value)?.error,
    acknowledged: () =>
      [...outcomes].filter(([, { error }]) => error === ErrorCode.NONE).map(([value]) => value),
    isAcknowledged: (value: string) => outcomes.get(value)?.error === ErrorCode.NONE,
  };
}

hole('a follower that restarts before it knows that its last record is committed, and then has to lead', {
  guard: 'truncatesByEpoch',
  brokers: 2,
  async tell(cluster) {
    const { append, acknowledged, isAcknowledged } = writer(cluster);
    append(1, 'a');
    await cluster.until('the first is acknowledged', () => isAcknowledged('a'));
    append(1, 'b');
    await cluster.until('the second is acknowledged', () => isAcknowledged('b'));
    // The leader has heard that broker 2 has it; broker 2 has not heard yet that everybody has it.
    assert.equal(cluster.node(2).log.highWatermark, 1);
    await cluster.stopNode(2);
    await cluster.startNode(2);
    // It begins to follow, and the leader dies before it has answered anything.
    cluster.cut(1, 2);
    await cluster.run(300);
    await cluster.stopNode(1);
    cluster.elect(2, { isr: [2] });
    await cluster.run(100);
    return { acknowledged: acknowledged(), left: cluster.node(2).records };
  },
});

hole('a fetch that arrives long after the epoch it was made in', {
  guard: 'fencesFetchers',
  brokers: 3,
  // From 2.7 on a fetch tells its last epoch too (KIP-595), which gives the old one away all the same.
  options: { protocol: '2.6' },
  async tell(cluster) {
    const { append, acknowledged, isAcknowledged } = writer(cluster);
    append(1, 'a');
    await cluster.until('everybody has the first', () => isAcknowledged('a'));
    // Broker 2 gets a second record that is never committed, and says so in a fetch that is long under way.
    cluster.cut(1, 3);
    append(1, 'b');
    await cluster.until('broker 2 has it', () => cluster.node(2).records.length === 2);
    const held = cluster.hold(2, 'request');
    await cluster.until('it fetches what comes after', () => held.isTaken);
    // Broker 3 leads for a while, and the others drop the record.
    cluster.heal();
    cluster.elect(3, { isr: [2, 3] });
    await cluster.until('the logs are equal', () =>
      cluster.nodes.every(({ records }) => records.join() === 'a'),
    );
    await cluster.until('all are in sync', () => cluster.state.isr.length === 3);
    // Broker 1 leads again, broker 3 has gone, and broker 2 is slow: all that arrives is its old fetch.
    await cluster.stopNode(3);
    cluster.cut(1, 2);
    cluster.elect(1, { isr: [1, 2] });
    append(1, 'c');
    held.release();
    await cluster.run(200);
    await cluster.stopNode(1);
    cluster.elect(2, { isr: [2] });
    await cluster.run(100);
    return { acknowledged: acknowledged(), left: cluster.node(2).records };
  },
});

hole('a broker that begins a new life with an empty disk while its old one is being put into the ISR', {
  guard: 'comparesBrokerEpochs',
  brokers: 2,
  async tell(cluster) {
    const { append, acknowledged, isAcknowledged } = writer(cluster);
    await cluster.stopNode(2);
    cluster.elect(1, { isr: [1] });
    append(1, 'a');
    await cluster.until('the leader alone acknowledges it', () => isAcknowledged('a'));
    // Broker 2 catches up, and the leader asks to have it in the ISR.
    cluster.controllerHangs = true;
    await cluster.startNode(2);
    await cluster.until('broker 2 has it', () => cluster.node(2).records.length === 1);
    await cluster.run(50);
    // It loses power, and with it what it had not written to its disk yet.
    await cluster.stopNode(2, { durableEnd: 0 });
    cluster.cut(1, 2);
    await cluster.startNode(2);
    await cluster.controllerGoesOn();
    await cluster.run(200);
    // The leader dies, and the ISR decides who may lead.
    await cluster.stopNode(1);
    const leader = cluster.state.isr.find((id) => cluster.node(id).isUp);
    if (leader === undefined) {
      // Nobody may: the partition waits for broker 1, which has everything.
      await cluster.startNode(1);
      cluster.elect(1);
      await cluster.run(100);
    } else {
      cluster.elect(leader);
      await cluster.run(100);
    }
    return { acknowledged: acknowledged(), left: cluster.node(leader ?? 1).records };
  },
});

hole('a shrinking of the ISR that is asked for when another leader has been elected', {
  guard: 'waitsForMaximalIsr',
  brokers: 2,
  options: { replicaLagTimeMaxMs: 1000 },
  async tell(cluster) {
    const { append, acknowledged } = writer(cluster);
    // Broker 1 cannot be heard any more, by nobody; it notices that broker 2 does not fetch.
    cluster.controllerHangs = true;
    cluster.cut(1, 2);
    append(1, 'a');
    await cluster.run(3000);
    // Meanwhile the controller has given the lead to broker 2, and so refuses the change.
    cluster.elect(2, { isr: [2], told: [2] });
    await cluster.controllerGoesOn();
    cluster.tell(1);
    cluster.heal();
    await cluster.run(500);
    return { acknowledged: acknowledged(), left: cluster.node(2).records };
  },
});

hole('a follower that joins the ISR of a leader which does not know yet what is committed', {
  guard: 'joinsFromEpochStart',
  brokers: 3,
  async tell(cluster) {
    const { append, acknowledged, isAcknowledged } = writer(cluster);
    await cluster.stopNode(3);
    cluster.elect(1, { isr: [1, 2] });
    append(1, 'a');
    await cluster.until('two of three have it', () => isAcknowledged('a'));
    // Broker 2 has the record, and has not heard that it is committed. It takes the lead, of which broker 1 does not
    // hear yet, and broker 3 comes back.
    assert.equal(cluster.node(2).log.highWatermark, 0);
    cluster.cut(1, 2);
    const held = cluster.hold(3, 'answer');
    cluster.elect(2, { isr: [1, 2], told: [2] });
    await cluster.startNode(3);
    // It has fetched from the start, and what it gets does not arrive.
    await cluster.until('it has fetched', () => held.isTaken);
    await cluster.run(50);
    await cluster.stopNode(2);
    const leader = cluster.state.isr.includes(3) ? 3 : 2;
    if (leader === 2) await cluster.startNode(2);
    cluster.elect(leader);
    await cluster.run(100);
    return { acknowledged: acknowledged(), left: cluster.node(leader).records };
  },
});

describe('a leader that has been replaced and does not know it', () => {
  it('acknowledges nothing, and drops what it took', async () => {
    const cluster = await ReplicaCluster.start(3, { replicaLagTimeMaxMs: 1000 });
    cluster.cut(1, 2);
    cluster.cut(1, 3);
    cluster.elect(2, { isr: [2, 3], told: [2, 3] });
    const zombie = cluster.node(1).append('zombie');
    const real = cluster.node(2).append('real');
    await cluster.run(3000);
    assert.equal(real.error, ErrorCode.NONE);
    assert.equal(zombie.error, 'waiting');
    cluster.tell(1);
    await cluster.settled();
    assert.equal(zombie.error, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    cluster.heal();
    await cluster.until('it follows', () => cluster.node(1).records.join() === 'real');
    await cluster.until('it is in sync', () => cluster.state.isr.length === 3);
    await cluster.close();
  });
});

describe('a follower that becomes the leader while an answer is on its way', () => {
  it('does not take what the old leader sent', async () => {
    const cluster = await ReplicaCluster.start(2);
    const held = cluster.hold(2, 'answer');
    cluster.node(1).append('old', 1);
    await cluster.until('the answer is on its way', () => held.isTaken);
    cluster.elect(2, { isr: [2] });
    const mine = cluster.node(2).append('mine');
    held.release();
    await cluster.run(100);
    assert.equal(mine.error, ErrorCode.NONE);
    assert.deepEqual(cluster.node(2).records, ['mine']);
    await cluster.until('broker 1 has cut its log', () => cluster.node(1).records.join() === 'mine');
    await cluster.close();
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { ClusterSimulation } from '../../support/kafka/cluster-simulation.ts';
import {
  AlterPartitionReassignments,
  CreateTopics,
  DeleteTopics,
  ElectLeaders,
  Fetch,
  ListPartitionReassignments,
  Produce,
} from '../../support/kafka/pairs.ts';

const SETTINGS = {
  'replica.lag.time.max.ms': '2000',
  'replica.fetch.backoff.ms': '100',
  'auto.leader.rebalance.enable': 'false',
};

/** A story of three brokers, for several seeds. */
function story(name: string, tell: (cluster: ClusterSimulation) => Promise<void>): void {
  it(name, async () => {
    for (const seed of [1, 2]) {
      const cluster = new ClusterSimulation(seed, SETTINGS);
      await cluster.sim.run(async () => {
        await cluster.start(3);
        await tell(cluster);
        cluster.end();
      });
    }
  });
}

/** Writes numbers to partition 0 of a topic with acks=all, each again until it is acknowledged. */
class Load {
  readonly acknowledged: number[] = [];
  private readonly cluster: ClusterSimulation;
  private readonly topic: string;
  private isOver = false;
  private readonly done: Promise<void>;

  constructor(cluster: ClusterSimulation, topic: string) {
    this.cluster = cluster;
    this.topic = topic;
    this.done = this.run();
  }

  /** Stops writing; then everything acknowledged must be there. */
  async check(): Promise<void> {
    this.isOver = true;
    await this.done;
    const there = new Set(await readNumbers(this.cluster, this.topic));
    const lost = this.acknowledged.filter((number) => !there.has(number));
    assert.deepEqual(lost, [], 'acknowledged records are gone');
  }

  private async run(): Promise<void> {
    for (let number = 0; !this.isOver; number++) {
      while (!(await this.write(number))) {
        if (this.isOver) return;
        await this.cluster.sim.advance(50);
      }
      this.acknowledged.push(number);
    }
  }

  private async write(number: number): Promise<boolean> {
    try {
      const leader = (await this.cluster.partitions(this.topic))[0]?.leader ?? -1;
      if (leader < 0 || !this.cluster.brokers.has(leader)) return false;
      const records = buildBatch([{ timestamp: 1000, key: null, value: Buffer.from(String(number)) }]);
      const { responses } = await this.cluster.ask(leader, Produce, 9, {
        acks: -1,
        timeoutMs: 2000,
        topicData: [{ name: this.topic, partitionData: [{ index: 0, records }] }],
      });
      return responses[0]?.partitionResponses[0]?.errorCode === ErrorCode.NONE;
    } catch {
      // The connection has gone: whether it was written is not known.
      return false;
    }
  }
}

async function readNumbers(cluster: ClusterSimulation, topic: string): Promise<number[]> {
  const numbers: number[] = [];
  await cluster.until('the topic can be read', async () => {
    const leader = (await cluster.partitions(topic))[0]?.leader ?? -1;
    if (!cluster.brokers.has(leader)) return false;
    const { responses } = await cluster.ask(leader, Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000_000 }] }],
      forgottenTopicsData: [],
    });
    const partition = responses[0]?.partitions[0];
    if (partition?.errorCode !== ErrorCode.NONE) return false;
    numbers.push(...Array.from(readAll(partition.records ?? Buffer.alloc(0)), ({ value }) => Number(value)));
    return true;
  });
  return numbers;
}

async function inSync(cluster: ClusterSimulation, topic: string, replicas: readonly number[]): Promise<void> {
  await cluster.until(`${replicas.join()} are in sync`, async () => {
    const [partition] = await cluster.partitions(topic);
    return partition?.isr.toSorted().join() === replicas.toSorted().join();
  });
}

async function reassign(cluster: ClusterSimulation, topic: string, replicas: number[] | null): Promise<void> {
  const answer = await cluster.askController(AlterPartitionReassignments, 0, {
    timeoutMs: 10_000,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, replicas }] }],
  });
  assert.equal(answer.errorCode, ErrorCode.NONE);
  assert.deepEqual(
    answer.responses[0]?.partitions.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE],
  );
}

async function movesUnderWay(cluster: ClusterSimulation): Promise<number> {
  const { topics } = await cluster.askController(ListPartitionReassignments, 0, { timeoutMs: 10_000 });
  return topics.length;
}

describe('three brokers under load', () => {
  story('lose nothing when each of them is stopped and started in turn', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]], { 'min.insync.replicas': '2' });
    const load = new Load(cluster, 't');
    for (const id of [1, 2, 3]) {
      await cluster.sim.advance(500);
      await cluster.stop(id);
      await cluster.sim.advance(500);
      await cluster.startBroker(id);
      await inSync(cluster, 't', [1, 2, 3]);
    }
    await load.check();
    assert.ok(load.acknowledged.length > 50, `${load.acknowledged.length} records`);
  });

  story('lose nothing when the controller and leader is killed, and comes back at once', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]], { 'min.insync.replicas': '2' });
    const load = new Load(cluster, 't');
    for (let round = 0; round < 2; round++) {
      await cluster.sim.advance(700);
      const controller = await cluster.controllerId();
      cluster.kill(controller);
      // Its session has not run out by then: it is ended by the broker itself, which has another epoch then.
      await cluster.startBroker(controller);
      await inSync(cluster, 't', [1, 2, 3]);
    }
    await load.check();
    assert.ok(load.acknowledged.length > 20, `${load.acknowledged.length} records`);
  });

  story('lose nothing when the controller is cut off from ZooKeeper, and finds back', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]], { 'min.insync.replicas': '2' });
    const load = new Load(cluster, 't');
    await cluster.sim.advance(700);
    cluster.sim.network.partition(['broker-1'], ['zk']);
    await cluster.until('another controller', async () => (await cluster.controllerId(2)) !== 1);
    await cluster.sim.advance(2000);
    cluster.sim.network.heal();
    await inSync(cluster, 't', [1, 2, 3]);
    await load.check();
    assert.notEqual(await cluster.controllerId(1), 1);
    // It takes part again: it is told of new topics.
    await cluster.createTopic('u', [[1]]);
    await cluster.until('broker 1 leads', async () => (await cluster.partitions('u', 1))[0]?.leader === 1);
  });

  story('move replicas, whoever is the controller', async (cluster) => {
    await cluster.createTopic('t', [[1, 2]], { 'min.insync.replicas': '1' });
    const load = new Load(cluster, 't');
    await cluster.sim.advance(1000);
    await reassign(cluster, 't', [3, 2]);
    cluster.kill(1);
    await cluster.until('the next controller is there', async () => (await cluster.controllerId(2)) !== 1);
    await cluster.until('the move is done', async () => (await movesUnderWay(cluster)) === 0);
    await load.check();
    const [moved] = await cluster.partitions('t', 2);
    assert.deepEqual(moved?.replicas, [3, 2]);
    await cluster.startBroker(1);
    await reassign(cluster, 't', [1, 3]);
    await cluster.until('it is back', async () => (await movesUnderWay(cluster)) === 0);
    await load.check();
    await cluster.until('broker 2 has no log any more', async () => {
      await cluster.sim.advance(1000);
      return cluster.host(2).env.disk.stat('/kafka/t-0') === undefined;
    });
    const [back] = await cluster.partitions('t', 2);
    assert.deepEqual(
      [back?.replicas, back?.isr.toSorted()],
      [
        [1, 3],
        [1, 3],
      ],
    );
  });

  story('give a leadership back to the preferred broker', async (cluster) => {
    await cluster.createTopic('t', [[2, 3, 1]]);
    await cluster.stop(2);
    await cluster.startBroker(2);
    await inSync(cluster, 't', [1, 2, 3]);
    assert.notEqual((await cluster.partitions('t', 1))[0]?.leader, 2);
    const elect = async (electionType: number) => {
      const answer = await cluster.askController(ElectLeaders, 2, {
        electionType,
        topicPartitions: [{ topic: 't', partitions: [0] }],
        timeoutMs: 10_000,
      });
      return answer.replicaElectionResults[0]?.partitionResult[0]?.errorCode;
    };
    assert.equal(await elect(0), ErrorCode.NONE);
    assert.equal((await cluster.partitions('t', await cluster.controllerId()))[0]?.leader, 2);
    assert.equal(await elect(0), ErrorCode.ELECTION_NOT_NEEDED);
    assert.equal(await elect(1), ErrorCode.ELECTION_NOT_NEEDED);
  });

  story('delete a topic when the broker that is down has come back', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]]);
    cluster.kill(3);
    await cluster.until('broker 3 is gone', async () => (await cluster.metadata(1, [])).brokers.length === 2);
    const { responses } = await cluster.askController(DeleteTopics, 5, {
      topicNames: ['t'],
      timeoutMs: 5000,
    });
    // Clients see it no more, but its name is free only when all its replicas are gone.
    assert.equal(responses[0]?.errorCode, ErrorCode.NONE);
    assert.deepEqual(await cluster.partitions('t', 1), []);
    const create = async () => {
      const topic = { name: 't', numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] };
      const { topics } = await cluster.askController(CreateTopics, 5, { topics: [topic], timeoutMs: 5000 });
      return topics[0]?.errorCode;
    };
    await cluster.sim.advance(2000);
    assert.equal(await create(), ErrorCode.TOPIC_ALREADY_EXISTS);
    await cluster.startBroker(3);
    await cluster.until('the name is free', async () => (await create()) === ErrorCode.NONE);
  });
});

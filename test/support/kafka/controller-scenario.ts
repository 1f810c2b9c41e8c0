import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import type {
  AlterPartitionResult,
  PartitionAlteration,
} from '../../../src/kafka/metadata/alter-partition.ts';
import type { ReplicaAssignment } from '../../../src/kafka/metadata/model.ts';
import { FakeCluster } from './fake-cluster.ts';
import { FakeZooKeeper } from './fake-zookeeper.ts';

export interface ControllerStory {
  cluster: FakeCluster;
  zooKeeper: FakeZooKeeper;
  sim: Simulation;
  /** Lets everything under way come to its end. */
  settle(): Promise<void>;
}

/** A story of controllers on a fake ZooKeeper, in virtual time; nothing else may be logged as an error. */
export function controllerScenario(
  name: string,
  story: (parts: ControllerStory) => Promise<void>,
  expectedErrors: readonly string[] = [],
): void {
  test(name, async () => {
    const sim = new Simulation({ seed: 7 });
    const { env } = sim.host('cluster');
    const zooKeeper = new FakeZooKeeper(env.timers);
    const cluster = new FakeCluster(zooKeeper.open, env);
    await sim.run(async () => {
      await story({ cluster, zooKeeper, sim, settle: () => sim.advance(50) });
      await cluster.stop();
    });
    const errors = sim.logLines.filter((line) => line.level === 'error').map((line) => line.text);
    assert.deepEqual([...new Set(errors)], expectedErrors);
  });
}

/** Partition 0 and so on with these replicas. */
export function assignment(...replicas: number[][]): Map<number, ReplicaAssignment> {
  return new Map(
    replicas.map((list, partition) => [
      partition,
      { replicas: list, addingReplicas: [], removingReplicas: [] },
    ]),
  );
}

export const someTopicId = 'Bjv0gMjFRrS1EkfKZmOutg';

/** Epoch of a broker's registration, as the controller knows it. */
export function brokerEpoch({ cluster }: ControllerStory, id: number): number {
  for (const broker of cluster.brokers.values()) {
    if (broker.controller?.isActive) return broker.metadata.image.broker(id)?.epoch ?? -1;
  }
  throw new Error('there is no controller');
}

/** Has the leader of a partition ask the controller for another ISR, starting from what stands in ZooKeeper. */
export async function alterIsr(
  story: ControllerStory,
  topic: string,
  isr: readonly number[],
  changes: Partial<PartitionAlteration> & { brokerEpoch?: number } = {},
): Promise<AlterPartitionResult> {
  const active = [...story.cluster.brokers.values()].find(({ controller }) => controller?.isActive);
  assert.ok(active?.controller, 'there is no controller');
  const { partition = 0 } = changes;
  const current = await active.stores.topics.partitionState(topic, partition);
  assert.ok(current, 'the partition has a state');
  const { brokerEpoch: epoch = brokerEpoch(story, current.leader), ...rest } = changes;
  return active.controller.alterPartition({
    brokerId: current.leader,
    brokerEpoch: epoch,
    partitions: [
      {
        topic,
        topicId: active.metadata.image.topic(topic)?.id ?? someTopicId,
        partition,
        leaderEpoch: current.leaderEpoch,
        isr: isr.map((brokerId) => ({ brokerId, brokerEpoch: brokerEpochOrNone(story, brokerId) })),
        leaderRecovering: false,
        partitionEpoch: current.partitionEpoch,
        ...rest,
      },
    ],
  });
}

function brokerEpochOrNone(story: ControllerStory, id: number): number {
  return story.cluster.brokers.has(id) ? brokerEpoch(story, id) : -1;
}

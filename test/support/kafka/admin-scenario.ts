import { test } from 'node:test';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import type { CreateTopicsRequest } from '../../../src/wire/kafka/messages/19-create-topics.ts';
import type { Draft } from '../../../src/wire/kafka/schema/index.ts';
import { adminOf } from './admin-broker.ts';
import { type FakeBroker, FakeCluster } from './fake-cluster.ts';
import { FakeZooKeeper } from './fake-zookeeper.ts';

type Admin = ReturnType<typeof adminOf>;

/** One broker, which is the controller, on a simulated ZooKeeper; all of it is stopped after the story. */
export function scenario(
  name: string,
  story: (parts: {
    admin: Admin;
    broker: FakeBroker;
    zooKeeper: FakeZooKeeper;
    cluster: FakeCluster;
    sim: Simulation;
  }) => Promise<void>,
  properties: Readonly<Record<string, string>> = {},
): void {
  test(name, async () => {
    const sim = new Simulation({ seed: 3 });
    const { env } = sim.host('cluster');
    const zooKeeper = new FakeZooKeeper(env.timers);
    const cluster = new FakeCluster(zooKeeper.open, env);
    await sim.run(async () => {
      const broker = await cluster.start(1);
      await sim.advance(100);
      await story({ admin: adminOf(broker, env, properties), broker, zooKeeper, cluster, sim });
      await cluster.stop();
    });
  });
}

export type NewTopicDraft = Draft<typeof CreateTopicsRequest>['topics'][number];

/** A topic of one partition and one replica, unless told otherwise. */
export function newTopic(name: string, more: Partial<NewTopicDraft> = {}): NewTopicDraft {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...more };
}

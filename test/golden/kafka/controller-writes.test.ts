import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import type { ReplicaAssignment } from '../../../src/kafka/metadata/model.ts';
import { decodeTopic } from '../../../src/kafka/zk/znodes/topic.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { goldenJson } from '../../support/golden.ts';
import { alterIsr, type ControllerStory } from '../../support/kafka/controller-scenario.ts';
import { FakeCluster } from '../../support/kafka/fake-cluster.ts';
import { FakeZooKeeper } from '../../support/kafka/fake-zookeeper.ts';

/**
 * Apache's cluster was dumped at nine moments. Ours starts from one, is told to do what Apache's did, and must arrive at
 * the next: every node of every topic the same bytes.
 */
interface Znode {
  path: string;
  data?: string | null;
}

type State = { leader: number; leader_epoch: number; isr: number[] };

class Moment {
  readonly nodes: ReadonlyMap<string, string | null>;

  constructor(name: string) {
    const nodes = goldenJson<Znode[]>(`kafka/znodes/${name}.json.gz`);
    this.nodes = new Map(nodes.map(({ path, data }) => [path, data ?? null]));
  }

  /** What does not go with the session of a broker. The next controller has the epoch of the recorded one. */
  persistent(controllerEpoch: number): { path: string; data: string | null }[] {
    return [...this.nodes]
      .filter(([path]) => path !== '/controller' && !path.startsWith('/brokers/ids/'))
      .map(([path, data]) => ({
        path,
        data: path === '/controller_epoch' ? String(controllerEpoch - 1) : data,
      }));
  }

  topics(): Map<string, string | null> {
    return new Map([...this.nodes].filter(([path]) => path.startsWith('/brokers/topics/')).sort());
  }

  topic(name: string) {
    return decodeTopic(name, Buffer.from(this.nodes.get(`/brokers/topics/${name}`) ?? ''));
  }

  states(): { topic: string; partition: number; state: State }[] {
    return [...this.nodes].flatMap(([path, data]) => {
      const [, topic, partition] = /^\/brokers\/topics\/([^/]+)\/partitions\/(\d+)\/state$/.exec(path) ?? [];
      if (topic === undefined || data === null) return [];
      return [{ topic, partition: Number(partition), state: JSON.parse(data) }];
    });
  }

  state(topic: string, partition: number): State {
    return JSON.parse(this.nodes.get(`/brokers/topics/${topic}/partitions/${partition}/state`) ?? '{}');
  }
}

interface Replay {
  story: ControllerStory;
  before: Moment;
  after: Moment;
}

/** The moment to arrive at, and how. */
type Step = readonly [to: string, tell: (replay: Replay) => Promise<void>];

/** `brokers` are up at the first moment, the first of them the controller. */
function replay(name: string, from: string, brokers: readonly number[], steps: readonly Step[]): void {
  test(name, async () => {
    const sim = new Simulation({ seed: 7 });
    const { env } = sim.host('cluster');
    const zooKeeper = new FakeZooKeeper(env.timers);
    let before = new Moment(from);
    zooKeeper.seed(before.persistent(1));
    const cluster = new FakeCluster(zooKeeper.open, env);
    const story: ControllerStory = { cluster, zooKeeper, sim, settle: () => sim.advance(50) };
    await sim.run(async () => {
      for (const id of brokers) await cluster.start(id, { staysOut: true });
      // Written after the brokers had registered: none of them has restarted unseen since.
      zooKeeper.seed(before.persistent(1).filter(({ path }) => path.startsWith('/brokers/topics/')));
      for (const id of brokers) {
        cluster.broker(id).controller?.start();
        await story.settle();
      }
      for (const [to, tell] of steps) {
        const after = new Moment(to);
        await tell({ story, before, after });
        await story.settle();
        const topics = new Map(zooKeeper.dump().filter(([path]) => path.startsWith('/brokers/topics/')));
        assert.deepEqual(topics, after.topics(), `at ${to}`);
        before = after;
      }
      await cluster.stop();
    });
  });
}

const moments = {
  empty: '1-empty-cluster',
  loaded: '2-loaded',
  moving: '3-reassignment-in-progress',
  moved: '4-reassignment-finished',
  twoStopped: '5-broker-2-stopped',
  twoBack: '6-broker-2-back-and-preferred-elected',
  threeKilled: '7-broker-3-out-of-isr',
  threeDiskFailed: '8-log-dir-failed-on-broker-3',
  oneKilled: '9-broker-1-killed-new-controller',
} as const;

/** Has leaders take a replica into every ISR of a partition that it is assigned to. */
async function joinAll({ story, after }: Replay, replica: number): Promise<void> {
  for (const { topic, partition } of after.states()) {
    const [broker] = story.cluster.brokers.values();
    const current = await broker?.stores.topics.partitionState(topic, partition);
    const assigned =
      (await broker?.stores.topics.assignment(topic))?.partitions.get(partition)?.replicas ?? [];
    if (!current || current.isr.includes(replica) || !assigned.includes(replica)) continue;
    const { partitions } = await alterIsr(story, topic, [...current.isr, replica], { partition });
    assert.equal(partitions[0]?.errorCode, ErrorCode.NONE);
  }
}

async function createTopics({ story, after }: Replay): Promise<void> {
  const topics = new Set(after.states().map(({ topic }) => topic));
  const { stores } = story.cluster.broker(1);
  const existing = new Set(await stores.topics.topics());
  for (const topic of [...topics].filter((name) => !existing.has(name))) {
    await stores.topics.create(topic, after.topic(topic));
  }
}

async function beginMove({ story, after }: Replay): Promise<void> {
  const targets = (assignment: ReplicaAssignment) =>
    assignment.replicas.filter((id) => !assignment.removingReplicas.includes(id));
  await story.cluster.broker(1).controller?.alterReassignments(
    [...after.topic('sierra-big').partitions].map(([partition, assignment]) => ({
      topic: 'sierra-big',
      partition,
      replicas: targets(assignment),
    })),
  );
}

async function endMove({ story }: Replay): Promise<void> {
  await alterIsr(story, 'sierra-big', [1, 2, 3], { partition: 0 });
  await alterIsr(story, 'sierra-big', [2, 1, 3], { partition: 1 });
}

async function stopTwo({ story }: Replay): Promise<void> {
  const { controller, metadata } = story.cluster.broker(1);
  await controller?.controlledShutdown(2, metadata.image.broker(2)?.epoch ?? -1);
  await story.cluster.kill(2);
}

async function bringTwoBack(replayed: Replay): Promise<void> {
  const { story, after } = replayed;
  await story.cluster.start(2);
  await story.settle();
  await joinAll(replayed, 2);
  await story.cluster.broker(1).controller?.electLeaders(after.states(), 'preferred');
}

async function killThree({ story, before, after }: Replay): Promise<void> {
  for (const { topic, partition, state } of after.states()) {
    const { isr, leader_epoch: leaderEpoch } = before.state(topic, partition);
    // Some leaders had taken it out of their ISRs before its session ended.
    if (state.leader_epoch > leaderEpoch || !isr.includes(3)) continue;
    const left = isr.filter((id) => id !== 3);
    await alterIsr(story, topic, left, { partition });
  }
  await story.cluster.kill(3);
}

async function failDirectoryOfThree(replayed: Replay): Promise<void> {
  const { story, before, after } = replayed;
  const three = await story.cluster.start(3);
  await story.settle();
  await joinAll(replayed, 3);
  for (const { topic, partition, state } of after.states()) {
    const { leader_epoch: leaderEpoch } = before.state(topic, partition);
    if (!state.isr.includes(3) && state.leader_epoch > leaderEpoch) {
      three.failedPartitions.add(`${topic}-${partition}`);
    }
  }
  await three.stores.notifications.logDirFailed(3);
}

const all = [1, 2, 3];
replay('topics are created', moments.empty, all, [[moments.loaded, createTopics]]);
replay('replicas move', moments.loaded, all, [
  [moments.moving, beginMove],
  [moments.moved, endMove],
]);
replay('a broker stops in good order, and comes back', moments.moved, all, [
  [moments.twoStopped, stopTwo],
  [moments.twoBack, bringTwoBack],
]);
replay('a broker hangs and is killed, a log directory fails, the controller dies', moments.twoBack, all, [
  [moments.threeKilled, killThree],
  [moments.threeDiskFailed, failDirectoryOfThree],
  [moments.oneKilled, ({ story }) => story.cluster.kill(1)],
]);

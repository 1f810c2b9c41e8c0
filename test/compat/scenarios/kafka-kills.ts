import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { MetadataRequest, MetadataResponse } from '../../../src/wire/kafka/messages/03-metadata.ts';
import { type Broker, KafkaCluster } from '../../../tools/peers/kafka-cluster.ts';
import { until } from '../../../tools/until.ts';
import { RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';
import { ClusterLoad } from '../cluster-load.ts';
import { ClusterTools } from '../cluster-tools.ts';
import { assertSameLogs } from '../replica-logs.ts';
import { type Context, type Scenario, sessionTimeoutMs } from '../scenario.ts';

const topic = 'kills';

/** The bound for the time from the end of a dead leader's session to another leader. */
const LEADER_MOVED_MEDIAN_MS = 2000;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The leaders of the topic's partitions that a broker tells clients. */
async function leadersTold(client: RawKafkaClient): Promise<Map<number, number>> {
  const messages = { request: MetadataRequest, response: MetadataResponse };
  const answer = await client.call(messages, 12, { topics: [{ name: topic }] });
  const partitions = answer.topics[0]?.partitions ?? [];
  return new Map(partitions.map(({ partitionIndex, leaderId }) => [partitionIndex, leaderId]));
}

/** Kills a broker; the time from the end of its session until all others tell clients of other leaders, if it led. */
async function killBroker(cluster: KafkaCluster, victim: Broker): Promise<number | undefined> {
  const led = (await cluster.partitions(topic)).filter(({ leader }) => leader === victim.id);
  const { net } = createNodeEnv({ logLevel: 'silent' });
  const others = cluster.brokers.filter((broker) => broker !== victim);
  const clients: RawKafkaClient[] = [];
  try {
    for (const { port } of others)
      clients.push(await RawKafkaClient.connect(net, { host: '127.0.0.1', port }));
    const expired = new Promise<number>((resolve, reject) => {
      cluster.zookeeper
        .exists(`/brokers/ids/${victim.id}`, () => resolve(performance.now()))
        .then((stat) => {
          if (stat === null) reject(new Error(`broker ${victim.id} is not registered`));
        }, reject);
    });
    expired.catch(() => undefined);
    await cluster.kill(victim);
    const expiredMs = await expired;
    if (led.length === 0) return undefined;
    const haveMoved = async () => {
      const told = await Promise.all(clients.map(leadersTold));
      return told.every((leaders) =>
        led.every(({ partition }) => {
          const leader = leaders.get(partition) ?? -1;
          return leader >= 0 && leader !== victim.id;
        }),
      );
    };
    await until(`the partitions of broker ${victim.id} have other leaders`, haveMoved, { everyMs: 10 });
    return Math.round(performance.now() - expiredMs);
  } finally {
    for (const client of clients) client.destroy();
  }
}

interface Findings {
  brokers: number;
  controllers: number;
  keepers: number;
  readonly movedMs: number[];
}

async function killInTurn(
  context: Context,
  parts: { cluster: KafkaCluster; load: ClusterLoad; random: SimRandom; rounds: number },
): Promise<Findings> {
  const { cluster, load, random, rounds } = parts;
  const { ensemble } = cluster;
  const findings: Findings = { brokers: 0, controllers: 0, keepers: 0, movedMs: [] };
  for (let round = 1; round <= rounds; round++) {
    await cluster.inSync();
    await load.progress();
    await delay(random.below(500));
    const controller = await cluster.controller();
    const keeper = ensemble.members[random.below(ensemble.members.length)];
    const chosen = cluster.brokers[random.below(cluster.brokers.length)];
    assert.ok(keeper !== undefined && chosen !== undefined);
    let said: string;
    // The first is the controller, for every run is to measure one of its deaths at least.
    if (round > 1 && random.chance(0.4)) {
      const mode = await ensemble.mode(keeper);
      await ensemble.kill(keeper);
      await delay(random.below(1500));
      await ensemble.boot(keeper);
      await ensemble.serving();
      findings.keepers++;
      said = `ZooKeeper server ${keeper.id}, ${mode}`;
    } else {
      const victim = round === 1 && controller !== undefined ? controller : chosen;
      if (victim === controller) findings.controllers++;
      const movedMs = await killBroker(cluster, victim);
      if (movedMs !== undefined) findings.movedMs.push(movedMs);
      await delay(random.below(500));
      await cluster.boot(victim);
      findings.brokers++;
      const moved = movedMs === undefined ? 'led nothing' : `leaders moved after ${movedMs} ms`;
      said = `broker ${victim.id}${victim === controller ? ', the controller' : ''}, ${moved}`;
    }
    if (round % 5 === 0 || round === 1 || round === rounds)
      context.say(`kill ${round} of ${rounds}: ${said}; ${load.counts.acknowledged} records so far`);
  }
  await cluster.inSync();
  return findings;
}

async function story(context: Context): Promise<string> {
  const kind = context.which;
  const seed = Date.now() % 1_000_000;
  context.say(`seed ${seed}`);
  const cluster = await KafkaCluster.start(context, {
    brokers: [kind, kind, kind],
    zookeeper: [kind, kind, kind],
    config: {
      'log.segment.bytes': '1048576',
      'zookeeper.session.timeout.ms': sessionTimeoutMs(context),
      // So that those that come back lead again, and die as leaders.
      'leader.imbalance.check.interval.seconds': '5',
    },
  });
  let load: ClusterLoad | undefined;
  try {
    await new ClusterTools(context, cluster).createTopic(topic, 6);
    load = await ClusterLoad.start(context, cluster, { topic, perSecond: 500 });
    const rounds = context.quick ? 5 : 100;
    const random = new SimRandom(seed);
    const findings = await killInTurn(context, { cluster, load, random, rounds });
    const seen = await load.finish();
    const same = await assertSameLogs(cluster);
    const movedMs = median(findings.movedMs);
    if (kind === 'ours') {
      const all = findings.movedMs.join(', ');
      assert.ok(movedMs <= LEADER_MOVED_MEDIAN_MS, `leaders moved after ${movedMs} ms (${all})`);
    }
    const { brokers, controllers, keepers } = findings;
    const killed = `${brokers} brokers (${controllers} controllers) and ${keepers} ZooKeeper servers killed`;
    return `${killed}; leaders moved ${movedMs} ms after session expiry in the median; ${seen}; ${same}`;
  } finally {
    await load?.abort();
    await cluster.stop();
  }
}

export const kafkaKillsScenarios: readonly Scenario[] = [
  {
    name: 'Kafka cluster, 100 kills',
    shows:
      'kill -9 of a random broker or ZooKeeper server under load: exactly once, in order, leaders within 2 s',
    fullOnly: true,
    run: story,
  },
];

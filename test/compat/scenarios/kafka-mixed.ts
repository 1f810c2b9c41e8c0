import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kind } from '../../../tools/peers/ensemble.ts';
import { type Broker, KafkaCluster } from '../../../tools/peers/kafka-cluster.ts';
import { ClusterLoad } from '../cluster-load.ts';
import { assertSameLogs } from '../replica-logs.ts';
import type { Context, Scenario } from '../scenario.ts';

const topic = 'mixed';

/** Creates a topic by Apache's command. */
async function createTopic(
  { toolbox }: Context,
  cluster: KafkaCluster,
  options: { readonly topic: string; readonly partitions: number; readonly config?: readonly string[] },
): Promise<void> {
  const { topic: name, partitions, config = [] } = options;
  const replicas = `${Math.min(3, cluster.brokers.length)}`;
  const args = ['--topic', name, '--partitions', `${partitions}`, '--replication-factor', replicas];
  await toolbox.java(await toolbox.apache(), 'org.apache.kafka.tools.TopicCommand', [
    ...['--bootstrap-server', cluster.bootstrap, '--create', ...args],
    ...config.flatMap((setting) => ['--config', setting]),
  ]);
  await cluster.inSync(name);
}

/** Ends a broker under load and starts it again, with a while between for the others to go on alone. */
async function restart(
  parts: { cluster: KafkaCluster; load: ClusterLoad },
  broker: Broker,
  signal: NodeJS.Signals,
): Promise<void> {
  const { cluster, load } = parts;
  await cluster.kill(broker, signal);
  await load.progress();
  await cluster.boot(broker);
  await cluster.inSync();
  await load.progress();
}

async function story(context: Context, kinds: readonly Kind[], zookeeper: Kind): Promise<string> {
  const keepers: Kind[] = context.quick ? [zookeeper] : [zookeeper, zookeeper, zookeeper];
  const config = { 'log.segment.bytes': '1048576' };
  const cluster = await KafkaCluster.start(context, { brokers: kinds, zookeeper: keepers, config });
  let load: ClusterLoad | undefined;
  try {
    await createTopic(context, cluster, { topic, partitions: 6 });
    load = await ClusterLoad.start(context, cluster, { topic, perSecond: 500 });
    let restarts = 0;
    for (const kind of context.quick ? kinds.slice(1, 2) : new Set(kinds)) {
      const chief = cluster.brokers.find((broker) => broker.kind === kind);
      assert.ok(chief !== undefined);
      for (const broker of context.quick ? [chief] : cluster.brokers) {
        for (const signal of context.quick ? (['SIGKILL'] as const) : (['SIGKILL', 'SIGTERM'] as const)) {
          await cluster.elect(chief);
          await restart({ cluster, load }, broker, signal);
          restarts++;
          const { acknowledged } = load.counts;
          const said = `controller ${chief.kind}, broker ${broker.id} (${broker.kind}) after ${signal}`;
          context.say(`${said}: in sync again, ${acknowledged} records so far`);
        }
      }
    }
    await delay(500);
    const seen = await load.finish();
    const same = await assertSameLogs(cluster);
    return `${restarts} restarts; ${seen}; ${same}`;
  } finally {
    await load?.abort();
    await cluster.stop();
  }
}

const ours = (context: Context): Kind => context.which;

export const kafkaMixedScenarios: readonly Scenario[] = [
  {
    name: 'cluster of 2 Apache + 1 ours',
    shows:
      'restarts under load, the controller on either side; nothing lost or doubled, segments byte-identical',
    fullOnly: true,
    run: (context) => story(context, ['apache', ours(context), 'apache'], 'apache'),
  },
];

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaCluster } from '../../../tools/peers/kafka-cluster.ts';
import { ClusterLoad } from '../cluster-load.ts';
import { ClusterTools } from '../cluster-tools.ts';
import { assertSameLogs } from '../replica-logs.ts';
import { type Context, type Scenario, sessionTimeoutMs } from '../scenario.ts';

const topic = 'last';

/** The ids that lead or are in sync, of all partitions. */
async function servers(cluster: KafkaCluster, who: 'leader' | 'isr'): Promise<number[]> {
  const partitions = await cluster.partitions(topic);
  return [...new Set(partitions.flatMap((state) => (who === 'isr' ? state.isr : [state.leader])))].sort();
}

async function story(context: Context): Promise<string> {
  const kind = context.which;
  const cluster = await KafkaCluster.start(context, {
    brokers: [kind, kind, kind],
    zookeeper: [kind],
    config: {
      'log.segment.bytes': '1048576',
      'min.insync.replicas': '1',
      'zookeeper.session.timeout.ms': sessionTimeoutMs(context),
    },
  });
  let load: ClusterLoad | undefined;
  try {
    await new ClusterTools(context, cluster).createTopic(topic, 6);
    load = await ClusterLoad.start(context, cluster, { topic, perSecond: 500 });
    const survivors = context.quick ? cluster.brokers.slice(0, 1) : cluster.brokers;
    for (const last of survivors) {
      const others = cluster.brokers.filter((broker) => broker !== last);
      for (const other of others) await cluster.kill(other);
      for (const other of others) await cluster.unregistered(other);
      await load.progress(500);
      await load.committed();
      assert.deepEqual(await servers(cluster, 'leader'), [last.id]);
      // Then the last one dies as well. The others have not got what it alone acknowledged, and must not lead.
      await cluster.kill(last);
      await cluster.unregistered(last);
      await Promise.all(others.map((other) => cluster.boot(other)));
      await delay(2000);
      assert.deepEqual(await servers(cluster, 'isr'), [last.id]);
      assert.deepEqual(await servers(cluster, 'leader'), [-1]);
      await cluster.boot(last);
      await cluster.inSync();
      await load.progress();
      context.say(
        `broker ${last.id} served alone and is followed again; ${load.counts.acknowledged} records so far`,
      );
    }
    const seen = await load.finish();
    const same = await assertSameLogs(cluster);
    return `${survivors.length} of 3 brokers in turn served alone, died and led again; ${seen}; ${same}`;
  } finally {
    await load?.abort();
    await cluster.stop();
  }
}

export const kafkaLastReplicaScenarios: readonly Scenario[] = [
  {
    name: 'Kafka cluster, one replica left',
    shows:
      'two of three brokers die, the third serves on; it dies too and leads again; nothing lost, same segments',
    fullOnly: true,
    run: story,
  },
];

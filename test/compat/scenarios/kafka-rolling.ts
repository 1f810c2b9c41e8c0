import assert from 'node:assert/strict';
import type { Kind } from '../../../tools/peers/ensemble.ts';
import { KafkaCluster } from '../../../tools/peers/kafka-cluster.ts';
import { ClusterLoad } from '../cluster-load.ts';
import { ClusterTools } from '../cluster-tools.ts';
import { assertNoComplaints } from '../complaints.ts';
import { assertSameLogs } from '../replica-logs.ts';
import type { Context, Scenario } from '../scenario.ts';

const topic = 'rolling';

/** Replaces the brokers one by one, the controller last: its office would move with every step otherwise. */
async function replaceAll(
  parts: { context: Context; cluster: KafkaCluster; load: ClusterLoad },
  kind: Kind,
  signal: NodeJS.Signals,
): Promise<void> {
  const { context, cluster, load } = parts;
  const left = new Set(cluster.brokers);
  while (left.size > 0) {
    const controller = await cluster.controller();
    const next = [...left].find((broker) => broker !== controller) ?? controller;
    assert.ok(next !== undefined);
    left.delete(next);
    await cluster.kill(next, signal);
    // So that there is something to catch up with.
    await load.progress(200);
    next.kind = kind;
    await cluster.boot(next);
    await cluster.inSync();
    await load.progress();
    const was = next === controller ? ', the controller,' : '';
    context.say(`broker ${next.id}${was} is ${kind} now; ${load.counts.acknowledged} records so far`);
  }
}

async function story(context: Context): Promise<string> {
  const cluster = await KafkaCluster.start(context, {
    brokers: ['apache', 'apache', 'apache'],
    zookeeper: ['apache'],
    config: { 'log.segment.bytes': '1048576' },
  });
  let load: ClusterLoad | undefined;
  try {
    await new ClusterTools(context, cluster).createTopic(topic, 6);
    load = await ClusterLoad.start(context, cluster, { topic, perSecond: 500 });
    // In good order as operators do it, and once as an accident would.
    const signals: readonly NodeJS.Signals[] = context.quick ? ['SIGTERM'] : ['SIGTERM', 'SIGKILL'];
    for (const signal of signals) {
      await replaceAll({ context, cluster, load }, context.which, signal);
      await replaceAll({ context, cluster, load }, 'apache', signal);
    }
    const seen = await load.finish();
    const same = await assertSameLogs(cluster);
    assertNoComplaints(cluster);
    return `3 Apache to 3 ours and back, ${signals.length} times; ${seen}; ${same}`;
  } finally {
    await load?.abort();
    await cluster.stop();
  }
}

export const kafkaRollingScenarios: readonly Scenario[] = [
  {
    name: 'Kafka cluster, rolling replacement',
    shows:
      '3 Apache are replaced by 3 ours and back, under load, on the same directories; nothing lost or doubled',
    fullOnly: true,
    run: story,
  },
];

import assert from 'node:assert/strict';
import type { Kind } from '../../../tools/peers/ensemble.ts';
import { type Broker, KafkaCluster } from '../../../tools/peers/kafka-cluster.ts';
import { ClusterLoad } from '../cluster-load.ts';
import { ClusterTools } from '../cluster-tools.ts';
import { assertNoComplaints } from '../complaints.ts';
import { assertSameLogs } from '../replica-logs.ts';
import type { Context, Scenario } from '../scenario.ts';

const topic = 'mixed';

interface Mixture {
  readonly brokers: readonly Kind[];
  readonly zookeeper: Kind;
}

interface Parts {
  /** Which side each broker is of; where Apache's servers stand in for ours, their kinds do not tell. */
  readonly mixture: Mixture;
  readonly context: Context;
  readonly cluster: KafkaCluster;
  readonly load: ClusterLoad;
}

/** Ends a broker under load and starts it again, with a while between for the others to go on alone. */
async function restart(
  { context, cluster, load }: Parts,
  broker: Broker,
  signal: NodeJS.Signals,
): Promise<void> {
  const chief = await cluster.controller();
  await cluster.kill(broker, signal);
  await load.progress();
  await cluster.boot(broker);
  await cluster.inSync();
  await load.progress();
  const said = `controller ${chief?.kind}, broker ${broker.id} (${broker.kind}) after ${signal}`;
  context.say(`${said}: in sync again, ${load.counts.acknowledged} records so far`);
}

/** Every broker dies and leaves in good order under a controller of that kind, itself included; the restarts. */
async function restartAll(parts: Parts, kind: Kind): Promise<number> {
  const { cluster, mixture } = parts;
  const chief = cluster.brokers[mixture.brokers.indexOf(kind)];
  assert.ok(chief !== undefined);
  let restarts = 0;
  for (const broker of cluster.brokers) {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await cluster.elect(chief);
      await restart(parts, broker, signal);
      restarts++;
    }
  }
  return restarts;
}

/**
 * Moves all partitions, those of the groups' offsets too, to the brokers of one kind alone, to those of the other, back
 * and at last to all again; each kind takes everything over from the other.
 */
async function moveAll({ mixture, context, cluster, load }: Parts): Promise<number> {
  const tools = new ClusterTools(context, cluster);
  // A kind may have one broker only.
  for (const name of [topic, '__consumer_offsets']) await tools.alterTopic(name, 'min.insync.replicas=1');
  const moves: readonly (readonly Kind[])[] = [['apache'], ['ours'], ['apache'], ['apache', 'ours']];
  for (const kinds of moves) {
    const ids = mixture.brokers.flatMap((kind, id) => (kinds.includes(kind) ? [id] : []));
    const wanted = (await cluster.partitions()).map((state) => {
      const shift = state.partition % ids.length;
      return { ...state, replicas: [...ids.slice(shift), ...ids.slice(0, shift)] };
    });
    await tools.reassign(wanted);
    await load.progress();
    await load.committed();
    context.say(`all partitions are on ${ids}, ${kinds}; ${load.counts.acknowledged} records so far`);
  }
  return moves.length;
}

async function story(context: Context, mixture: Mixture): Promise<string> {
  // To check the scenario: the same with Apache's servers in the places of ours.
  const actual = (kind: Kind) => (kind === 'ours' ? context.which : kind);
  const zookeeper = actual(mixture.zookeeper);
  const cluster = await KafkaCluster.start(context, {
    brokers: mixture.brokers.map(actual),
    zookeeper: context.quick ? [zookeeper] : [zookeeper, zookeeper, zookeeper],
    config: {
      'log.segment.bytes': '1048576',
      'zookeeper.session.timeout.ms': context.quick ? '6000' : '10000',
    },
  });
  let load: ClusterLoad | undefined;
  try {
    await new ClusterTools(context, cluster).createTopic(topic, 6);
    load = await ClusterLoad.start(context, cluster, { topic, perSecond: 500 });
    const parts = { mixture, context, cluster, load };
    let restarts = 0;
    let moves = 0;
    if (context.quick) {
      const [, middle] = cluster.brokers;
      assert.ok(middle !== undefined);
      await restart(parts, middle, 'SIGKILL');
      restarts++;
    } else {
      for (const kind of new Set(mixture.brokers)) restarts += await restartAll(parts, kind);
      moves = await moveAll(parts);
    }
    const seen = await load.finish();
    const same = await assertSameLogs(cluster);
    assertNoComplaints(cluster);
    return `${restarts} restarts, ${moves} moves of all partitions; ${seen}; ${same}`;
  } finally {
    await load?.abort();
    await cluster.stop();
  }
}

function mixed(name: string, mixture: Mixture): Scenario {
  return {
    name,
    shows:
      'restarts and moves under load, each side controller; nothing lost or doubled, segments byte-identical',
    run: (context) => story(context, mixture),
  };
}

export const kafkaMixedScenarios: readonly Scenario[] = [
  mixed('cluster of 2 Apache + 1 ours', { brokers: ['apache', 'ours', 'apache'], zookeeper: 'apache' }),
  {
    ...mixed('cluster of 1 Apache + 2 ours', { brokers: ['ours', 'apache', 'ours'], zookeeper: 'ours' }),
    fullOnly: true,
  },
];

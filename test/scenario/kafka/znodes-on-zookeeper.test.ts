import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ZooKeeperClient } from '../../../src/clients/zookeeper/zookeeper-client.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { isApiError } from '../../../src/kafka/api/api-error.ts';
import { TopicAdmin } from '../../../src/kafka/api/topics/topic-admin.ts';
import { clientSessions, endSession, ensureChroot } from '../../../src/kafka/zk/client-session.ts';
import { SessionFile } from '../../../src/kafka/zk/session-file.ts';
import { startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { FakeCluster } from '../../support/kafka/fake-cluster.ts';

interface GoldenZnode {
  path: string;
  data: string | null;
  kind: string;
  stat: { version: number };
}

/** The recorded tree, without the nodes of the ACL authorizer and of the two other brokers. */
function recorded(name: string): GoldenZnode[] {
  const url = new URL(`../../../../test/golden/kafka/znodes/${name}.json.gz`, import.meta.url);
  const nodes = JSON.parse(gunzipSync(readFileSync(url)).toString()) as GoldenZnode[];
  return nodes.filter(({ path }) => !/^\/kafka-acl|^\/brokers\/ids\/[23]$/.test(path));
}

/** Text with what differs from run to run replaced. */
function comparable(data: string | null): string | null {
  return (
    data
      ?.replace(/"timestamp":"\d+"/, '"timestamp":"T"')
      .replace(/"(topic_id|id)":"[\w-]{22}"/, '"$1":"ID"') ?? null
  );
}

/** All nodes below the chroot as the dumps have them. */
async function tree(client: ZooKeeperClient, path = '/'): Promise<GoldenZnode[]> {
  const { data, stat } = await client.getData(path);
  const names = (await client.getChildren(path)).sort();
  const below = await Promise.all(
    names.map((name) => tree(client, path === '/' ? `/${name}` : `${path}/${name}`)),
  );
  const kind = stat.ephemeralOwner === 0n ? 'persistent' : 'ephemeral';
  const text = data === null ? null : data.toString();
  return [{ path, data: text, kind, stat: { version: stat.version } }, ...below.flat()];
}

function lines(nodes: readonly GoldenZnode[]): string[] {
  return nodes
    .map(({ path, data, kind, stat }) => `${path} ${comparable(data ?? null)} ${kind} v${stat.version}`)
    .sort();
}

async function onZooKeeper(
  story: (parts: {
    sim: Simulation;
    connectString: string;
    startCluster: () => Promise<FakeCluster>;
    look: () => Promise<GoldenZnode[]>;
  }) => Promise<void>,
): Promise<void> {
  const sim = new Simulation({ seed: 11 });
  const zkEnv = sim.host('zookeeper').env;
  await sim.run(async () => {
    const server = await startZooKeeperServer(zkEnv, {
      dataDir: '/data',
      clientPort: 2181,
      tickTimeMs: 2000,
    });
    const connectString = 'zookeeper:2181/kafka';
    const { env } = sim.host('broker');
    const options = { connectString, sessionTimeoutMs: 18_000, connectTimeoutMs: 18_000 };
    const startCluster = async () => {
      await ensureChroot(env, options);
      return new FakeCluster(clientSessions(env, options), env);
    };
    const look = async () => {
      const client = await ZooKeeperClient.connect(sim.host('user').env, { connectString });
      const nodes = await tree(client);
      await client.close();
      return nodes;
    };
    await story({ sim, connectString, startCluster, look });
    await server.close();
  });
}

test('the tree of a new cluster is that of Kafka 3.9', async () => {
  await onZooKeeper(async ({ sim, startCluster, look }) => {
    const cluster = await startCluster();
    await cluster.start(1, {
      endpoints: [
        { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: '127.0.0.1', port: 41141 },
        { listenerName: 'INTERNAL', securityProtocol: 'PLAINTEXT', host: '127.0.0.1', port: 41151 },
      ],
      rack: 'rack-1',
    });
    await sim.advance(1000);
    assert.deepEqual(lines(await look()), lines(recorded('1-empty-cluster')));
    await cluster.stop();
  });
});

test('topics, configuration and producer ids leave the nodes that Kafka 3.9 leaves', async () => {
  await onZooKeeper(async ({ sim, startCluster, look }) => {
    const cluster = await startCluster();
    const broker = await cluster.start(1, { rack: 'rack-1' });
    await sim.advance(1000);
    const env = sim.host('broker').env;
    const admin = new TopicAdmin({
      metadata: broker.metadata,
      stores: broker.stores,
      random: env.random,
      log: env.log,
      defaults: () => ({ numPartitions: 1, replicationFactor: 1 }),
      configError: () => null,
      hasTopicIds: () => true,
    });
    const create = async (name: string, numPartitions: number, configs: Record<string, string>) => {
      const topic = { name, numPartitions, replicationFactor: 1, assignments: new Map() };
      const result = await admin.create({ ...topic, configs: new Map(Object.entries(configs)) }, false);
      assert.ok(!isApiError(result));
      await sim.advance(100);
    };
    await create('sierra-cfg', 2, {
      'cleanup.policy': 'compact',
      'min.insync.replicas': '2',
      'retention.ms': '12345678',
    });
    await create('sierra-orders', 6, {});
    await create('sierra-doomed', 1, {});
    await admin.grow('sierra-cfg', 4, null, false);
    await admin.delete('sierra-doomed');
    await broker.stores.configs.set('brokers', '1', new Map([['log.cleaner.threads', '2']]));
    await broker.stores.configs.notify({ type: 'brokers', entity: '1' });
    const large = new Map([
      ['max.message.bytes', '2000000'],
      ['segment.bytes', '1048576'],
    ]);
    await broker.stores.configs.set('topics', 'sierra-orders', large);
    await broker.stores.configs.notify({ type: 'topics', entity: 'sierra-orders' });
    await broker.stores.configs.set('brokers', '<default>', new Map([['log.retention.ms', '99999999']]));
    await broker.stores.configs.notify({ type: 'brokers', entity: '<default>' });
    for (let i = 0; i < 3; i++) await broker.stores.producerIds.nextBlock(i + 1);
    await sim.advance(1000);

    // Recorded with three brokers: here every replica list is the one broker.
    const alone = (data: string) =>
      /"partitions"|"isr"/.test(data)
        ? data.replaceAll(/\[[\d,]+\]/g, '[1]').replace(/"leader":\d/, '"leader":1')
        : data;
    const same = (path: string) =>
      /^\/brokers\/topics\/sierra-(cfg|orders)|^\/config\/topics\/sierra-(cfg|orders)$/.test(path) ||
      /^\/config\/changes\/config_change_000000000[012]$|^\/config\/brokers\/<default>$/.test(path) ||
      /^\/latest_producer_id_block$|^\/admin|^\/brokers\/topics$/.test(path);
    const golden = recorded('2-loaded')
      .filter(({ path }) => same(path))
      .map((node) => ({ ...node, data: node.data === null ? null : alone(node.data) }));
    assert.ok(golden.length > 30);
    const ours = (await look()).filter(({ path }) => same(path));
    assert.deepEqual(lines(ours), lines(golden));
    assert.equal(broker.metadata.image.topic('sierra-doomed'), undefined);
    await cluster.stop();
  });
});

test('after kill -9 the saved session is ended, so that the broker is back at once', async () => {
  await onZooKeeper(async ({ sim, connectString }) => {
    const options = { connectString, sessionTimeoutMs: 18_000, connectTimeoutMs: 18_000 };
    const host = sim.host('broker');
    host.env.disk.makeDirectory('/logs');
    const first = new SessionFile(host.env.disk, '/logs');
    await ensureChroot(host.env, options);
    const opened = (session: { id: bigint; password: Buffer }) => first.write({ ...session, connectString });
    const cluster = new FakeCluster(clientSessions(host.env, { ...options, opened }), host.env);
    await cluster.start(1);
    await sim.advance(1000);
    host.kill();
    await sim.advance(1000);

    const env = host.restart();
    const startedMs = sim.nowMs;
    const saved = new SessionFile(env.disk, '/logs').read();
    assert.equal(saved?.connectString, connectString);
    if (saved !== null) await endSession(env, options, saved);
    const again = new FakeCluster(clientSessions(env, options), env);
    const broker = await again.start(1);
    await sim.runUntil(() => broker.controller?.isActive === true);
    assert.ok(sim.nowMs - startedMs < 1000, `back after ${sim.nowMs - startedMs} ms`);
    assert.equal(broker.controller?.epoch, 2);
    await again.stop();
  });
});

test('without the saved session the broker waits until the old one has run out', async () => {
  await onZooKeeper(async ({ sim, startCluster, connectString }) => {
    const cluster = await startCluster();
    await cluster.start(1);
    await sim.advance(1000);
    const host = sim.host('broker');
    host.kill();
    const env = host.restart();
    const options = { connectString, sessionTimeoutMs: 18_000, connectTimeoutMs: 18_000 };
    const again = new FakeCluster(clientSessions(env, options), env, 30_000);
    const startedMs = sim.nowMs;
    const broker = await again.start(1);
    await sim.runUntil(() => broker.controller?.isActive === true);
    assert.ok(sim.nowMs - startedMs > 5000);
    await again.stop();
  });
});

test('a broker that was cut off until its session expired comes back as controller', async () => {
  await onZooKeeper(async ({ sim, startCluster }) => {
    const cluster = await startCluster();
    const broker = await cluster.start(1);
    await broker.stores.topics.create('t', {
      topicId: 'Bjv0gMjFRrS1EkfKZmOutg',
      partitions: new Map([[0, { replicas: [1], addingReplicas: [], removingReplicas: [] }]]),
    });
    await sim.advance(1000);
    assert.equal(broker.controller?.epoch, 1);
    sim.network.partition(['broker'], ['zookeeper']);
    await sim.advance(60_000);
    sim.network.heal();
    await sim.runUntil(() => broker.controller?.epoch === 2, { withinMs: 60_000 });
    await sim.advance(1000);
    assert.equal(broker.metadata.image.partition('t', 0)?.leaderEpoch, 0);
    assert.equal(broker.metadata.image.brokers.size, 1);
    await cluster.stop();
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { listProcesses } from '../../../src/env/node/processes.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { freePorts } from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher, runScript } from '../../support/command.ts';
import { CreateTopics, Metadata, Produce } from '../../support/kafka/pairs.ts';
import { RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';

const PATIENCE_MS = 60_000;
const page = readFileSync(join(import.meta.dirname, '../../../../docs/OPERATIONS.md'), 'utf8');

/** A file as the walk-through shows it, by the name in its first line. */
function documented(name: string): string {
  const section = page.split('## Three hosts, step by step')[1] ?? '';
  const files = [...section.matchAll(/```properties\n# (\S+)\n(.*?)```/gs)];
  const found = files.find(([, title]) => title === name)?.[2];
  assert(found !== undefined, `docs/OPERATIONS.md shows no ${name}`);
  return found;
}

interface Host {
  readonly number: number;
  readonly dir: string;
  readonly brokerId: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly kafkaPort: number;
}

/** The walk-through of docs/OPERATIONS.md with its own files, its three hosts being directories and ports of this machine. */
describe('three hosts of ZooKeeper and Kafka', { timeout: 240_000 }, () => {
  const scratch = new Workspace('three-hosts');
  const hosts: Host[] = [];
  const net = createNodeEnv({ logLevel: 'silent' }).net;

  /** The text of a file for one host: names become this machine's, ports those of the host that is named. */
  function forHost(host: Host, text: string): string {
    const names = ['one', 'two', 'three'];
    let adapted = text
      .replaceAll('/var/lib', host.dir)
      .replace(/^clientPort=.*$/m, `clientPort=${host.clientPort}\nclientPortAddress=127.0.0.1`)
      .replace(/^listeners=.*$/m, `listeners=PLAINTEXT://127.0.0.1:${host.kafkaPort}`);
    for (const { number, clientPort, quorumPort, electionPort } of hosts) {
      const name = `${names[number - 1]}.example.org`;
      adapted = adapted
        .replaceAll(`${name}:2181`, `127.0.0.1:${clientPort}`)
        .replaceAll(`${name}:2888:3888`, `127.0.0.1:${quorumPort}:${electionPort}`);
    }
    assert(!adapted.includes('example.org'), adapted);
    return adapted;
  }

  const zk = (host: Host, verb: string) =>
    runScript(launcher('zkServer.sh'), [verb, join(host.dir, 'zoo.cfg')], {
      cwd: host.dir,
      env: { SERVER_JVMFLAGS: '-Dzookeeper.admin.enableServer=false', ZOO_LOG_DIR: host.dir },
    });
  const startBroker = (host: Host) => {
    // No other broker of this machine has these ids: stopping finds these alone.
    const overrides = [
      `broker.id=${host.brokerId}`,
      'reserved.broker.max.id=2000000000',
      'zookeeper.session.timeout.ms=6000',
    ];
    const args = [
      '-daemon',
      join(host.dir, 'server.properties'),
      ...overrides.flatMap((each) => ['--override', each]),
    ];
    return runScript(launcher('kafka-server-start.sh'), args, { cwd: host.dir, env: { LOG_DIR: host.dir } });
  };
  const running = () => listProcesses().filter(({ command }) => command.includes(scratch.path));
  const brokers = () => running().filter(({ command }) => /kafka-server-start/.test(command));

  /** What the brokers said last, for who has to find out what went wrong. */
  const lastWords = () =>
    hosts.map(({ dir }) => readFileSync(join(dir, 'kafkaServer.out'), 'utf8').slice(-2000)).join('\n---\n');

  async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (performance.now() > deadlineMs)
        assert.fail(`not within ${PATIENCE_MS} ms: ${what}; ${lastWords()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  before(async () => {
    const ports = await freePorts(12);
    for (const number of [1, 2, 3]) {
      const [clientPort = 0, quorumPort = 0, electionPort = 0, kafkaPort = 0] = ports.splice(0, 4);
      const dir = scratch.dir(`host-${number}`);
      const brokerId = process.pid + 200_000 + number;
      hosts.push({ number, dir, brokerId, clientPort, quorumPort, electionPort, kafkaPort });
    }
    for (const host of hosts) {
      mkdirSync(join(host.dir, 'zookeeper'));
      writeFileSync(join(host.dir, 'zookeeper/myid'), `${host.number}\n`);
      for (const name of ['zoo.cfg', 'server.properties']) {
        writeFileSync(join(host.dir, name), forHost(host, documented(name)));
      }
    }
  });

  after(() => {
    for (const { pid } of running()) process.kill(pid, 'SIGKILL');
    scratch.remove();
  });

  it('start ZooKeeper, of which one leads', async () => {
    const started = await Promise.all(hosts.map((host) => zk(host, 'start')));
    for (const { stdout, stderr } of started)
      assert.equal(stdout, 'Starting zookeeper ... STARTED\n', stderr);
    await eventually('one leader and two followers', async () => {
      const modes = await Promise.all(hosts.map(async (host) => (await zk(host, 'status')).stdout));
      const count = (mode: string) => modes.filter((text) => text.includes(`Mode: ${mode}`)).length;
      return count('leader') === 1 && count('follower') === 2;
    });
  });

  it('start brokers, which find each other below the path in zookeeper.connect', async () => {
    const started = await Promise.all(hosts.map(startBroker));
    for (const { code, stderr } of started) assert.equal(code, 0, stderr);
    for (const { kafkaPort } of hosts) {
      await eventually('three brokers', async () => {
        const client = await RawKafkaClient.connect(net, { host: '127.0.0.1', port: kafkaPort });
        const { brokers: found } = await client.call(Metadata, 1, { topics: [] });
        client.destroy();
        return found.length === 3;
      });
    }
  });

  async function metadata(host: Host | undefined) {
    const client = await RawKafkaClient.connect(net, { host: '127.0.0.1', port: host?.kafkaPort ?? 0 });
    try {
      return await client.call(Metadata, 4, { topics: [{ name: 'orders' }], allowAutoTopicCreation: false });
    } finally {
      client.destroy();
    }
  }

  /** Appends a record to each partition of the topic with acks=all; whether all were taken. */
  async function append(host: Host | undefined, text: string): Promise<boolean> {
    const { brokers: known, topics } = await metadata(host);
    const partitions = topics[0]?.partitions ?? [];
    const done = partitions.map(async ({ partitionIndex: index, leaderId }) => {
      const port = known.find(({ nodeId }) => nodeId === leaderId)?.port;
      if (port === undefined) return false;
      const client = await RawKafkaClient.connect(net, { host: '127.0.0.1', port });
      try {
        const records = buildBatch([{ timestamp: 0, key: null, value: Buffer.from(text) }]);
        const topicData = [{ name: 'orders', partitionData: [{ index, records }] }];
        const answer = await client.call(Produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
        return answer.responses[0]?.partitionResponses[0]?.errorCode === ErrorCode.NONE;
      } finally {
        client.destroy();
      }
    });
    return partitions.length === 3 && (await Promise.all(done)).every(Boolean);
  }

  it('make topics with the settings of the files, and replicate them', async () => {
    const { brokers: found, controllerId } = await metadata(hosts[2]);
    const controller = found.find(({ nodeId }) => nodeId === controllerId);
    const admin = await RawKafkaClient.connect(net, { host: '127.0.0.1', port: controller?.port ?? 0 });
    const topic = { name: 'orders', numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] };
    const created = await admin.call(CreateTopics, 5, {
      topics: [topic],
      timeoutMs: 30_000,
      validateOnly: false,
    });
    admin.destroy();
    const [orders] = created.topics;
    assert.equal(orders?.errorCode, ErrorCode.NONE);
    assert.deepEqual([orders?.numPartitions, orders?.replicationFactor], [3, 3]);
    const setting = (name: string) => orders?.configs?.find((config) => config.name === name)?.value;
    assert.deepEqual([setting('min.insync.replicas'), setting('retention.ms')], ['2', '604800000']);
    await eventually('records are taken', () => append(hosts[0], 'all are there').catch(() => false));
  });

  it('go on without one host, and take it back', async () => {
    const [first, second] = hosts;
    assert(first !== undefined);
    for (const { pid, command } of running()) if (command.includes(first.dir)) process.kill(pid, 'SIGKILL');
    await eventually('others lead', () => append(second, 'one is gone').catch(() => false));
    assert.equal((await zk(first, 'start')).stdout, 'Starting zookeeper ... STARTED\n');
    assert.equal((await startBroker(first)).code, 0);
    await eventually('all are in sync again', async () => {
      const { topics } = await metadata(second);
      return topics[0]?.partitions.every(({ isrNodes }) => isrNodes.length === 3) === true;
    });
    assert.equal(await append(first, 'all are there again'), true);
  });

  it('stop one broker by its id, and then all', async () => {
    const stop = (...args: string[]) =>
      runScript(launcher('kafka-server-stop.sh'), args, { cwd: hosts[0]?.dir ?? '' });
    const [first, ...rest] = hosts;
    assert.equal((await stop(`--node-id=${first?.brokerId}`)).code, 0);
    await eventually('two brokers', async () => brokers().length === 2);
    for (const { brokerId } of rest) assert.equal((await stop(`--node-id=${brokerId}`)).code, 0);
    await eventually('no broker', async () => brokers().length === 0);
    for (const host of hosts)
      assert.equal((await zk(host, 'stop')).stdout, 'Stopping zookeeper ... STOPPED\n');
    assert.deepEqual(running(), []);
  });
});

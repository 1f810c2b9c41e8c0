import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Workspace } from '../../../tools/workspace.ts';
import { untar } from '../../support/tar.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc');
const READY = /^Ready in/;

/** What the clients of Kafka add to that in `./clients`. */
const KAFKA_CLIENTS = [
  'Admin',
  'BrokerError',
  'ConfigError',
  'Consumer',
  'KafkaError',
  'NetworkError',
  'Producer',
  'SEND_CHANNEL',
  'ShareConsumer',
  'SubscriptionPattern',
  'ZooKeeperConsumer',
  'ZooKeeperProducer',
  'bytesSerde',
  'configResourceKey',
  'connectZooKeeperConsumer',
  'connectZooKeeperProducer',
  'createAdmin',
  'createConsumer',
  'createNodeEnv',
  'createProducer',
  'createShareConsumer',
  'float64Serde',
  'int32Serde',
  'int64Serde',
  'isKafkaError',
  'isRetriable',
  'jsonSerde',
  'parseAdminConfig',
  'parseConsumerConfig',
  'parseProducerConfig',
  'partitionKey',
  'partitionOfKey',
  'replicaKey',
  'stringSerde',
];

/** What both entry points of the ZooKeeper client export. */
const ZOOKEEPER_CLIENT = [
  'Barrier',
  'ChildrenCache',
  'ConnectStringError',
  'Counter',
  'DoubleBarrier',
  'LeaderElection',
  'Lease',
  'Lock',
  'Membership',
  'NodeCache',
  'OPEN_ACL',
  'PriorityQueue',
  'Queue',
  'QuotaConflictError',
  'ReadWriteLock',
  'RecipeError',
  'Semaphore',
  'ServiceDiscovery',
  'SetPartitioner',
  'TreeCache',
  'ZooKeeperClient',
  'ZooKeeperError',
  'connectZooKeeper',
  'createProtected',
  'deleteForSure',
  'deleteQuota',
  'deleteSubtree',
  'getQuota',
  'isZooKeeperError',
  'listSubtree',
  'setQuota',
  'visitSubtree',
  'withRetries',
];

interface Manifest {
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  exports: Record<string, { types: string; default: string }>;
}

/** The package as users get it: packed, unpacked among its dependencies, and nothing but Node on PATH. */
describe('the packed package', { timeout: 120_000 }, () => {
  const workspace = new Workspace('package');
  const home = workspace.path;
  const modules = join(home, 'node_modules');
  const commands = join(modules, '.bin');
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  let files: Map<string, Buffer>;
  const running = new Set<ChildProcess>();

  before(() => {
    execFileSync(process.execPath, [join(ROOT, 'tools/types.mjs')], { stdio: 'inherit' });
    // Scripts would build again what is built, under the feet of the other tests.
    const options = { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' } as const;
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', home];
    const packed = JSON.parse(execFileSync('npm', args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }));
    files = untar(
      gunzipSync(readFileSync(join(home, (packed as { filename: string }[])[0]?.filename ?? ''))),
    );
    install();
  });

  after(async () => {
    for (const child of running) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    workspace.remove();
  });

  /** What `npm install` makes of the tarball. */
  function install(): void {
    const executables = Object.values(manifest.bin);
    for (const [name, content] of files) {
      const target = join(modules, name.replace(/^package\//, 'streamkeeper/'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
      if (executables.includes(name.replace(/^package\//, ''))) chmodSync(target, 0o755);
    }
    for (const name of [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(realpathSync(join(ROOT, 'node_modules', name)), join(modules, name), 'junction');
    }
    mkdirSync(commands);
    for (const [name, path] of Object.entries(manifest.bin)) {
      symlinkSync(join('..', 'streamkeeper', path), join(commands, name));
    }
    mkdirSync(join(home, 'path'));
    symlinkSync(process.execPath, join(home, 'path/node'));
  }

  const bare = () => ({ cwd: home, env: { PATH: join(home, 'path') } });

  function command(name: string, ...args: string[]) {
    return spawnSync(join(commands, name), args, { ...bare(), encoding: 'utf8', timeout: 60_000 });
  }

  /** Starts a server; resolves to what it printed up to its being ready. */
  async function startServer(
    name: string,
    ...args: string[]
  ): Promise<{ child: ChildProcess; printed: string }> {
    const child = spawn(join(commands, name), args, { ...bare(), stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let logged = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      logged += text;
    });
    let printed = '';
    for await (const line of createInterface({ input: child.stdout })) {
      printed += `${line}\n`;
      if (READY.test(line)) return { child, printed };
    }
    throw new Error(`${name} ended before it was ready, having printed: ${printed}${logged}`);
  }

  async function stop(child: ChildProcess): Promise<unknown> {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    return (await exited)[0];
  }

  it('holds what users need and no more', () => {
    const names = [...files.keys()].map((name) => name.replace(/^package\//, ''));
    const kinds = new Set(
      names.map((name) => name.replace(/^(dist\/bundle|dist\/types)\/.*?(\.d\.ts|\.[a-z]+)$/, '$1/*$2')),
    );
    assert.deepEqual(
      [...kinds].sort(),
      [
        'LICENSE',
        'README.md',
        'bin/package.json',
        'config/server.properties',
        'config/zoo_sample.cfg',
        'config/zookeeper.properties',
        ...new Set(Object.values(manifest.bin)),
        'dist/bundle/*.js',
        'dist/types/*.d.ts',
        'package.json',
      ].sort(),
    );
    for (const entry of Object.values(manifest.exports)) {
      for (const path of [entry.types, entry.default])
        assert.ok(names.includes(path.replace('./', '')), path);
    }
    const schemas = names.filter((name) => /^dist\/types\/wire\/kafka\/(messages|stored)\//.test(name));
    assert.deepEqual(schemas, [], 'declarations of message schemas slow the compilers of users down');
    const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
    assert.ok(bytes < 4 * 2 ** 20, `${bytes} bytes`);
  });

  it('has a README that names every entry point', () => {
    const readme = String(files.get('package/README.md'));
    for (const entry of Object.keys(manifest.exports)) {
      assert.ok(readme.includes(`| \`${entry.replace('.', 'streamkeeper')}\` |`), entry);
    }
  });

  it('is understood by a strict TypeScript project', () => {
    copyFileSync(join(ROOT, 'test/integration/package/consumer.ts.txt'), join(home, 'consumer.ts'));
    assert.deepEqual(compile('consumer.ts'), { stdout: '', status: 0 });
  });

  it('compiles a program that was written for kafkajs, with nothing but the import changed', () => {
    for (const file of ['kafkajs-scenarios.ts', 'kafkajs-consumer-scenarios.ts', 'kafkajs-stage.ts']) {
      const program = readFileSync(join(ROOT, 'test/support/kafka', file), 'utf8');
      assert.match(program, / from 'kafkajs';/);
      writeFileSync(join(home, file), program.replaceAll("from 'kafkajs'", "from 'streamkeeper/kafkajs'"));
    }
    assert.deepEqual(compile('kafkajs-scenarios.ts'), { stdout: '', status: 0 });
  });

  /** What the compiler says of a file in a strict project. */
  function compile(file: string): { stdout: string; status: number | null } {
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      allowImportingTsExtensions: true,
      noEmit: true,
    };
    writeFileSync(join(home, 'package.json'), JSON.stringify({ type: 'module', private: true }));
    writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
    const { stdout, status } = spawnSync(process.execPath, [COMPILER, '-p', home], { encoding: 'utf8' });
    return { stdout, status };
  }

  for (const [entry, names] of [
    ['.', ['StartError', 'createNodeEnv', 'start']],
    [
      './zookeeper',
      ['PersistenceError', 'ZooKeeperConfigError', 'completeConfig', 'digestId', 'startZooKeeperServer'],
    ],
    ['./kafka', ['ConfigError', 'loadBrokerConfig', 'readServerProperties', 'startBroker']],
    ['./clients', [...KAFKA_CLIENTS, ...ZOOKEEPER_CLIENT].sort()],
    ['./zookeeper-client', ZOOKEEPER_CLIENT],
    ['./kafkajs', ['default', ...Object.keys(createRequire(import.meta.url)('kafkajs') as object)].sort()],
  ] as const) {
    it(`exports ${names.join(', ')} from ${entry}`, async () => {
      const path = join(modules, 'streamkeeper', manifest.exports[entry]?.default ?? '');
      const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
      assert.deepEqual(Object.keys(module).sort(), [...names].sort());
    });
  }

  it('is got by require as well, in the place of kafkajs', () => {
    const program = "const { Kafka } = require('streamkeeper/kafkajs'); console.log(typeof Kafka)";
    writeFileSync(join(home, 'required.cjs'), program);
    const { stdout } = spawnSync(process.execPath, ['required.cjs'], { ...bare(), encoding: 'utf8' });
    assert.equal(stdout, 'function\n');
  });

  it('runs both servers by one command', async () => {
    const { child, printed } = await startServer(
      'streamkeeper',
      'start',
      '--memory',
      ...['--zookeeper-port', '0', '--kafka-port', '0'],
    );
    assert.match(printed, /^ZooKeeper {2}127\.0\.0\.1:\d+\nKafka {6}127\.0\.0\.1:\d+\nData {7}in memory\n/);
    assert.equal(await stop(child), 0);
  });

  it('runs servers of their own from configuration files', async () => {
    const properties = (settings: Record<string, string>) =>
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('');
    const keeper = { dataDir: join(home, 'keeper'), clientPort: '0', clientPortAddress: '127.0.0.1' };
    writeFileSync(join(home, 'zoo.cfg'), properties(keeper));
    const zookeeper = await startServer('zkServer.sh', 'start-foreground', join(home, 'zoo.cfg'));
    const address = zookeeper.printed.match(/127\.0\.0\.1:\d+/)?.[0] ?? '';
    const settings = {
      'broker.id': '0',
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'log.dirs': join(home, 'logs-of-kafka'),
      'zookeeper.connect': address,
    };
    writeFileSync(join(home, 'server.properties'), properties(settings));
    const kafka = await startServer('kafka-server-start.sh', join(home, 'server.properties'));
    assert.match(kafka.printed, /^Kafka {6}127\.0\.0\.1:\d+\n/);
    assert.equal(await stop(kafka.child), 0);
    assert.equal(await stop(zookeeper.child), 0);
  });

  it('says in one line what is wrong and what to do', () => {
    for (const [name, args, message] of [
      [
        'zkServer.sh',
        ['start', 'no-such.cfg'],
        /^Using config: .*\n.*no-such\.cfg: no such file: name a zoo\.cfg, or the directory that has one by --config\n$/,
      ],
      ['kafka-server-start.sh', ['no-such'], /^no-such: no such file: name a server\.properties\n$/],
      ['streamkeeper', ['start', '--kafka-port', 'x'], /^error: option '--kafka-port <port>'.*\n$/],
    ] as const) {
      const { status, stderr } = command(name, ...args);
      assert.match(stderr, message);
      assert.equal(status, name === 'streamkeeper' ? 2 : 1);
    }
    assert.match(command('zkServer.sh', 'version').stdout, /3\.9/);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { isRunning, listProcesses } from '../../../src/env/node/processes.ts';
import { loadBrokerConfig, readServerProperties } from '../../../src/kafka/server/config/broker-config.ts';
import { loadServerConfig } from '../../../src/zookeeper/server/config-file.ts';
import { freePorts } from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher, runScript } from '../../support/command.ts';

const zkServer = launcher('zkServer.sh');
const kafkaStart = launcher('kafka-server-start.sh');
const kafkaStop = launcher('kafka-server-stop.sh');
const zookeeperStart = launcher('zookeeper-server-start.sh');

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** Real processes on ports of this machine, each ended by its pid. */
describe('the launchers', { timeout: 120_000 }, () => {
  const scratch = new Workspace('cli');
  const env = {
    ZOO_LOG_DIR: join(scratch.path, 'logs'),
    LOG_DIR: join(scratch.path, 'logs'),
    USER: 'tester',
  };
  const zooCfg = join(scratch.path, 'zoo.cfg');
  const pidFile = join(scratch.path, 'zk/zookeeper_server.pid');
  const serverProperties = join(scratch.path, 'server.properties');
  // No other broker of this machine has it: the stop below must find this one alone.
  const brokerId = process.pid + 100_000;
  let clientPort = 0;
  let kafkaPort = 0;

  const zk = (...args: string[]) => runScript(zkServer, args, { env, cwd: scratch.path });
  const broker = (...args: string[]) => runScript(kafkaStart, args, { env, cwd: scratch.path });
  const write = (name: string, ...lines: string[]) => {
    writeFileSync(join(scratch.path, name), lines.join('\n'));
    return join(scratch.path, name);
  };
  const pidNow = () => Number(readFileSync(pidFile, 'utf8'));

  before(async () => {
    [clientPort = 0, kafkaPort = 0] = await freePorts(2);
    const lines = [`clientPort=${clientPort}`, 'clientPortAddress=127.0.0.1', 'admin.enableServer=false'];
    writeFileSync(zooCfg, [`dataDir=${join(scratch.path, 'zk')}`, ...lines].join('\n'));
    write(
      'server.properties',
      `broker.id=${brokerId}`,
      'reserved.broker.max.id=2000000000',
      `listeners=PLAINTEXT://127.0.0.1:${kafkaPort}`,
      `log.dirs=${join(scratch.path, 'kafka')}`,
      `zookeeper.connect=127.0.0.1:${clientPort}`,
      'zookeeper.connection.timeout.ms=5000',
    );
    const started = await zk('start', zooCfg);
    assert.equal(started.stdout, 'Starting zookeeper ... STARTED\n', started.stderr);
  });

  after(async () => {
    await runScript(kafkaStop, [`--node-id=${brokerId}`], { env });
    await zk('stop', zooCfg);
    scratch.remove();
  });

  it('start ZooKeeper in the background, with its pid in the data directory', async () => {
    assert.ok(isRunning(pidNow()));
    const { code, stdout, stderr } = await zk('status', zooCfg);
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `Client port found: ${clientPort}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`,
    );
    assert.equal(stderr, `Using config: ${zooCfg}\n`);
  });

  it('tell programs the state of ZooKeeper in JSON', async () => {
    const { code, stdout } = await zk('status', zooCfg, '--json');
    assert.equal(code, 0);
    const { version, zxid, ...rest } = JSON.parse(stdout);
    assert.deepEqual(rest, { clientAddress: '127.0.0.1', clientPort, running: true, mode: 'standalone' });
    assert.match(version, /^3\.9\./);
    assert.match(zxid, /^0x[0-9a-f]+$/);
  });

  it('do not start a second ZooKeeper from the same file', async () => {
    const { code, stdout } = await zk('start', zooCfg);
    assert.equal(code, 1);
    assert.equal(stdout, `Starting zookeeper ... already running as process ${pidNow()}.\n`);
  });

  it('restart ZooKeeper as another process', async () => {
    const before = pidNow();
    const { code, stdout } = await zk('restart', zooCfg);
    assert.equal(code, 0);
    assert.equal(stdout, 'Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n');
    assert.notEqual(pidNow(), before);
    assert.ok(!isRunning(before));
  });

  it('find zoo.cfg in the directory that --config names, and flags in its java.env', async () => {
    const dir = join(scratch.path, 'etc');
    mkdirSync(dir);
    const dataDir = join(scratch.path, 'other');
    writeFileSync(join(dir, 'zoo.cfg'), `dataDir=${dataDir}\nclientPort=0\nclientPortAddress=127.0.0.1\n`);
    writeFileSync(
      join(dir, 'java.env'),
      'export SERVER_JVMFLAGS="-Xmx1g -Dzookeeper.snapCount=many $SERVER_JVMFLAGS"\n',
    );
    const { code, stderr } = await zk('--config', dir, 'start');
    assert.equal(code, 1);
    assert.match(lastLine(stderr), /^-Dzookeeper\.snapCount=many is not a whole number/);
  });

  it('answer through a link as npm makes it', async () => {
    const link = join(scratch.path, 'linked.sh');
    symlinkSync(zkServer, link);
    const { code, stdout } = await runScript(link, ['version']);
    assert.equal(code, 0);
    assert.match(stdout, /ZooKeeper, version 3\.9\./);
  });

  it('leave a program alone that has the number of a server long gone', async () => {
    const stale = write('stale.cfg', `dataDir=${join(scratch.path, 'stale')}`, 'clientPort=0');
    const pidPath = join(scratch.path, 'stale/zookeeper_server.pid');
    mkdirSync(join(scratch.path, 'stale'));
    writeFileSync(pidPath, String(process.pid));
    const { code, stdout } = await zk('stop', stale);
    assert.equal(code, 0);
    assert.match(stdout, /no zookeeper to stop/);
    assert.equal(existsSync(pidPath), false);
  });

  it('say that nothing runs, and that there is nothing to stop', async () => {
    const [port] = await freePorts(1);
    const idle = write('idle.cfg', `dataDir=${join(scratch.path, 'idle')}`, `clientPort=${port}`);
    const status = await zk('status', idle);
    assert.equal(status.code, 1);
    assert.equal(lastLine(status.stdout), 'Error contacting service. It is probably not running.');
    const stop = await zk('stop', idle);
    assert.equal(stop.code, 0);
    const pidPath = join(scratch.path, 'idle/zookeeper_server.pid');
    assert.equal(
      stop.stdout,
      `Stopping zookeeper ... no zookeeper to stop (could not find file ${pidPath})\n`,
    );
  });

  it('start a broker in the background and stop it by its id', async () => {
    const started = await broker('-daemon', serverProperties);
    assert.equal(started.code, 0, started.stderr);
    assert.match(readFileSync(join(scratch.path, 'logs/kafkaServer.out'), 'utf8'), /^Ready in /m);
    const stopped = await runScript(kafkaStop, [`--node-id=${brokerId}`], { env });
    assert.equal(stopped.code, 0);
    const lock = join(scratch.path, 'kafka/.lock');
    const deadline = performance.now() + 20_000;
    while (existsSync(lock)) {
      assert.ok(performance.now() < deadline, 'the broker has not ended');
      await runScript(zkServer, ['version']);
    }
    assert.ok(existsSync(join(scratch.path, 'kafka/.kafka_cleanshutdown')));
  });

  it('start ZooKeeper from a zookeeper.properties in the background', async () => {
    const [port = 0] = await freePorts(1);
    const dataDir = join(scratch.path, 'from-properties');
    const lines = [
      `dataDir=${dataDir}`,
      `clientPort=${port}`,
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
    ];
    const file = write('zookeeper.properties', ...lines);
    const started = await runScript(zookeeperStart, ['-daemon', file], { env, cwd: scratch.path });
    assert.equal(started.code, 0, started.stderr);
    assert.match(readFileSync(join(scratch.path, 'logs/zookeeper.out'), 'utf8'), /^Ready in /m);
    const status = await zk('status', file);
    assert.equal(lastLine(status.stdout), 'Mode: standalone');
    // Its own way to be stopped ends all servers of the machine, those of other tests too.
    const server = listProcesses().find(({ command }) => command.includes(file));
    assert.ok(server !== undefined);
    process.kill(server.pid, 'SIGTERM');
  });

  it('say which version of Kafka they stand for', async () => {
    assert.match((await broker('--version')).stdout, /Apache Kafka, version 3\.9\./);
  });

  it('come with samples that can be used as they are', () => {
    const sample = (name: string) => join(import.meta.dirname, '../../../../config', name);
    const { disk } = createNodeEnv({ logLevel: 'silent' });
    const path = sample('server.properties');
    const { config, warnings } = loadBrokerConfig(readServerProperties(disk.readFile(path), path));
    assert.deepEqual([config.zookeeperConnect, config.numPartitions, warnings], ['localhost:2181', 1, []]);
    for (const name of ['zookeeper.properties', 'zoo_sample.cfg']) {
      const loaded = loadServerConfig(disk, sample(name), new Map());
      assert.deepEqual(
        [loaded.options.clientPort, loaded.options.dataDir, loaded.warnings],
        [2181, '/tmp/zookeeper', []],
      );
    }
  });

  describe('with something wrong', () => {
    const dir = (name: string) => join(scratch.path, name);
    /** What is wrong, how it is started, and the one line that names the thing and the remedy. */
    const zkCases: [what: string, config: () => string[], line: RegExp, exitCode: number][] = [
      [
        'a taken port',
        () => [`dataDir=${dir('taken')}`, `clientPort=${clientPort}`, 'clientPortAddress=127.0.0.1'],
        /^EADDRINUSE: cannot listen on 127\.0\.0\.1:\d+: the port is taken: stop .* or choose another port$/,
        1,
      ],
      [
        'an address that this machine has not',
        () => [`dataDir=${dir('elsewhere')}`, 'clientPort=0', 'clientPortAddress=192.0.2.1'],
        /^EADDRNOTAVAIL: cannot listen on 192\.0\.2\.1:0: .* name one of its own$/,
        1,
      ],
      [
        'a data directory in use by another process',
        () => [`dataDir=${dir('zk')}`, 'clientPort=0', 'clientPortAddress=127.0.0.1'],
        /zk\/version-2 is in use by another server process\. Stop that one, or give this one another dataDir$/,
        3,
      ],
      [
        'a data directory below a file',
        () => [`dataDir=${dir('zoo.cfg/data')}`, 'clientPort=0'],
        /^cannot create .*zoo\.cfg\/data.*another dataDir$/,
        3,
      ],
      [
        'a data directory where nothing can be made',
        () => ['dataDir=/proc/streamkeeper', 'clientPort=0'],
        /^cannot create \/proc\/streamkeeper.*another dataDir$/,
        3,
      ],
      [
        'a bad value',
        () => [`dataDir=${dir('bad')}`, 'tickTime=soon'],
        /line 3: tickTime=soon .* give 1 to/,
        2,
      ],
      [
        'an ensemble without myid',
        () => [
          `dataDir=${dir('nobody')}`,
          'clientPort=0',
          'server.1=127.0.0.1:1:2',
          'server.2=127.0.0.1:3:4',
        ],
        /^cannot read .*nobody\/myid: ENOENT.*Write the number of this server into it/,
        2,
      ],
      [
        'a myid that names no server',
        () => {
          mkdirSync(dir('unknown'));
          write('unknown/myid', '7');
          return [`dataDir=${dir('unknown')}`, 'clientPort=0', ...ensembleLines('127.0.0.1')];
        },
        /unknown\/myid says 7, but there are lines for the servers 1, 2 alone: correct it, or add/,
        2,
      ],
      [
        'a myid that is no number',
        () => {
          mkdirSync(dir('text'));
          write('text/myid', 'server.1');
          return [`dataDir=${dir('text')}`, 'clientPort=0', ...ensembleLines('127.0.0.1')];
        },
        /text\/myid holds "server\.1" instead of a server id: write the N of this server's/,
        2,
      ],
      [
        'the myid of another machine',
        () => {
          mkdirSync(dir('moved'));
          write('moved/myid', '1');
          return [`dataDir=${dir('moved')}`, 'clientPort=0', ...ensembleLines('192.0.2.1')];
        },
        /^cannot listen for elections on 192\.0\.2\.1:2, .*EADDRNOTAVAIL.* Check that the number in myid/,
        14,
      ],
      ['no data directory', () => ['clientPort=0'], /dataDir is missing: add a line such as/, 2],
    ];
    function ensembleLines(host: string): string[] {
      const servers = [`server.1=${host}:1:2`, 'server.2=127.0.0.1:3:4'];
      return ['initLimit=10', 'syncLimit=5', 'electionPortBindRetry=1', ...servers];
    }
    for (const [what, config, line, exitCode] of zkCases) {
      it(`${what}: ZooKeeper says so in one line`, async () => {
        const path = write(`wrong-${what.replaceAll(' ', '-')}.cfg`, 'admin.enableServer=false', ...config());
        const { code, stderr } = await zk('start-foreground', path);
        assert.equal(code, exitCode);
        const text = stderr.split('\n').filter((each) => each !== '' && !/^(Using config|\{)/.test(each));
        assert.equal(text.length, 1, stderr);
        assert.match(text[0] ?? '', line);
      });
    }

    it('no zoo.cfg, or an unknown verb', async () => {
      const missing = await zk('start', dir('nowhere.cfg'));
      assert.equal(missing.code, 1);
      assert.match(lastLine(missing.stderr), /nowhere\.cfg: no such file: name a zoo\.cfg/);
      for (const args of [[], ['begin', zooCfg]]) {
        const { code, stderr } = await zk(...args);
        assert.equal(code, 1);
        assert.match(lastLine(stderr), /^Usage: zkServer\.sh /);
      }
    });

    it('a start in the background tells the reason that only the new process knows', async () => {
      const path = write(
        'late.cfg',
        `dataDir=${dir('late')}`,
        `clientPort=${clientPort}`,
        'clientPortAddress=127.0.0.1',
      );
      const { code, stdout, stderr } = await zk('start', path);
      assert.equal(code, 1);
      assert.equal(stdout, 'Starting zookeeper ... FAILED TO START\n');
      assert.match(lastLine(stderr), /^EADDRINUSE: .*choose another port$/);
    });

    const brokerCases: [what: string, overrides: () => string[], line: RegExp][] = [
      [
        'a bad value',
        () => ['num.partitions=few'],
        /^--override: num\.partitions: Invalid value few .* Give INT \[1,\.\.\.\], or remove it/,
      ],
      [
        'a ZooKeeper that is not there',
        () => [
          'zookeeper.connect=127.0.0.1:1',
          'zookeeper.connection.timeout.ms=500',
          `log.dirs=${dir('k2')}`,
        ],
        /^CONNECTIONLOSS: no server of 127\.0\.0\.1:1 .*check the address, and that ZooKeeper runs there$/,
      ],
      [
        'a taken port',
        () => [`listeners=PLAINTEXT://127.0.0.1:${clientPort}`, `log.dirs=${dir('k3')}`],
        /^EADDRINUSE: .*choose another port$/,
      ],
      [
        'log directories that cannot be made',
        () => ['log.dirs=/proc/streamkeeper'],
        /^none of log\.dirs can be used \(\/proc\/streamkeeper\): make them writable, or name others$/,
      ],
      [
        'a log directory of another cluster',
        () => {
          mkdirSync(dir('k4'));
          write('k4/meta.properties', `broker.id=${brokerId}`, 'version=0', 'cluster.id=another');
          return [`log.dirs=${dir('k4')}`];
        },
        /k4 belongs to cluster another, and ZooKeeper is that of cluster .*: check zookeeper\.connect/,
      ],
      [
        'a log directory of another broker',
        () => {
          mkdirSync(dir('k5'));
          write('k5/meta.properties', 'broker.id=3', 'version=0');
          return [`log.dirs=${dir('k5')}`];
        },
        /k5 belongs to broker 3, not \d+: check broker\.id, or use another log\.dirs$/,
      ],
    ];
    for (const [what, overrides, line] of brokerCases) {
      it(`${what}: the broker says so in one line`, async () => {
        const args = overrides().flatMap((override) => ['--override', override]);
        const { code, stderr } = await broker(serverProperties, ...args);
        assert.equal(code, 1);
        const text = stderr.split('\n').filter((each) => each !== '' && !each.startsWith('{'));
        assert.equal(text.length, 1, stderr);
        assert.match(text[0] ?? '', line);
      });
    }

    it('a file that may not be read', { skip: process.getuid?.() === 0 }, async () => {
      const path = write('secret.cfg', `dataDir=${dir('secret')}`);
      chmodSync(path, 0);
      const { code, stderr } = await zk('start-foreground', path);
      assert.equal(code, 1);
      assert.match(lastLine(stderr), /cannot read .*secret\.cfg: EACCES/);
    });

    for (const [what, args] of [
      ['no file', []],
      ['an override without a value', ['--override']],
    ] as const) {
      it(`${what}: the broker shows its usage`, async () => {
        const { code, stderr } = await broker(...(what === 'no file' ? [] : [serverProperties]), ...args);
        assert.equal(code, 1);
        assert.match(stderr, /^USAGE: kafka-server-start\.sh \[-daemon\] server\.properties/);
      });
    }
  });
});

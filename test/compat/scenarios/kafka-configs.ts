import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RunOptions } from '../../../tools/peers/process.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { until } from '../../../tools/until.ts';
import type { Context, Scenario } from '../scenario.ts';

const CONFIGS = 'kafka.admin.ConfigCommand';
const TOPICS = 'org.apache.kafka.tools.TopicCommand';

/** Values of entities: set, shown, taken away again. */
const cases: readonly (readonly [entity: readonly string[], setting: string, shown: RegExp])[] = [
  [['--user', 'alice'], 'producer_byte_rate=1000', /user-principal 'alice' are .*producer_byte_rate=1000\.0/],
  [['--client', 'an app'], 'request_percentage=12.5', /client-id 'an app' are .*request_percentage=12\.5/],
  [
    ['--user', 'alice', '--client', 'an app'],
    'consumer_byte_rate=7',
    /'alice', client-id 'an app' are .*=7\.0/,
  ],
  [['--user-defaults'], 'controller_mutation_rate=5', /default user-principal are .*=5\.0/],
  [['--client-defaults'], 'producer_byte_rate=6', /default client-id are .*=6\.0/],
  [
    ['--ip', '127.0.0.1'],
    'connection_creation_rate=10',
    /ip '127\.0\.0\.1' are .*connection_creation_rate=10\.0/,
  ],
  [['--ip-defaults'], 'connection_creation_rate=20', /default ip are .*=20\.0/],
  [['--broker', '0'], 'log.cleaner.threads=2', /log\.cleaner\.threads=2 .*DYNAMIC_BROKER_CONFIG/],
  [['--broker-defaults'], 'message.max.bytes=2000000', /message\.max\.bytes=2000000/],
  [
    ['--broker', '0'],
    'leader.replication.throttled.rate=1000000',
    /leader\.replication\.throttled\.rate=1000000/,
  ],
];

function kafkaConfigs(
  version: string,
  classPathOf: (context: Context) => Promise<string>,
  isOld: boolean,
): Scenario {
  return {
    name: `kafka-configs ${version} (Java)`,
    shows:
      'topics, brokers, broker defaults, users, clients, addresses and their defaults, SCRAM credentials',
    fullOnly: true,
    async run(context) {
      const classPath = await classPathOf(context);
      const { bootstrap, zookeeper } = await context.shared();
      const java = async (mainClass: string, args: readonly string[], options: RunOptions = {}) => {
        const { stdout, stderr } = await context.toolbox.java(classPath, mainClass, [...args], options);
        return stdout + stderr;
      };
      const configs = (args: readonly string[], options?: RunOptions) =>
        java(CONFIGS, ['--bootstrap-server', bootstrap, ...args], options);
      const topic = `configs-${randomUUID().slice(0, 8)}`;
      const topics = (...args: string[]) =>
        java(TOPICS, ['--bootstrap-server', bootstrap, '--topic', topic, ...args]);
      await topics('--create', '--partitions', '1', '--replication-factor', '1');
      const all = [...cases, [['--topic', topic], 'retention.ms=7200000', /retention\.ms=7200000/] as const];
      for (const [entity, setting, shown] of all) {
        assert.match(await configs(['--alter', ...entity, '--add-config', setting]), /Completed updating/);
        const isShown = async () => shown.test(await configs(['--describe', ...entity]));
        await until(`${entity.join(' ')} ${setting}`, isShown);
        const key = setting.slice(0, setting.indexOf('='));
        assert.match(await configs(['--alter', ...entity, '--delete-config', key]), /Completed updating/);
        await until(`${key} is gone`, async () => !(await isShown()));
      }
      await refusals(configs);
      await credentials(configs);
      if (isOld) await pastTheBrokers(zookeeper, (args, options) => java(CONFIGS, args, options));
      await topics('--delete');
      return `${all.length} kinds set, shown and taken away${isOld ? ', by way of ZooKeeper too' : ''}`;
    },
  };
}

type Configs = (args: readonly string[], options?: RunOptions) => Promise<string>;

/** What cannot be is refused with a reason. */
async function refusals(configs: Configs): Promise<void> {
  const refused = async (entity: readonly string[], setting: string, reason: RegExp) =>
    assert.match(await configs(['--alter', ...entity, '--add-config', setting], { mayFail: true }), reason);
  await refused(['--broker', '0'], 'num.io.threads=1000', /InvalidRequestException/);
  await refused(['--broker-defaults'], 'listeners=PLAINTEXT://:1', /broker id must be specified/);
  await refused(['--broker', '0'], 'log.dirs=/elsewhere', /Cannot update these configs dynamically/);
  await refused(['--user', 'alice'], 'nonsense=1', /Invalid configuration key|nonsense/);
}

/** SCRAM credentials, whose password the command salts itself. */
async function credentials(configs: Configs): Promise<void> {
  const bob = ['--user', 'bob'];
  const setting = 'SCRAM-SHA-256=[iterations=8192,password=secret],SCRAM-SHA-512=[password=secret]';
  await configs(['--alter', ...bob, '--add-config', setting]);
  const shown = await configs(['--describe', ...bob]);
  assert.match(shown, /SCRAM-SHA-256=iterations=8192/);
  assert.match(shown, /SCRAM-SHA-512=iterations=4096/);
  await configs(['--alter', ...bob, '--delete-config', 'SCRAM-SHA-256,SCRAM-SHA-512']);
  assert.doesNotMatch(await configs(['--describe', ...bob]), /SCRAM/);
}

/** What 3.9 writes to ZooKeeper itself: credentials, and configurations of brokers that are down. */
async function pastTheBrokers(zookeeper: string, configs: Configs): Promise<void> {
  const at = ['--zookeeper', zookeeper];
  const carol = [...at, '--entity-type', 'users', '--entity-name', 'carol'];
  await configs([...carol, '--alter', '--add-config', 'SCRAM-SHA-256=[password=secret]']);
  assert.match(await configs([...carol, '--describe']), /SCRAM-SHA-256=salt=/);
  await configs([...carol, '--alter', '--delete-config', 'SCRAM-SHA-256']);
  const down = [...at, '--entity-type', 'brokers', '--entity-name', '77'];
  await configs([...down, '--alter', '--add-config', 'log.cleaner.threads=2']);
  assert.match(await configs([...down, '--describe']), /log\.cleaner\.threads=2/);
  await configs([...down, '--alter', '--delete-config', 'log.cleaner.threads']);
  const up = [...at, '--entity-type', 'brokers', '--entity-name', '0'];
  const refused = await configs([...up, '--alter', '--add-config', 'log.cleaner.threads=2'], {
    mayFail: true,
  });
  assert.match(refused, /--bootstrap-server option must be specified/);
}

export const kafkaConfigsScenarios: readonly Scenario[] = [
  kafkaConfigs(versions.kafka, (context) => context.toolbox.apache(), true),
  kafkaConfigs(versions.newKafka, (context) => context.toolbox.newKafka(), false),
];

import assert from 'node:assert/strict';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import { Producer } from '../../../src/clients/kafka/producer/producer.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { comparableLines } from '../../../tools/command-texts/texts.ts';
import { startApache } from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher, runScript } from '../../support/command.ts';
import type { Context, Scenario } from '../scenario.ts';

const tools = 'org.apache.kafka.tools';
const env = createNodeEnv({ logLevel: 'silent' });

interface Step {
  readonly command: string;
  readonly mainClass: string;
  readonly args: readonly string[];
  readonly input?: string;
  /** Rubs out what differs from run to run. */
  readonly tidy?: (text: string) => string;
}

const cluster = (...args: string[]): Step => ({
  command: 'kafka-cluster',
  mainClass: `${tools}.ClusterTool`,
  args,
});
const features = (...args: string[]): Step => ({
  command: 'kafka-features',
  mainClass: `${tools}.FeatureCommand`,
  args,
});

const acls = (...args: string[]): Step => ({
  command: 'kafka-acls',
  mainClass: 'kafka.admin.AclCommand',
  args,
  // Apache's order is that of a hash of enumerations, another one in each run.
  tidy: (text) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .sort()
      .join('\n'),
});
const tokens = (...args: string[]): Step => ({
  command: 'kafka-delegation-tokens',
  mainClass: `${tools}.DelegationTokenCommand`,
  args: [...args, '--command-config', '/dev/null'],
});

const transactions = (...args: string[]): Step => ({
  command: 'kafka-transactions',
  mainClass: `${tools}.TransactionsCommand`,
  args,
  // How long a transaction has been open.
  tidy: (text) => text.replace(/\d{13} *\t\d+ *\t/g, 'T\t'),
});
const reassign = (...args: string[]): Step => ({
  command: 'kafka-reassign-partitions',
  mainClass: `${tools}.reassign.ReassignPartitionsCommand`,
  args,
});

/** Files of reassignments, for a topic of one broker. */
interface Files {
  readonly same: string;
  readonly nowhere: string;
  readonly twice: string;
  readonly unknown: string;
  readonly dirs: string;
  readonly topics: string;
}

function filesIn(workspace: Workspace, logDir: string): Files {
  const write = (name: string, content: unknown) => workspace.file(`${name}.json`, JSON.stringify(content));
  const partition = (topic: string, number: number, replicas: number[]) => ({
    topic,
    partition: number,
    replicas,
  });
  return {
    same: write('same', { version: 1, partitions: [partition('moves', 1, [0]), partition('moves', 0, [0])] }),
    nowhere: write('nowhere', { partitions: [partition('moves', 0, [99])] }),
    twice: write('twice', { partitions: [partition('moves', 0, [0]), partition('moves', 0, [0])] }),
    unknown: write('unknown', { partitions: [partition('nothing', 0, [0]), partition('moves', 0, [1])] }),
    dirs: write('dirs', { partitions: [{ ...partition('moves', 0, [0]), log_dirs: [logDir] }] }),
    topics: write('topics', { topics: [{ topic: 'moves' }], version: 1 }),
  };
}

/** Asked of Apache's command and of ours, one after the other. */
function moreSteps(bootstrap: string, files: Files): readonly Step[] {
  const at = ['--bootstrap-server', bootstrap];
  const execute = (file: string, ...more: string[]) =>
    reassign(...at, '--execute', '--reassignment-json-file', file, ...more);
  const verify = (file: string, ...more: string[]) =>
    reassign(...at, '--verify', '--reassignment-json-file', file, ...more);
  return [
    transactions(...at, 'list'),
    transactions(...at, 'list', '--duration-filter', '3600000'),
    transactions(...at, 'describe', '--transactional-id', 'mover'),
    transactions(...at, 'describe', '--transactional-id', 'nobody'),
    transactions(...at, 'describe-producers', '--topic', 'moves', '--partition', '0'),
    transactions(...at, 'describe-producers', '--topic', 'moves', '--partition', '0', '--broker-id', '0'),
    transactions(...at, 'find-hanging', '--topic', 'moves'),
    transactions(...at, 'find-hanging', '--broker-id', '0', '--max-transaction-timeout', '0'),
    transactions(...at, 'abort', '--topic', 'moves', '--partition', '0', '--start-offset', '77'),
    reassign(...at, '--list'),
    verify(files.same),
    verify(files.unknown, '--preserve-throttles'),
    execute(files.same),
    execute(files.same, '--throttle', '5000', '--replica-alter-log-dirs-throttle', '6000'),
    verify(files.same),
    execute(files.nowhere),
    execute(files.twice),
    execute(files.unknown),
    execute(files.dirs),
    verify(files.dirs),
    reassign(...at, '--cancel', '--reassignment-json-file', files.same),
    reassign(...[...at, '--generate', '--topics-to-move-json-file', files.topics], ...['--broker-list', '0']),
    reassign(
      ...[...at, '--generate', '--topics-to-move-json-file', files.topics],
      ...['--broker-list', '0,0'],
    ),
  ];
}

/** What changes nothing, so that Apache's command and ours can be asked one after the other. */
function steps(bootstrap: string): readonly Step[] {
  const at = ['--bootstrap-server', bootstrap];
  return [
    cluster('cluster-id', ...at),
    cluster('unregister', ...at, '--id', '5'),
    features(...at, 'describe'),
    features(...at, 'upgrade', '--feature', 'metadata.version=7', '--dry-run'),
    features(...at, 'disable', '--feature', 'metadata.version', '--feature', 'a'),
    acls(...at, '--list'),
    acls(...at, '--add', '--topic', 'orders', '--group', 'g', '--consumer', '--allow-principal', 'User:a'),
    acls(
      ...[
        ...at,
        '--add',
        '--topic',
        'o',
        '--resource-pattern-type',
        'prefixed',
        '--deny-principal',
        'User:b',
      ],
      ...['--deny-host', '10.0.0.1', '--operation', 'Write', '--operation', 'Read'],
    ),
    acls(...at, '--add', '--producer', '--idempotent', '--topic', 'orders', '--allow-principal', 'User:c'),
    acls(...at, '--add', '--cluster', '--operation', 'Create', '--allow-principal', 'User:c'),
    acls(...at, '--list'),
    acls(...at, '--list', '--topic', 'orders', '--resource-pattern-type', 'match'),
    acls(...at, '--list', '--principal', 'User:a', '--principal', 'User:nobody'),
    acls(...at, '--add', '--topic', 'a b', '--allow-principal', 'User:c'),
    { ...acls(...at, '--remove', '--topic', 'orders'), input: 'n\n' },
    { ...acls(...at, '--remove', '--group', 'g', '--allow-principal', 'User:a'), input: 'y\n' },
    acls(...at, '--remove', '--topic', 'orders', '--force'),
    acls(...at, '--list'),
    tokens(...at, '--create', '--max-life-time-period', '-1', '--renewer-principal', 'User:a'),
    tokens(...at, '--describe'),
    tokens(...at, '--renew', '--hmac', 'aGVsbG8=', '--renew-time-period', '5'),
    tokens(...at, '--expire', '--hmac', 'aGVsbG8=', '--expiry-time-period', '5'),
  ];
}

/** Runs Apache's command and ours with the same arguments: same output, same exit code. */
async function compare(context: Context, step: Step): Promise<void> {
  const { command, mainClass, args, input = '', tidy = (text) => text } = step;
  const java = await context.toolbox.javaTool(await context.toolbox.apache(), mainClass, args, { input });
  const ours = await runScript(launcher(`${command}.sh`), args, { input });
  const told = ({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }) => ({
    code,
    stdout: comparableLines(tidy(stdout)),
    stderr: comparableLines(tidy(stderr)),
  });
  assert.deepEqual(told(ours), told(java), `${command} ${args.join(' ')}`);
}

/** Our commands beside Apache's on one cluster. */
export const ourAdminCommandsScenarios: readonly Scenario[] = [
  {
    name: 'our commands of administrators beside those of Kafka 3.9.2',
    shows:
      'kafka-cluster, -features, -acls, -delegation-tokens, -transactions, -reassign-partitions print what Apache prints',
    fullOnly: true,
    async run(context) {
      const workspace = new Workspace('admin-commands');
      const apache = await startApache(context.toolbox, workspace, {
        'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
        'super.users': 'User:ANONYMOUS',
        'delegation.token.secret.key': 'secret',
      });
      try {
        await using admin = new Admin(env, { bootstrapServers: apache.bootstrap });
        await admin.createTopics([{ name: 'moves', partitions: 2 }]);
        await using producer = new Producer(env, {
          bootstrapServers: apache.bootstrap,
          transactionalId: 'mover',
        });
        await producer.initTransactions();
        producer.beginTransaction();
        await producer.send({ topic: 'moves', partition: 0, value: Buffer.from('half') });
        const [dir] = (await admin.describeLogDirs([0])).get(0) ?? [];
        const files = filesIn(workspace, dir?.path ?? '');
        const all = [...moreSteps(apache.bootstrap, files), ...steps(apache.bootstrap)];
        for (const step of all) {
          context.say(`  ${step.command} ${step.args.join(' ')}`);
          await compare(context, step);
        }
        return `${all.length} command lines, the same answers`;
      } finally {
        await apache.stop('SIGKILL');
        workspace.remove();
      }
    },
  },
];

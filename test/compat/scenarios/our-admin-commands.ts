import assert from 'node:assert/strict';
import { comparableLines } from '../../../tools/command-texts/texts.ts';
import { startApache } from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher, runScript } from '../../support/command.ts';
import type { Context, Scenario } from '../scenario.ts';

const tools = 'org.apache.kafka.tools';

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
    name: 'commands of the admin client beside Apache 3.9',
    shows: 'kafka-cluster, -features, -acls, -delegation-tokens print what Apache prints',
    async run(context) {
      const workspace = new Workspace('admin-commands');
      const apache = await startApache(context.toolbox, workspace, {
        'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
        'super.users': 'User:ANONYMOUS',
        'delegation.token.secret.key': 'secret',
      });
      try {
        const all = steps(apache.bootstrap);
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

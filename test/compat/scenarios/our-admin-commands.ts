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

/** What changes nothing, so that Apache's command and ours can be asked one after the other. */
function steps(bootstrap: string): readonly Step[] {
  const at = ['--bootstrap-server', bootstrap];
  return [
    cluster('cluster-id', ...at),
    cluster('unregister', ...at, '--id', '5'),
    features(...at, 'describe'),
    features(...at, 'upgrade', '--feature', 'metadata.version=7', '--dry-run'),
    features(...at, 'disable', '--feature', 'metadata.version', '--feature', 'a'),
  ];
}

/** Runs Apache's command and ours with the same arguments: same output, same exit code. */
async function compare(
  context: Context,
  { command, mainClass, args, tidy = (text) => text }: Step,
): Promise<void> {
  const java = await context.toolbox.javaTool(await context.toolbox.apache(), mainClass, args);
  const ours = await runScript(launcher(`${command}.sh`), args);
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
    shows: 'kafka-cluster and kafka-features print what Apache prints',
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

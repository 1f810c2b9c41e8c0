import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run } from '../../../tools/peers/process.ts';
import { freePorts, startApacheZooKeeper } from '../../../tools/peers/targets.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { comparableOutput, inputOf, shellCases } from '../../support/shell-cases.ts';
import type { Scenario } from '../scenario.ts';

/** Our shell on Apache's server: what it prints is what Apache's own shell printed there. */
export const ourShellScenario: Scenario = {
  name: `our zkCli.sh on ZooKeeper ${versions.zookeeper}`,
  shows: 'every command with its options, output and exit codes as those of the Java shell',
  async run({ toolbox }) {
    const workspace = new Workspace();
    const [port = 0] = await freePorts(1);
    const keeper = await startApacheZooKeeper(toolbox, {
      dataDir: workspace.dir('zookeeper'),
      port,
      workspace,
      config: { extendedTypesEnabled: 'true' },
    });
    try {
      let lines = 0;
      for (const shellCase of shellCases) {
        const args = [
          join(toolbox.root, 'bin/zkCli.sh'),
          '-server',
          `127.0.0.1:${port}`,
          ...(shellCase.args ?? []),
        ];
        const { stdout, stderr } = await run(process.execPath, args, {
          input: inputOf(shellCase),
          mayFail: true,
        });
        assert.deepEqual(comparableOutput(stdout), comparableOutput(shellCase.stdout), shellCase.name);
        assert.deepEqual(comparableOutput(stderr), comparableOutput(shellCase.stderr), shellCase.name);
        lines += shellCase.lines?.length ?? 1;
      }
      return `${lines} commands`;
    } finally {
      await keeper.stop();
      workspace.remove();
    }
  },
};

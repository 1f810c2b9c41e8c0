import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type CommandAnswer, comparableLines } from '../../../tools/command-texts/texts.ts';
import { launcher, runScript } from '../../support/command.ts';

const folder = join(import.meta.dirname, '../../../../test/golden/commands');

/** Without a broker: what Apache's commands say of themselves and of wrong command lines, ours say too. */
describe('commands answer as those of Apache', { concurrency: 2 }, () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const command = file.replace('.json', '');
    const answers = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CommandAnswer[];
    describe(command, () => {
      for (const { args, exitCode, stdout, stderr } of answers) {
        it(`${command} ${args.join(' ')}`, async () => {
          const ours = await runScript(launcher(`${command}.sh`), args);
          assert.deepEqual(
            { exitCode: ours.code, stdout: comparableLines(ours.stdout), stderr: comparableLines(ours.stderr) },
            { exitCode, stdout, stderr },
          );
        });
      }
    });
  }
  it('knows every command there', () => {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      assert.ok(existsSync(launcher(file.replace('.json', '.sh'))), file);
    }
  });
});

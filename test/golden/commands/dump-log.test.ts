import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher, runScript } from '../../support/command.ts';
import { goldenFile, goldenText } from '../../support/golden.ts';
import { untar } from '../../support/tar.ts';

const script = launcher('kafka-dump-log.sh');

/** The flag that shows what the records of a topic say. */
function decoderOf(directory: string): string {
  if (directory.startsWith('__consumer_offsets-')) return '--offsets-decoder';
  return directory.startsWith('__transaction_state-') ? '--transaction-log-decoder' : '--print-data-log';
}

/** Directories of a broker's logs, as Apache's DumpLogSegments printed every file of them. */
describe('kafka-dump-log prints what Apache prints', { concurrency: 2 }, () => {
  const workspace = new Workspace('dump-log');
  after(() => workspace.remove());

  for (const [archive, dump] of [
    ['clean', 'clean'],
    ['legacy-format', 'legacy-format'],
    ['torn-tail.after', 'torn-tail.after'],
  ] as const) {
    const root = workspace.dir(archive);
    const files = untar(goldenFile(`kafka/logdirs/${archive}.tar.gz`));
    for (const [name, content] of files) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    const sections = goldenText(`kafka/logdirs/${dump}.dump.txt.gz`).split(/^##### /m).slice(1);
    for (const section of sections) {
      const [directory = '', ...lines] = section.split('\n');
      it(`${archive} ${directory}`, async () => {
        const names = lines
          .filter((line) => line.startsWith('Dumping '))
          .map((line) => line.slice('Dumping '.length));
        const args = ['--files', names.join(','), decoderOf(directory)];
        const { code, stdout, stderr } = await runScript(script, args, { cwd: root });
        assert.equal(code, 0);
        const expected = lines.join('\n').trimEnd().split('\n');
        const shown = stdout.trimEnd().split('\n');
        assert.deepEqual(shown, expected.slice(0, shown.length));
        // What does not fit together comes last, file by file in the order of a hash of their paths.
        const found = stderr.replaceAll(root, 'data').split('\n').filter((line) => line !== '');
        assert.deepEqual(found.sort(), expected.slice(shown.length).sort());
      });
    }
  }
});

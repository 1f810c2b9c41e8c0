import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher, runScript } from '../../support/command.ts';
import { goldenFile, goldenText } from '../../support/golden.ts';
import { untar } from '../../support/tar.ts';

const txnLogToolkit = launcher('zkTxnLogToolkit.sh');
const snapShotToolkit = launcher('zkSnapShotToolkit.sh');
const cleanup = launcher('zkCleanup.sh');

/** The tools on data directories that Apache's servers wrote, compared with what Apache's tools print of them. */
describe('the tools for data directories', { timeout: 120_000 }, () => {
  const scratch = new Workspace('cli');
  const damaged = join(scratch.path, 'corrupt-log-crc/version-2');
  const ensemble = join(scratch.path, 'ensemble-server-1/version-2');

  before(() => {
    for (const name of ['corrupt-log-crc', 'ensemble-server-1']) {
      for (const [path, content] of untar(goldenFile(`zookeeper/datadirs/${name}.tar.gz`))) {
        const target = join(scratch.path, name, path);
        mkdirSync(join(target, '..'), { recursive: true });
        writeFileSync(target, content);
      }
    }
  });
  after(() => scratch.remove());

  for (const zxid of ['24', '116', 'c2']) {
    it(`dump log.${zxid} as Apache's does, damage included`, async () => {
      const { stdout, code } = await runScript(txnLogToolkit, [join(damaged, `log.${zxid}`)]);
      assert.equal(code, 0);
      assert.equal(stdout, goldenText(`zookeeper/toolkits/log.${zxid}.txt.gz`));
    });
  }

  it('dump a log for programs', async () => {
    const { stdout } = await runScript(txnLogToolkit, ['--json', join(damaged, 'log.116')]);
    const txns = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const text = goldenText('zookeeper/toolkits/log.116.txt.gz');
    assert.equal(txns.length, Number(/EOF reached after (\d+) txns/.exec(text)?.[1]));
    assert.deepEqual(
      txns.filter(({ crc }) => crc === 'error').map(({ zxid }) => zxid),
      ['0x120'],
    );
  });

  it('repair the checksums of a damaged log, which then has none to repair', async () => {
    const log = join(scratch.path, 'to-fix');
    copyFileSync(join(damaged, 'log.116'), log);
    const repair = await runScript(txnLogToolkit, ['-r', '-y', log]);
    assert.equal(repair.code, 0);
    assert.match(repair.stdout, /^CRC FIXED - .* zxid 0x120 /m);
    assert.match(repair.stdout, /has been written with 1 fixed CRC error\(s\)\n$/);
    const dump = await runScript(txnLogToolkit, [`${log}.fixed`]);
    const expected = goldenText('zookeeper/toolkits/log.116.txt.gz').replace(/^CRC ERROR .*\n/m, '');
    assert.equal(dump.stdout, expected);
    const again = await runScript(txnLogToolkit, ['-r', '-y', log]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^Recovery file .*to-fix\.fixed already exists/);
  });

  it('ask before they repair', async () => {
    for (const [answers, fixed] of [
      ['maybe\nno\n', 0],
      ['Yes\n', 1],
    ] as const) {
      const log = join(scratch.path, `asked-${fixed}`);
      copyFileSync(join(damaged, 'log.116'), log);
      const { stdout } = await runScript(txnLogToolkit, ['-r', log], { input: answers });
      assert.match(stdout, new RegExp(`written with ${fixed} fixed CRC`));
    }
    const log = join(scratch.path, 'aborted');
    copyFileSync(join(damaged, 'log.116'), log);
    const { code, stderr } = await runScript(txnLogToolkit, ['-r', log], { input: 'abort\n' });
    assert.equal(code, 1);
    assert.equal(stderr, 'Recovery aborted.\n');
  });

  it('shorten a log to a transaction', async () => {
    const log = join(scratch.path, 'to-chop');
    copyFileSync(join(damaged, 'log.24'), log);
    const { code } = await runScript(txnLogToolkit, ['-c', '-z', '0x30', log]);
    assert.equal(code, 0);
    const { stdout } = await runScript(txnLogToolkit, [`${log}.chopped${0x30}`]);
    const zxids = [...stdout.matchAll(/ zxid 0x([0-9a-f]+) /g)].map(([, zxid = '']) =>
      Number.parseInt(zxid, 16),
    );
    assert.equal(Math.max(...zxids), 0x30);
    assert.equal(zxids.length, 0x30 - 0x24 + 1);
  });

  it("dump a snapshot as Apache's does", async () => {
    const { stdout, code } = await runScript(snapShotToolkit, ['-d', join(damaged, 'snapshot.114')]);
    assert.equal(code, 0);
    assert.equal(stdout, goldenText('zookeeper/toolkits/snapshot.114.txt.gz'));
  });

  it("dump a snapshot as JSON, as Apache's does", async () => {
    const { stdout } = await runScript(snapShotToolkit, ['-json', join(ensemble, 'snapshot.10000025a')]);
    const withoutTime = (text: string) => JSON.parse(text.replace(/"timestamp":\d+/, '"timestamp":0'));
    assert.deepEqual(
      withoutTime(stdout),
      withoutTime(goldenText('zookeeper/toolkits/snapshot.10000025a.json.gz')),
    );
  });

  it('remove what is older than the snapshots to keep', async () => {
    const before = readdirSync(damaged);
    const { code, stdout } = await runScript(cleanup, [join(scratch.path, 'corrupt-log-crc'), '-n', '3']);
    assert.equal(code, 0);
    const removed = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('/').at(-1));
    assert.deepEqual(readdirSync(damaged).filter((name) => name.startsWith('snapshot')).length, 3);
    assert.deepEqual([...readdirSync(damaged), ...removed].sort(), before.sort());
    assert.ok(existsSync(join(damaged, 'log.c2')), 'the log that the oldest snapshot needs');
  });

  const missing = join(scratch.path, 'missing');
  for (const [what, script, args, expectedCode, line] of [
    ['no log', txnLogToolkit, [], 1, /^usage: TxnLogToolkit /],
    ['a log that is not there', txnLogToolkit, [missing], 1, /^File doesn't exist or not readable: /],
    [
      'an unknown option',
      txnLogToolkit,
      ['-q', missing],
      1,
      /^Unrecognized option: -q\n\nusage: TxnLogToolkit/,
    ],
    [
      'what is no log',
      txnLogToolkit,
      [join(damaged, 'snapshot.114')],
      1,
      /^Invalid magic number for snapshot\.114$/m,
    ],
    ['no snapshot', snapShotToolkit, [], 2, /^USAGE: SnapshotFormatter /],
    ['a snapshot that is not there', snapShotToolkit, [missing], 2, /^File '.*missing' does not exist\./],
    [
      'too few snapshots to keep',
      cleanup,
      [scratch.path, '-n', '2'],
      1,
      /^count should be greater than or equal to 3/,
    ],
    ['no directory', cleanup, ['-n', '3'], 1, /^Usage:\nPurgeTxnLog /],
    ['a directory that is not there', cleanup, [missing, '-n', '3'], 1, /^Path '.*missing' does not exist/],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const { code, stdout, stderr } = await runScript(script, args, { cwd: scratch.path });
      assert.equal(code, expectedCode);
      assert.match(stdout + stderr, line);
    });
  }

  it('tell damage in a snapshot in one line', async () => {
    const path = join(scratch.path, 'snapshot.5');
    writeFileSync(path, readFileSync(join(damaged, 'snapshot.114')).subarray(0, 5000));
    const { code, stderr } = await runScript(snapShotToolkit, [path]);
    assert.equal(code, 1);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
});

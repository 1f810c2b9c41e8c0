import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimHost } from '../../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import type { TxnEntry } from '../../../../src/wire/zookeeper/txn-entry.ts';
import { PersistenceError } from '../../../../src/zookeeper/persistence/persistence-error.ts';
import { paddedSize, TxnLog, type TxnLogOptions } from '../../../../src/zookeeper/persistence/txn-log.ts';
import { scanTxns } from '../../../../src/zookeeper/persistence/txn-log-scan.ts';

const DIRECTORY = '/log';
const MAX_BYTES = 1_000_000;

function entry(zxid: number, dataBytes = 10): TxnEntry {
  return {
    header: { clientId: 1n, cxid: zxid, zxid, time: 1000 + zxid, type: OpCode.setData },
    body: { type: OpCode.setData, txn: { path: '/a', data: Buffer.alloc(dataBytes, zxid), version: zxid } },
  };
}

const OPTIONS: TxnLogOptions = {
  directory: DIRECTORY,
  preAllocSizeBytes: 0,
  forceSync: true,
  syncWarningThresholdMs: 1000,
};

/** Runs `work` on a fresh simulated machine. */
async function onMachine(work: (host: SimHost) => Promise<void>): Promise<void> {
  const sim = new Simulation({ seed: 3 });
  const host = sim.host('server');
  host.env.disk.makeDirectory(DIRECTORY);
  await sim.run(() => work(host));
}

describe('the transaction log', () => {
  it('shares one sync among everything appended before it, and the next among what comes meanwhile', async () => {
    await onMachine(async ({ env }) => {
      let syncs = 0;
      const disk = Object.create(env.disk, {
        open: {
          value: (path: string, mode: 'read' | 'write' | 'create') => {
            const file = env.disk.open(path, mode);
            const sync = file.sync.bind(file);
            file.sync = () => {
              syncs++;
              return sync();
            };
            return file;
          },
        },
      });
      const log = new TxnLog({ ...env, disk }, OPTIONS, 0);
      const done: number[] = [];
      const append = (zxid: number) => log.append(entry(zxid));
      const wait = (zxid: number) => log.sync().then(() => done.push(zxid));
      for (const zxid of [1, 2, 3]) append(zxid);
      const first = wait(3);
      const rest: Promise<unknown>[] = [];
      for (const zxid of [4, 5, 6]) {
        append(zxid);
        rest.push(wait(zxid));
      }
      await first;
      assert.deepEqual(done, [3]);
      await Promise.all(rest);
      assert.deepEqual(done, [3, 4, 5, 6]);
      assert.equal(syncs, 2);
    });
  });

  it('allocates as Apache does and names files by their first transaction', async () => {
    await onMachine(async ({ env }) => {
      const log = new TxnLog(env, { ...OPTIONS, preAllocSizeBytes: 65_536 }, 0x1f);
      log.append(entry(0x20));
      await log.sync();
      assert.deepEqual(env.disk.list(DIRECTORY), ['log.20']);
      assert.equal(env.disk.stat('/log/log.20')?.size, 65_552);
      log.roll();
      log.append(entry(0x30, 70_000));
      log.append(entry(0x31));
      await log.sync();
      log.append(entry(0x32));
      await log.sync();
      await log.close();
      assert.deepEqual(env.disk.list(DIRECTORY), ['log.20', 'log.30']);
      assert.deepEqual(
        [...scanTxns(env, DIRECTORY, 1, MAX_BYTES)].map((txn) => txn.zxid),
        [0x20, 0x30, 0x31, 0x32],
      );
      assert.deepEqual(
        [...scanTxns(env, DIRECTORY, 0x31, MAX_BYTES)].map((txn) => txn.zxid),
        [0x31, 0x32],
      );
    });
  });

  it('writes zeros ahead of the records, a megabyte at a time and never beyond what is allocated', async () => {
    await onMachine(async ({ env }) => {
      const zeros: [from: number, to: number][] = [];
      const disk = Object.create(env.disk, {
        open: {
          value: (path: string, mode: 'read' | 'write' | 'create') => {
            const file = env.disk.open(path, mode);
            const write = file.write.bind(file);
            file.write = (chunks, position) => {
              const bytes = Buffer.concat(chunks);
              if (bytes.length > 1 && bytes.every((byte) => byte === 0))
                zeros.push([position, position + bytes.length]);
              write(chunks, position);
            };
            return file;
          },
        },
      });
      const log = new TxnLog({ ...env, disk }, { ...OPTIONS, preAllocSizeBytes: 1_500_000 }, 0);
      for (let zxid = 1; zxid <= 14; zxid++) {
        log.append(entry(zxid, 100_000));
        await log.sync();
      }
      await log.close();
      // One record with what is around it takes 100,059 bytes, behind a header of 16.
      assert.deepEqual(zeros, [
        [100_075, 100_075 + 2 ** 20],
        [1_200_724, 1_500_016],
      ]);
      assert.equal([...scanTxns(env, DIRECTORY, 0, MAX_BYTES)].length, 14);
    });
  });

  it('begins a new file when the old one has grown beyond its limit', async () => {
    await onMachine(async ({ env }) => {
      const log = new TxnLog(env, { ...OPTIONS, sizeLimitBytes: 500 }, 0);
      for (let zxid = 1; zxid <= 4; zxid++) {
        log.append(entry(zxid, 500));
        await log.sync();
      }
      assert.deepEqual(env.disk.list(DIRECTORY), ['log.1', 'log.2', 'log.3', 'log.4']);
      await log.close();
    });
  });

  const disks: [what: string, syncMs: number, together: number, inPlace: boolean][] = [
    ['a lone transaction in place on a quick disk', 0.2, 1, true],
    ['a lone transaction aside on a slow disk', 3, 1, false],
    ['a group aside on a quick disk', 0.2, 2, false],
  ];
  for (const [what, syncMs, together, inPlace] of disks) {
    it(`syncs ${what}`, async () => {
      await onMachine(async ({ env, disk }) => {
        Object.assign(disk.faults, { minSyncMs: syncMs, maxSyncMs: syncMs });
        const log = new TxnLog(env, OPTIONS, 0);
        let zxid = 0;
        const commit = async () => {
          for (let index = 0; index < together; index += 1) log.append(entry(++zxid));
          await log.sync();
        };
        for (let round = 0; round < 100; round += 1) await commit();
        const startMs = env.clock.monotonicMs();
        await commit();
        assert.equal(env.clock.monotonicMs() === startMs, inPlace);
        await log.close();
      });
    });
  }

  it('refuses zxids that do not rise', async () => {
    await onMachine(async ({ env }) => {
      const log = new TxnLog(env, OPTIONS, 0);
      log.append(entry(5));
      assert.throws(() => log.append(entry(5)), /zxid 5 is not above 5/);
    });
  });

  it('fails for good once the disk has failed, and tells everyone who waits', async () => {
    await onMachine(async (host) => {
      const log = new TxnLog(host.env, OPTIONS, 0);
      log.append(entry(1));
      await log.sync();
      log.append(entry(2));
      host.disk.faults.broken = true;
      const waiting = [log.sync(), log.sync()];
      for (const outcome of await Promise.allSettled(waiting)) {
        assert.equal(outcome.status, 'rejected');
        assert.match(
          String(outcome.reason),
          /cannot write the transaction log in \/log: .* Free or repair the disk/,
        );
      }
      host.disk.faults.broken = false;
      await assert.rejects(log.sync(), PersistenceError);
      assert.throws(() => log.append(entry(3)), PersistenceError);
      await assert.rejects(log.close(), PersistenceError);
    });
  });

  const paddings: [position: number, fileBytes: number, preAlloc: number, expected: number][] = [
    [16, 16, 65_536, 65_552],
    [1000, 65_552, 65_536, 65_552],
    [61_456, 65_552, 65_536, 131_088],
    [61_455, 65_552, 65_536, 65_552],
    [70_000, 65_552, 65_536, 131_072],
    [16, 16, 0, 16],
  ];
  for (const [position, fileBytes, preAlloc, expected] of paddings) {
    it(`written to ${position} of ${fileBytes} bytes in steps of ${preAlloc} is allocated to ${expected}`, () => {
      assert.equal(paddedSize(position, fileBytes, preAlloc), expected);
    });
  }
});

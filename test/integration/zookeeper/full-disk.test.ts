import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { freePorts } from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { launcher } from '../../support/command.ts';
import { RawZkClient } from '../../support/raw-zk-client.ts';

/** Of 512 or 1024 bytes, as the shell has it: no file of a limited server grows beyond. */
const LIMIT_BLOCKS = 256;
const DATA_BYTES = 2000;
const MOST_WRITES = 2000;
const PATIENCE_MS = 60_000;
const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

/**
 * A limit on the size of files is what a full disk is to a server's log, and needs no privileges: its writes fail. The
 * server of the highest id leads at first.
 */
describe('a server of three whose disk is full', { timeout: 240_000 }, () => {
  for (const [role, full] of [
    ['follower', 1],
    ['leader', 3],
  ] as const) {
    describe(`the ${role}`, () => {
      const scratch = new Workspace(`full-disk-${role}`);
      const { net } = createNodeEnv({ logLevel: 'silent' });
      const children = new Map<number, ChildProcess>();
      const output = new Map<number, string>();
      let ports: number[] = [];
      const clientPort = (id: number): number => ports[(id - 1) * 3] ?? 0;

      function start(id: number, limit: string): void {
        const command = `ulimit -f ${limit} && exec "$0" start-foreground "$1"`;
        const args = ['-c', command, launcher('zkServer.sh'), join(scratch.path, `${id}`, 'zoo.cfg')];
        const env = { ...process.env, SERVER_JVMFLAGS: '-Dzookeeper.admin.enableServer=false' };
        const child = spawn('sh', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
        const hear = (bytes: Buffer) => output.set(id, `${output.get(id) ?? ''}${bytes}`.slice(-20_000));
        child.stdout?.on('data', hear);
        child.stderr?.on('data', hear);
        children.set(id, child);
      }

      async function stateOf(id: number): Promise<string | undefined> {
        try {
          const client = await RawZkClient.open(net, clientPort(id));
          client.write(Buffer.from('srvr'));
          await client.closed();
          return /Mode: (\w+)/.exec(client.received.toString())?.[1];
        } catch {
          return undefined;
        }
      }

      async function allServe(): Promise<(string | undefined)[]> {
        const deadlineMs = performance.now() + PATIENCE_MS;
        for (;;) {
          const states = await Promise.all([1, 2, 3].map(stateOf));
          if (states.every((state) => state !== undefined) && states.includes('leader')) return states;
          if (performance.now() > deadlineMs)
            assert.fail(`${states}: ${[...output.values()].join('\n---\n')}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }

      before(async () => {
        ports = await freePorts(9);
        for (const id of [1, 2, 3]) {
          const dir = scratch.dir(`${id}`);
          mkdirSync(join(dir, 'data'));
          writeFileSync(join(dir, 'data/myid'), `${id}\n`);
          const servers = [1, 2, 3].map((each) => {
            const [, quorum, election] = ports.slice((each - 1) * 3);
            return `server.${each}=127.0.0.1:${quorum}:${election}`;
          });
          const lines = [
            `dataDir=${dir}/data`,
            `clientPort=${clientPort(id)}`,
            'clientPortAddress=127.0.0.1',
            'tickTime=500',
            'initLimit=20',
            'syncLimit=10',
            'preAllocSize=16',
            ...servers,
          ];
          writeFileSync(join(dir, 'zoo.cfg'), lines.join('\n'));
        }
      });

      after(() => {
        for (const child of children.values()) child.kill('SIGKILL');
        scratch.remove();
      });

      it('ends with an error that says why, and nothing that was acknowledged is lost', async () => {
        for (const id of [1, 2, 3]) start(id, id === full ? String(LIMIT_BLOCKS) : 'unlimited');
        assert.equal((await allServe())[full - 1], role);
        const child = children.get(full);
        assert.ok(child !== undefined);
        const ended = once(child, 'exit');
        const acknowledged = await writeUntil(() => child.exitCode !== null);
        const [code] = await ended;
        assert.notEqual(code, 0);
        assert.match(output.get(full) ?? '', /cannot write the transaction log in .*EFBIG/);

        // There is room again.
        start(full, 'unlimited');
        await allServe();
        for (const id of [1, 2, 3]) {
          const client = await connected(id);
          await client.call(OpCode.sync, { path: '/' });
          const missing: string[] = [];
          for (const path of acknowledged) {
            if ((await client.call(OpCode.exists, { path, watch: false })).header.err !== 0)
              missing.push(path);
          }
          assert.deepEqual(missing, [], `server ${id}`);
          client.destroy();
        }
      });

      async function connected(id: number): Promise<RawZkClient> {
        const client = await RawZkClient.open(net, clientPort(id));
        await client.connect({ timeOut: 10_000 });
        return client;
      }

      /** Writes by way of a server that has room; gives the paths that were acknowledged, some of them afterwards. */
      async function writeUntil(isOver: () => boolean): Promise<string[]> {
        const acknowledged: string[] = [];
        let client: RawZkClient | undefined;
        for (let count = 0, further = 0; count < MOST_WRITES && further < 10; count++) {
          const path = `/node-${count}`;
          try {
            client ??= await connected(2);
            const data = Buffer.alloc(DATA_BYTES, 0x61);
            const { header } = await client.call(OpCode.create, { path, data, acl: ACL, flags: 0 });
            assert.equal(header.err, 0);
            acknowledged.push(path);
            if (isOver()) further++;
          } catch (error) {
            if (error instanceof assert.AssertionError) throw error;
            // The leader is gone: its followers serve again in a moment.
            client?.destroy();
            client = undefined;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
        assert.ok(isOver(), `the disk was not full after ${acknowledged.length} writes`);
        return acknowledged;
      }
    });
  }
});

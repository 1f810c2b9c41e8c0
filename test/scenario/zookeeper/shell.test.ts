import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Shell } from '../../../src/cli/zk-shell/shell.ts';
import { withServer, type ZkSimulation } from '../../support/zk-simulation.ts';

interface Told {
  readonly out: string[];
  readonly err: string[];
  readonly results: unknown[];
}

/** What only a person at a terminal sees of the shell; its commands are compared with Apache's elsewhere. */
async function withShell(
  story: (shell: Shell, told: Told, zk: ZkSimulation) => Promise<void>,
): Promise<void> {
  await withServer({}, async (zk) => {
    const told: Told = { out: [], err: [], results: [] };
    const shell = new Shell({
      env: zk.clientHost.env,
      server: 'server:2181',
      timeoutMs: 10_000,
      readOnly: false,
      waitForConnection: true,
      output: {
        out: (text) => told.out.push(text),
        err: (text) => told.err.push(text),
        result: (value) => told.results.push(value),
      },
    });
    await shell.connect();
    try {
      await story(shell, told, zk);
    } finally {
      await shell.close();
    }
  });
}

async function run(shell: Shell, ...lines: string[]): Promise<void> {
  for (const line of lines) await shell.executeLine(line);
}

describe('the ZooKeeper shell', () => {
  it('shows server, state and number of the command in its prompt', async () => {
    await withShell(async (shell) => {
      assert.equal(shell.prompt, '[zk: server:2181(CONNECTED) 0] ');
      await run(shell, 'ls /', '', 'ls /');
      assert.equal(shell.prompt, '[zk: server:2181(CONNECTED) 2] ');
      await run(shell, 'close');
      assert.equal(shell.prompt, '[zk: server:2181(CLOSED) 3] ');
      await run(shell, 'connect');
      assert.equal(shell.prompt, '[zk: server:2181(CONNECTED) 4] ');
    });
  });

  it('completes commands and paths', async () => {
    await withShell(async (shell) => {
      await run(
        shell,
        'create /app',
        'create /apple',
        'create /app/one',
        'create /app/once',
        'create /app/two',
      );
      assert.deepEqual(await shell.complete('cre'), ['create ']);
      assert.deepEqual(await shell.complete('getA'), ['getAcl', 'getAllChildrenNumber']);
      assert.deepEqual(await shell.complete('/a'), ['/app', '/apple']);
      assert.deepEqual(await shell.complete('/app/on'), ['/app/once', '/app/one']);
      assert.deepEqual(await shell.complete('/nowhere/x'), []);
      assert.deepEqual(await shell.complete('no'), []);
    });
  });

  it('tells a disconnection and the way back', async () => {
    await withShell(async (shell, told, zk) => {
      told.out.length = 0;
      zk.sim.network.isolate('client');
      await zk.sim.advance(8000);
      zk.sim.network.heal();
      await zk.sim.advance(3000);
      const states = told.out.join('').match(/state:\w+/g);
      assert.deepEqual(states, ['state:Disconnected', 'state:SyncConnected']);
      await run(shell, 'ls /');
      assert.equal(told.out.at(-1), '[zookeeper]');
    });
  });

  it('gives watches up locally when no server can be told', async () => {
    await withShell(async (shell, told, zk) => {
      await run(shell, 'create /w', 'get -w /w');
      zk.sim.network.isolate('client');
      await zk.sim.advance(8000);
      told.err.length = 0;
      await run(shell, 'removewatches /w');
      assert.deepEqual(told.err, ['KeeperErrorCode = ConnectionLoss for /w']);
      await run(shell, 'removewatches /w -l');
      assert.match(told.out.at(-1) ?? '', /type:DataWatchRemoved path:\/w/);
      zk.sim.network.heal();
    });
  });

  it('keeps the last exit code for whoever quits', async () => {
    await withShell(async (shell) => {
      await run(shell, 'get /nowhere', 'quit');
      assert.equal(shell.hasQuit, true);
      assert.equal(shell.exitCode, 1);
    });
  });
});

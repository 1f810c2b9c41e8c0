import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MemoryDisk } from '../../../src/env/memory/memory-disk.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { launcher, runScript } from '../../support/command.ts';
import { comparableOutput, inputOf, shellCases } from '../../support/shell-cases.ts';

describe('zkCli.sh', { timeout: 120_000 }, () => {
  const zkCli = launcher('zkCli.sh');
  let server: RunningZooKeeperServer;
  const run = (args: readonly string[], input = '') =>
    runScript(zkCli, ['-server', server.address, ...args], { input, env: { TZ: 'UTC' } });

  before(async () => {
    const env = createNodeEnv({ logLevel: 'error' });
    server = await startZooKeeperServer(
      { ...env, disk: new MemoryDisk(env.clock) },
      { dataDir: '/zk', clientPort: 0, clientPortAddress: '127.0.0.1', extendedTypesEnabled: true },
    );
  });
  after(() => server.close());

  for (const shellCase of shellCases) {
    it(`prints what Apache's prints: ${shellCase.name}`, async () => {
      const { stdout, stderr, code } = await run(shellCase.args ?? [], inputOf(shellCase));
      assert.deepEqual(comparableOutput(stdout), comparableOutput(shellCase.stdout));
      assert.deepEqual(comparableOutput(stderr), comparableOutput(shellCase.stderr));
      assert.equal(code, shellCase.code);
    });
  }

  it('answers programs in JSON, one line a command', async () => {
    const input =
      'create /json "a b"\nget /json\nset -b /json /w==\nget /json\nls /json\ndelete /json\nget /json\n';
    const { stdout, code } = await run(['--json'], input);
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(code, 1);
    const [created, text, , bytes, listed, , gone] = results;
    assert.deepEqual(created, { path: '/json' });
    assert.equal(text.data, 'a b');
    assert.equal(text.stat.dataLength, 3);
    assert.equal(bytes.dataBase64, '/w==');
    assert.deepEqual(listed.children, []);
    assert.deepEqual(gone, { error: { code: 'NONODE', message: 'Node does not exist: /json' } });
  });

  it('shows the usage of all commands, or of one', async () => {
    const { stderr, code } = await run([], 'help\nhelp get\n');
    assert.equal(code, 0);
    assert.match(stderr, /^ZooKeeper -server host:port .*\n\taddWatch /);
    assert.match(stderr, /\nget \[-s\] \[-w\] \[-b\] \[-x\] path\n -b {3}Output data in base64 format\n/);
  });

  it('says that a refused identity ended the session', async () => {
    const { stdout } = await run([], 'addauth nonsense x\nls /\n');
    assert.match(stdout, /state:AuthFailed type:None/);
    assert.match(stdout, /Not connected\n$/);
  });

  describe('without a server', () => {
    const nowhere = ['-server', '127.0.0.1:1'];
    it('fails a command once the connection has failed', async () => {
      const { code, stderr } = await runScript(zkCli, [...nowhere, 'ls', '/']);
      assert.equal(code, 1);
      assert.equal(stderr, 'KeeperErrorCode = ConnectionLoss for /\n');
    });

    it('gives up waiting for a connection in time', async () => {
      const { code, stderr } = await runScript(zkCli, [
        ...nowhere,
        '-timeout',
        '300',
        '-waitforconnection',
        'ls',
        '/',
      ]);
      assert.equal(code, 1);
      assert.match(stderr, /^CONNECTIONLOSS: no server of 127\.0\.0\.1:1 accepted a session within 300 ms/);
    });
  });

  for (const [what, args, line] of [
    ['an option without its value', ['-server'], /^Error: no argument found for option -server\n$/],
    [
      'a timeout that is none',
      ['-timeout', 'soon'],
      /^-timeout soon: give the session timeout in milliseconds/,
    ],
    [
      'an address that is none',
      ['-server', 'a:b:c', 'ls', '/'],
      /'a:b:c' in connect string 'a:b:c' is not host:port\n$/,
    ],
    [
      'a missing file',
      ['-client-configuration', '/nowhere/x', 'ls', '/'],
      /^\/nowhere\/x: no such file: name/,
    ],
  ] as const) {
    it(`refuses ${what} in one line`, async () => {
      const { code, stderr } = await runScript(zkCli, args);
      assert.equal(code, 1);
      assert.match(stderr, line);
    });
  }
});

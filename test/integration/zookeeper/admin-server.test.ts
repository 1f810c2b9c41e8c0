import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setQuota, ZooKeeperClient } from '../../../src/clients/index.ts';
import type { Env } from '../../../src/env/env.ts';
import { MemoryDisk } from '../../../src/env/memory/memory-disk.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { nodeProcessFacts } from '../../../src/env/node/node-process-facts.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { goldenJson, goldenText } from '../../support/golden.ts';

interface Captured {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

/** What Apache's AdminServer 3.9.5 answered, in the state that `prepare` makes. */
const captured = Object.entries(goldenJson<Record<string, Captured>>('zookeeper/admin/commands-3.9.5.json'));

/** An answer without what differs from run to run; names, order, layout and kinds of values stay. */
function shape(body: string): string {
  return body
    .replace(/"version" : "[^"]*"/g, '"version" : "V"')
    .replace(/\d+\.\d+\.\d+\.\d+:\d+/g, 'ADDRESS')
    .replace(/^ *"\d+" : \[ \],\n/gm, '')
    .replace(/-?\d+\.\d+/g, 'DOUBLE')
    .replace(/(?<![\w])-?\d+/g, 'N');
}

describe('the AdminServer', { timeout: 60_000 }, () => {
  let env: Env;
  let server: RunningZooKeeperServer;
  let client: ZooKeeperClient;
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`http://127.0.0.1:${server.adminPort}${path}`, { headers, method });

  const json = async (path: string, headers: Record<string, string> = {}) =>
    (await (await get(path, headers)).json()) as Record<string, unknown>;

  before(async () => {
    const real = createNodeEnv({ logLevel: 'silent' });
    env = { ...real, disk: new MemoryDisk(real.clock) };
    server = await startZooKeeperServer(
      env,
      {
        dataDir: '/zk',
        clientPort: 0,
        clientPortAddress: '127.0.0.1',
        adminEnabled: true,
        adminPort: 0,
        adminAddress: '127.0.0.1',
        metricsProvider: 'prometheus',
        metricsPort: 0,
        metricsHost: '127.0.0.1',
        initialConfig: 'dataDir=/zk\n',
        systemProperties: new Map([
          ['zookeeper.b', '2'],
          ['zookeeper.a', '1'],
        ]),
      },
      { process: nodeProcessFacts },
    );
    client = await ZooKeeperClient.connect(env, { connectString: server.address });
    await client.create('/a', Buffer.from('x'));
    await client.create('/a/e', Buffer.from('y'), { mode: 'ephemeral' });
    const watch = () => undefined;
    await client.getData('/a', watch);
    await client.create('/q', Buffer.from('1'));
    await setQuota(client, '/q', { count: 3 });
  });
  after(async () => {
    await client.close();
    await server.close();
  });

  for (const [path, { status, contentType, body }] of captured) {
    it(`answers ${path} as Apache's does`, async () => {
      const response = await get(path);
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), contentType);
      assert.equal(shape(await response.text()), shape(body));
    });
  }

  it('tells its configuration and properties', async () => {
    const initial = await json('/commands/icfg');
    assert.equal(initial['initial_configuration'], 'dataDir=/zk\n');
    const properties = await json('/commands/system_properties');
    assert.deepEqual(Object.keys(properties), ['zookeeper.a', 'zookeeper.b', 'command', 'error']);
  });

  it('counts in `monitor` what `mntr` counts', async () => {
    const values = await json('/commands/monitor');
    assert.equal(values['server_state'], 'standalone');
    assert.equal(values['ephemerals_count'], 1);
    assert.equal(values['q_quota_count_limit_per_namespace'], 3);
    assert.ok(Number(values['cnt_fsynctime']) > 0);
    assert.ok(Number(values['max_file_descriptor_count']) > 0 || process.platform !== 'linux');
  });

  it('gives a snapshot to who may do anything, once in a while', async () => {
    const denied = await get('/commands/snapshot', { Authorization: 'nonsense x' });
    assert.equal(denied.status, 401);
    assert.match(await denied.text(), /"error" : "Not authenticated"/);
    const response = await get('/commands/snapshot', { Authorization: 'digest root:secret' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('last_zxid'), `0x${server.tree.lastProcessedZxid.toString(16)}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(String(bytes.length), response.headers.get('snapshot_size'));
    assert.equal(bytes.toString('latin1', 0, 4), 'ZKSN');
    const again = await get('/commands/snapshot', { Authorization: 'digest root:secret' });
    assert.equal(again.status, 429);
  });

  it('refuses who may not do anything to the root', async () => {
    await client.setACL('/', [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]);
    const response = await get('/commands/snapshot', { Authorization: 'ip' });
    assert.equal(response.status, 403);
    assert.match(await response.text(), /"error" : "Not authorized"/);
  });

  it('links its commands, and finds nothing elsewhere', async () => {
    const links = await (await get('/commands')).text();
    assert.match(links, /<a href="\/commands\/zabstate">zabstate<\/a>/);
    assert.equal((await get('/')).status, 404);
    assert.equal((await get('/commands/ruok', {}, 'POST')).status, 405);
  });

  it('exposes metrics to Prometheus under names that Apache has', async () => {
    const response = await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    const known = new Set(goldenText('zookeeper/admin/metrics-3.9.5.txt').match(/^# .*$/gm));
    const own = (text.match(/^# .*$/gm) ?? []).filter((line) => !/ (process|nodejs)_/.test(line));
    assert.deepEqual(
      own.filter((line) => !known.has(line)),
      [],
    );
    assert.ok(own.length > 60, String(own.length));
    for (const line of text.trimEnd().split('\n')) {
      assert.match(
        line,
        /^(# (HELP|TYPE) .*|[a-z_]+(\{(key|quantile)="[^"]*",\})? (NaN|-?\d+(\.\d+)?(e[+-]?\d+)?))$/,
      );
    }
    assert.match(text, /^znode_count \d+\.0$/m);
    assert.match(text, /^quota_count_limit_per_namespace\{key="q",\} 3\.0$/m);
    assert.match(text, /^updatelatency\{quantile="0\.99",\} \d+\.0$/m);
  });

  for (const [what, bytes, status] of [
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['another protocol', 'GET / SPDY/3\r\n\r\n', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400],
    ['a path that cannot be decoded', 'GET /%ff%zz HTTP/1.1\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`, 431],
  ] as const) {
    it(`answers ${what} with ${status}`, async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(server.adminPort ?? 0, '127.0.0.1', () => socket.write(bytes));
        let text = '';
        socket.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      });
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    });
  }

  it('takes snapshots one after the other, however many ask', async () => {
    const other = await startZooKeeperServer(
      { ...env, disk: new MemoryDisk(env.clock) },
      {
        dataDir: '/zk3',
        clientPort: 0,
        clientPortAddress: '127.0.0.1',
        adminEnabled: true,
        adminPort: 0,
        adminAddress: '127.0.0.1',
        adminSnapshotIntervalMs: 0,
      },
    );
    try {
      const url = `http://127.0.0.1:${other.adminPort}/commands/snapshot`;
      const headers = { Authorization: 'digest root:secret' };
      const answers = await Promise.all([1, 2, 3, 4].map(() => fetch(url, { headers })));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
      );
      for (const answer of answers)
        assert.equal(Buffer.from(await answer.arrayBuffer()).toString('latin1', 0, 4), 'ZKSN');
    } finally {
      await other.close();
    }
  });

  it('warns when its port is taken, and serves clients all the same', async () => {
    const second = await startZooKeeperServer(
      { ...env, disk: new MemoryDisk(env.clock) },
      {
        dataDir: '/zk2',
        clientPort: 0,
        clientPortAddress: '127.0.0.1',
        adminEnabled: true,
        adminPort: server.adminPort ?? 0,
        adminAddress: '127.0.0.1',
      },
    );
    try {
      assert.equal(second.adminPort, undefined);
      const other = await ZooKeeperClient.connect(env, { connectString: second.address });
      await other.close();
    } finally {
      await second.close();
    }
  });
});

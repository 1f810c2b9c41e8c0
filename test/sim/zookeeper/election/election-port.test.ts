import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../../../src/base/byte-writer.ts';
import type { Connection } from '../../../../src/env/net.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { encodeInitialMessage, encodeNotification } from '../../../../src/wire/zookeeper/election.ts';
import { ELECTION_PORT, notificationOf, PortHost } from '../../../support/election-hosts.ts';

/** Runs a story among ports 1, 2, ... that listen. */
async function withPorts(
  count: number,
  story: (sim: Simulation, ...ports: PortHost[]) => Promise<void>,
  seed = 1,
): Promise<void> {
  const sim = new Simulation({ seed });
  const hosts = Array.from({ length: count }, (_, index) => new PortHost(sim, index + 1));
  await sim.run(async () => {
    for (const host of hosts) await host.port.start();
    await story(sim, ...hosts);
    for (const host of hosts) if (host.host.isUp) await host.port.close();
  });
}

function port(hosts: PortHost[], id: number): PortHost {
  const host = hosts[id - 1];
  assert.ok(host !== undefined);
  return host;
}

interface Stranger {
  connection: Connection;
  isClosed: boolean;
  received: Buffer[];
}

async function connect(sim: Simulation, to = 'host1'): Promise<Stranger> {
  const connection = await sim.host('stranger').env.net.connect({ host: to, port: ELECTION_PORT });
  const stranger: Stranger = { connection, isClosed: false, received: [] };
  connection.start({
    data: (bytes) => stranger.received.push(bytes),
    close: () => {
      stranger.isClosed = true;
    },
  });
  return stranger;
}

const hello = (serverId: number, addresses = `host${serverId}:3888`): Buffer =>
  encodeInitialMessage({ protocol: -65_536, serverId, addresses });

function frame(body: Buffer, length = body.length): Buffer {
  const writer = new ByteWriter();
  writer.int32(length);
  writer.bytes(body);
  return writer.toBuffer();
}

const validFrame = frame(encodeNotification({ ...notificationOf(7), state: 0, config: 'version=0' }));

function longs(...values: bigint[]): Buffer {
  const writer = new ByteWriter();
  for (const value of values) writer.bigint64(value);
  return writer.toBuffer();
}

describe('an election port', () => {
  it('keeps one connection between two servers, whoever calls', async () => {
    for (const first of [1, 2]) {
      await withPorts(2, async (sim, ...hosts) => {
        const [caller, other] = [port(hosts, first), port(hosts, 3 - first)];
        caller.port.send(other.id, notificationOf(10));
        await sim.advance(1000);
        assert.deepEqual(other.received, [{ from: caller.id, zxid: 10 }]);
        other.port.send(caller.id, notificationOf(20));
        await sim.advance(1000);
        assert.deepEqual(caller.received, [{ from: other.id, zxid: 20 }]);
        assert.deepEqual(caller.port.connected, [other.id]);
        assert.deepEqual(other.port.connected, [caller.id]);
      });
    }
  });

  it('delivers when both servers call at once', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await withPorts(
        2,
        async (sim, ...hosts) => {
          port(hosts, 1).port.send(2, notificationOf(10));
          port(hosts, 2).port.send(1, notificationOf(20));
          await sim.advance(3000);
          assert.equal(port(hosts, 2).received.at(-1)?.zxid, 10, `seed ${seed}`);
          assert.equal(port(hosts, 1).received.at(-1)?.zxid, 20, `seed ${seed}`);
        },
        seed,
      );
    }
  });

  it('keeps the last message alone for a server that is down', async () => {
    await withPorts(3, async (sim, ...hosts) => {
      for (const id of [1, 2]) {
        const sleeper = port(hosts, id);
        sleeper.host.kill();
        for (const zxid of [1, 2, 3]) {
          port(hosts, 3).port.send(id, notificationOf(zxid));
          await sim.advance(100);
        }
        assert.equal(port(hosts, 3).port.hasDelivered(), id === 2);
        await sleeper.restart();
        await sim.advance(6000);
        assert.deepEqual(sleeper.received, [{ from: 3, zxid: 3 }]);
      }
    });
  });

  it('sends the last message again over a new connection', async () => {
    for (const [sender, receiver] of [
      [1, 2],
      [2, 1],
    ] as const) {
      await withPorts(2, async (sim, ...hosts) => {
        port(hosts, sender).port.send(receiver, notificationOf(5));
        await sim.advance(1000);
        const { length } = port(hosts, receiver).received;
        port(hosts, receiver).host.kill();
        await sim.advance(100);
        await port(hosts, receiver).restart();
        port(hosts, receiver).port.send(sender, notificationOf(9));
        await sim.advance(1000);
        assert.deepEqual(port(hosts, receiver).received.slice(length), [{ from: sender, zxid: 5 }]);
        assert.equal(port(hosts, sender).received.at(-1)?.zxid, 9);
      });
    }
  });

  it('calls a server that has restarted, though the old connection seems to live', async () => {
    await withPorts(2, async (sim, ...hosts) => {
      port(hosts, 2).port.send(1, notificationOf(5));
      await sim.advance(1000);
      // The end of the old connection gets lost.
      sim.network.blockOneWay(['host1'], ['host2']);
      port(hosts, 1).host.crash();
      await sim.advance(20_000);
      sim.network.heal();
      await port(hosts, 1).restart();
      port(hosts, 1).port.send(2, notificationOf(6));
      await sim.advance(1000);
      assert.equal(port(hosts, 2).received.at(-1)?.zxid, 6);
      assert.equal(port(hosts, 1).received.at(-1)?.zxid, 5);
    });
  });

  it('tries again and again to reach a server, more and more rarely', async () => {
    await withPorts(2, async (sim, ...hosts) => {
      // The machine is up, but nobody listens.
      port(hosts, 1).host.kill();
      port(hosts, 1).host.restart();
      const attempts: number[] = [];
      const { env } = port(hosts, 2).host;
      const connect = env.net.connect.bind(env.net);
      env.net.connect = (options) => {
        attempts.push(sim.nowMs);
        return connect(options);
      };
      port(hosts, 2).port.send(1, notificationOf(5));
      await sim.advance(30_000);
      const gaps = attempts.slice(1).map((atMs, index) => Math.floor((atMs - (attempts[index] ?? 0)) / 100));
      assert.deepEqual(gaps, [2, 4, 8, 16, 32, 50, 50, 50, 50]);
      port(hosts, 1).host.kill();
      await port(hosts, 1).restart();
      await sim.advance(5100);
      assert.deepEqual(port(hosts, 1).received, [{ from: 2, zxid: 5 }]);
    });
  });

  it('gets through after a partition', async () => {
    await withPorts(3, async (sim, ...hosts) => {
      sim.network.partition(['host1'], ['host2', 'host3']);
      for (const to of [2, 3]) port(hosts, 1).port.send(to, notificationOf(to));
      await sim.advance(60_000);
      assert.deepEqual(port(hosts, 2).received, []);
      sim.network.heal();
      await sim.advance(6000);
      for (const to of [2, 3]) assert.deepEqual(port(hosts, to).received, [{ from: 1, zxid: to }]);
    });
  });

  it('loses no time with an address that swallows packets, and keeps one connection of several', async () => {
    const sim = new Simulation({ seed: 1 });
    sim.host('nowhere').kill();
    const addresses = ['nowhere', 'host1', 'host1'].map((host) => ({ host, port: ELECTION_PORT }));
    const [first, second] = [
      new PortHost(sim, 1),
      new PortHost(sim, 2, { addressesOf: () => addresses, multiAddressEnabled: true }),
    ];
    await sim.run(async () => {
      await first.port.start();
      await second.port.start();
      second.port.send(1, notificationOf(5));
      await sim.advance(100);
      assert.deepEqual(first.received, [{ from: 2, zxid: 5 }]);
      await sim.advance(10_000);
      assert.deepEqual(first.port.connected, [2]);
      first.port.send(2, notificationOf(6));
      await sim.advance(100);
      assert.deepEqual(second.received, [{ from: 1, zxid: 6 }]);
      await first.port.close();
      await second.port.close();
    });
  });

  it('answers an observer without an id under a number of its own, and forgets it afterwards', async () => {
    await withPorts(1, async (sim, ...hosts) => {
      const observers = [await connect(sim), await connect(sim)];
      for (const { connection } of observers) {
        connection.write([longs(-65_536n, 2n ** 63n - 1n), frame(Buffer.from('observer:3888')), validFrame]);
      }
      await sim.advance(100);
      assert.deepEqual(
        port(hosts, 1).received.map(({ from }) => from),
        [-1, -2],
      );
      port(hosts, 1).port.send(-2, notificationOf(4));
      await sim.advance(100);
      assert.equal(observers[0]?.received.length, 0);
      assert.ok((observers[1]?.received.length ?? 0) > 0);
      for (const { connection } of observers) connection.destroy();
      await sim.advance(100);
      port(hosts, 1).port.send(-2, notificationOf(4));
      assert.deepEqual(port(hosts, 1).port.connected, []);
    });
  });

  it('reads connections of servers before 3.5, and of those with several addresses', async () => {
    await withPorts(1, async (sim, ...hosts) => {
      const old = await connect(sim);
      old.connection.write([longs(5n), validFrame]);
      const several = await connect(sim);
      several.connection.write([longs(-65_535n, 6n), frame(Buffer.from('a:1|[::1]:2')), validFrame]);
      await sim.advance(100);
      assert.deepEqual(
        port(hosts, 1).received.map(({ from }) => from),
        [5, 6],
      );
    });
  });
});

describe('an election port under bad input', () => {
  const cases: [what: string, bytes: Buffer][] = [
    ['an unknown protocol', longs(-1n, 5n)],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['an id too large', longs(-65_536n, 256n, 0n).fill(0, 16).fill(1, 19, 20)],
    ['a negative id', Buffer.concat([longs(-65_536n, -7n), frame(Buffer.from('a:1'))])],
    ['an id beyond numbers', longs(2n ** 60n)],
    ['addresses of no length', Buffer.concat([longs(-65_536n, 5n), frame(Buffer.alloc(0))])],
    ['addresses of negative length', Buffer.concat([longs(-65_536n, 5n), frame(Buffer.alloc(0), -5)])],
    ['endless addresses', Buffer.concat([longs(-65_536n, 5n), frame(Buffer.alloc(0), 2 ** 30)])],
    ['an address without port', Buffer.concat([longs(-65_536n, 5n), frame(Buffer.from('nowhere'))])],
    ['an address with a wrong port', Buffer.concat([longs(-65_536n, 5n), frame(Buffer.from('a:99999'))])],
    ['a frame of no bytes', Buffer.concat([hello(5), frame(Buffer.alloc(0))])],
    ['a frame of negative length', Buffer.concat([hello(5), frame(Buffer.alloc(0), -1)])],
    ['a frame too long', Buffer.concat([hello(5), frame(Buffer.alloc(0), 512 * 1024 + 1)])],
  ];
  for (const [what, bytes] of cases) {
    it(`closes the connection that sends ${what}, and no other`, async () => {
      await withPorts(2, async (sim, ...hosts) => {
        port(hosts, 2).port.send(1, notificationOf(1));
        await sim.advance(500);
        const stranger = await connect(sim);
        stranger.connection.write([bytes]);
        await sim.advance(500);
        assert.equal(stranger.isClosed, true);
        port(hosts, 2).port.send(1, notificationOf(2));
        await sim.advance(500);
        assert.deepEqual(
          port(hosts, 1).received.map(({ zxid }) => zxid),
          [1, 2],
        );
        assert.deepEqual(port(hosts, 1).port.connected, [2]);
      });
    });
  }

  const shortNotification = Buffer.alloc(27);
  const cutConfig = encodeNotification({ ...notificationOf(1), state: 0, config: 'server.1=' }).subarray(
    0,
    -3,
  );
  const noState = encodeNotification({ ...notificationOf(1), state: 9, config: '' });
  for (const [what, body] of [
    ['is too short', shortNotification],
    ['announces more configuration than it has', cutConfig],
    ['has an unknown state', noState],
  ] as const) {
    it(`passes over a notification that ${what}, and reads on`, async () => {
      await withPorts(1, async (sim, ...hosts) => {
        const stranger = await connect(sim);
        stranger.connection.write([hello(5), frame(body), validFrame]);
        await sim.advance(500);
        assert.deepEqual(port(hosts, 1).received, [{ from: 5, zxid: 7 }]);
        assert.equal(stranger.isClosed, false);
      });
    });
  }

  it('names the mistake when another server has the same id', async () => {
    await withPorts(1, async (sim) => {
      const twin = await connect(sim);
      twin.connection.write([hello(1)]);
      await sim.advance(500);
      assert.equal(twin.isClosed, true);
      const line = sim.logLines.find(({ level }) => level === 'error');
      assert.match(
        line?.text ?? '',
        /another server has the id of this one: give each server a myid of its own/,
      );
    });
  });

  it('disconnects who does not say who it is', async () => {
    await withPorts(1, async (sim) => {
      const silent = await connect(sim);
      const slow = await connect(sim);
      slow.connection.write([hello(5).subarray(0, 20)]);
      await sim.advance(4900);
      assert.equal(silent.isClosed || slow.isClosed, false);
      await sim.advance(200);
      assert.equal(silent.isClosed && slow.isClosed, true);
    });
  });

  it('lets silent connections wait in a bounded number', async () => {
    await withPorts(2, async (sim, ...hosts) => {
      const silent: Stranger[] = [];
      for (let count = 0; count < 100; count++) silent.push(await connect(sim));
      await sim.advance(100);
      assert.equal(silent.filter(({ isClosed }) => !isClosed).length, 64);
      port(hosts, 2).port.send(1, notificationOf(3));
      await sim.advance(500);
      assert.deepEqual(port(hosts, 1).received, [{ from: 2, zxid: 3 }]);
    });
  });

  it('reports a port that is taken after a number of attempts', async () => {
    const sim = new Simulation({ seed: 1 });
    const [first, second] = [new PortHost(sim, 1), new PortHost(sim, 1)];
    await sim.run(async () => {
      await first.port.start();
      const startMs = sim.nowMs;
      await assert.rejects(second.port.start(), /EADDRINUSE/);
      assert.ok(sim.nowMs - startMs >= 2000 && sim.nowMs - startMs < 3000);
      await first.port.close();
    });
  });

  it('gets a port that becomes free', async () => {
    const sim = new Simulation({ seed: 1 });
    const [first, second] = [new PortHost(sim, 1), new PortHost(sim, 1)];
    await sim.run(async () => {
      await first.port.start();
      const starting = second.port.start();
      await sim.advance(1500);
      await first.port.close();
      await starting;
      assert.deepEqual(second.port.ports, [ELECTION_PORT]);
      await second.port.close();
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Env } from '../../../src/env/env.ts';
import type { Connection, Listener } from '../../../src/env/net.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';

/** A server that sends every byte back, and counts connections that ended. */
function startEcho(env: Env, port = 7): Promise<Listener> {
  return env.net.listen({ port }, (connection) => {
    connection.start({
      data: (bytes) => void connection.write([bytes]),
      close: (error) => env.log.info('closed', { code: error && 'code' in error ? error.code : 'none' }),
    });
  });
}

interface Talk {
  connection: Connection;
  received: Buffer[];
  text(): string;
  closedBy: string | undefined;
}

async function talkTo(env: Env, host: string, port = 7): Promise<Talk> {
  const connection = await env.net.connect({ host, port, timeoutMs: 5000 });
  const talk: Talk = {
    connection,
    received: [],
    text: () => Buffer.concat(talk.received).toString('latin1'),
    closedBy: undefined,
  };
  connection.start({
    data: (bytes) => talk.received.push(bytes),
    close: (error) => {
      talk.closedBy = error !== undefined && 'code' in error ? String(error.code) : 'end';
    },
  });
  return talk;
}

/** A run with timers, sockets and files on three hosts; returns its trace. */
async function busyRun(seed: number): Promise<{ digest: number; trace: string[] }> {
  const sim = new Simulation({ seed, keepTrace: true });
  sim.network.conditions.resetProbability = 0.02;
  const server = sim.host('server');
  await sim.run(async () => {
    await startEcho(server.env);
    for (const name of ['left', 'right']) {
      const { env } = sim.host(name);
      const talk = await talkTo(env, 'server');
      const file = env.disk.open('/log', 'write');
      env.timers.every(10, () => {
        const bytes = env.random.bytes(1 + env.random.below(40));
        talk.connection.write([bytes]);
        file.write([bytes], file.size());
        void file.sync().then(() => env.log.info('synced', { size: file.size() }));
      });
    }
    await sim.advance(500);
    server.crash();
    server.restart();
    await startEcho(server.env);
    await sim.advance(500);
  });
  return { digest: sim.traceDigest, trace: sim.trace };
}

describe('simulation', () => {
  it('repeats itself event by event for the same seed, and only for that', async () => {
    const [first, second, other] = [await busyRun(7), await busyRun(7), await busyRun(8)];
    assert.deepEqual(first.trace, second.trace);
    assert.equal(first.digest, second.digest);
    assert.notEqual(first.digest, other.digest);
    assert.ok(first.trace.length > 500);
  });

  it('runs an hour of timers without waiting', async () => {
    const sim = new Simulation({ seed: 1 });
    const { env } = sim.host('a');
    const startMs = env.clock.monotonicMs();
    let ticks = 0;
    const interval = env.timers.every(1000, () => {
      ticks += 1;
    });
    env.timers.after(500, () => assert.equal(env.clock.monotonicMs() - startMs, 500));
    env.timers.after(400, () => assert.fail('cancelled')).cancel();
    await sim.advance(3_600_000);
    assert.equal(ticks, 3600);
    assert.equal(env.clock.nowMs(), sim.epochMs + 3_600_000);
    interval.cancel();
    await sim.advance(5000);
    assert.equal(ticks, 3600);
  });

  it('lets all promise reactions run out between two events', async () => {
    const sim = new Simulation({ seed: 1 });
    const { env } = sim.host('a');
    const order: string[] = [];
    env.timers.after(1, () => {
      void (async () => {
        for (let step = 0; step < 50; step += 1) await Promise.resolve();
        order.push('reactions');
      })();
    });
    env.timers.after(1, () => order.push('next event'));
    env.timers.soon(() => order.push('soon'));
    await sim.advance(1);
    assert.deepEqual(order, ['soon', 'reactions', 'next event']);
  });

  it('waits for conditions inside and outside of run, and names the seed when they stay away', async () => {
    const sim = new Simulation({ seed: 42 });
    const { env } = sim.host('a');
    let on = false;
    env.timers.after(30, () => {
      on = true;
    });
    await sim.run(async () => {
      await sim.runUntil(() => on, { withinMs: 31 });
      assert.equal(sim.nowMs, 30);
      await sim.advance(5);
      assert.equal(sim.nowMs, 35);
    });
    await assert.rejects(
      sim.runUntil(() => false, { withinMs: 10 }),
      {
        name: 'SimulationError',
        message: 'the condition did not come true within 10 ms of virtual time (seed 42, at 45 ms)',
      },
    );
    env.timers.after(1, () => {
      throw new Error('broken core');
    });
    await assert.rejects(sim.advance(10), /a: timer: Error: broken core \(seed 42, at 46 ms\)/);
    await assert.rejects(
      sim.run(async () => assert.equal(1, 2)),
      assert.AssertionError,
    );
    await sim.advance(1);
  });

  it('gives each host its own wall clock, name and address', async () => {
    const sim = new Simulation({ seed: 1 });
    const [a, b] = [sim.host('a'), sim.host('b')];
    b.clockSkewMs = -60_000;
    assert.equal(a.env.clock.nowMs() - b.env.clock.nowMs(), 60_000);
    assert.equal(a.env.net.hostname(), 'a');
    assert.deepEqual(await a.env.net.resolve('b'), [b.address]);
    assert.deepEqual(await a.env.net.resolve('localhost'), ['127.0.0.1']);
    await assert.rejects(a.env.net.resolve('c'), { code: 'ENOTFOUND' });
    assert.equal(sim.host('a'), a);
  });
});

describe('simulated network', () => {
  it('delivers bytes in order, each to an owner of its own', async () => {
    const sim = new Simulation({ seed: 3 });
    sim.network.conditions.maxDelayMs = 50;
    sim.network.conditions.fragmentProbability = 0.5;
    await sim.run(async () => {
      await startEcho(sim.host('server').env);
      const talk = await talkTo(sim.host('client').env, 'server');
      const sent = Buffer.from('0');
      let expected = '';
      for (let turn = 0; turn < 200; turn += 1) {
        const text = `${turn},`;
        expected += text;
        talk.connection.write([Buffer.from(text)]);
        if (turn % 3 === 0) await sim.advance(1);
      }
      talk.connection.write([sent]);
      await sim.runUntil(() => talk.text().endsWith(',0'));
      assert.equal(talk.text(), `${expected}0`);
      talk.received.at(-1)?.fill(0xff);
      assert.equal(sent.toString('latin1'), '0');
    });
  });

  it('refuses, times out and finds ports as a real one does', async () => {
    const sim = new Simulation({ seed: 1 });
    const [a, b] = [sim.host('a'), sim.host('b')];
    await sim.run(async () => {
      await assert.rejects(a.env.net.connect({ host: 'b', port: 9 }), { code: 'ECONNREFUSED' });
      await assert.rejects(a.env.net.connect({ host: 'nowhere', port: 9 }), { code: 'ENOTFOUND' });
      const listener = await b.env.net.listen({ host: '127.0.0.1', port: 0 }, () => undefined);
      assert.ok(listener.port > 0);
      await assert.rejects(a.env.net.connect({ host: 'b', port: listener.port }), { code: 'ECONNREFUSED' });
      const same = await b.env.net.connect({ host: 'localhost', port: listener.port });
      assert.equal(same.remoteHost, '127.0.0.1');
      await assert.rejects(startEcho(b.env, listener.port), { code: 'EADDRINUSE' });
      await listener.close();
      await startEcho(b.env, listener.port);
      b.crash();
      const before = sim.nowMs;
      await assert.rejects(a.env.net.connect({ host: 'b', port: listener.port, timeoutMs: 700 }), {
        code: 'ETIMEDOUT',
      });
      assert.equal(sim.nowMs - before, 700);
    });
  });

  it('holds bytes back in a one-way partition and delivers them when it heals', async () => {
    const sim = new Simulation({ seed: 5 });
    const [client, server] = [sim.host('client'), sim.host('server')];
    await sim.run(async () => {
      const received: string[] = [];
      const ends: Connection[] = [];
      await server.env.net.listen({ port: 7 }, (connection) => {
        ends.push(connection);
        connection.start({ data: (bytes) => received.push(String(bytes)), close: () => undefined });
      });
      const talk = await talkTo(client.env, 'server');
      sim.network.blockOneWay(['client'], ['server']);
      talk.connection.write([Buffer.from('one')]);
      await sim.advance(1000);
      talk.connection.write([Buffer.from('two')]);
      ends[0]?.write([Buffer.from('the way back is open')]);
      await sim.advance(1000);
      assert.deepEqual(received, []);
      assert.equal(talk.text(), 'the way back is open');
      sim.network.heal();
      await sim.advance(100);
      assert.equal(received.join(''), 'onetwo');
      assert.equal(talk.closedBy, undefined);
    });
  });

  it('keeps the order of bytes when a partition ends while some are on their way', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const sim = new Simulation({ seed });
      const [client, server] = [sim.host('client'), sim.host('server')];
      sim.network.conditions.maxDelayMs = 100;
      await sim.run(async () => {
        let received = '';
        const accept = (connection: Connection): void =>
          connection.start({ data: (bytes) => (received += String(bytes)), close: () => undefined });
        await server.env.net.listen({ port: 7 }, accept);
        const talk = await talkTo(client.env, 'server');
        let sent = '';
        for (let round = 0; round < 10; round++) {
          if (round % 2 === 0) sim.network.blockOneWay(['client'], ['server']);
          else sim.network.heal();
          for (let number = 0; number < 5; number++) {
            talk.connection.write([Buffer.from(`${round}.${number} `)]);
            sent += `${round}.${number} `;
            await sim.advance(sim.random.below(30));
          }
        }
        sim.network.heal();
        await sim.runUntil(() => received.length === sent.length, { withinMs: 10_000 });
        assert.equal(received, sent, `seed ${seed}`);
      });
    }
  });

  it('fails the sender when a partition lasts, while the other end knows nothing', async () => {
    const sim = new Simulation({ seed: 5 });
    const [client, server] = [sim.host('client'), sim.host('server')];
    await sim.run(async () => {
      await startEcho(server.env);
      const talk = await talkTo(client.env, 'server');
      sim.network.partition(['client'], ['server']);
      talk.connection.write([Buffer.from('lost')]);
      await sim.advance(sim.network.retransmitTimeoutMs + 10);
      assert.equal(talk.closedBy, 'ETIMEDOUT');
      assert.deepEqual(sim.logLines, []);
      await assert.rejects(talkTo(client.env, 'server'), { code: 'ETIMEDOUT' });
      sim.network.heal();
      const again = await talkTo(client.env, 'server');
      again.connection.write([Buffer.from('back')]);
      await sim.runUntil(() => again.text() === 'back', { withinMs: 100 });
    });
  });

  it('breaks connections at both ends when packets are lost for good', async () => {
    const sim = new Simulation({ seed: 6 });
    await sim.run(async () => {
      await startEcho(sim.host('server').env);
      const talk = await talkTo(sim.host('client').env, 'server');
      sim.network.setLink('client', 'server', { resetProbability: 1 });
      talk.connection.write([Buffer.from('x')]);
      await sim.advance(50);
      assert.equal(talk.closedBy, 'ECONNRESET');
      assert.deepEqual(
        sim.logLines.map((line) => [line.host, line.text, line.fields['code']]),
        [['server', 'closed', 'ECONNRESET']],
      );
      assert.equal(talk.connection.write([Buffer.from('y')]), false);
    });
  });

  it('holds a fast sender back until the receiver reads again', async () => {
    const sim = new Simulation({ seed: 1 });
    await sim.run(async () => {
      let atServer: Connection | undefined;
      let received = 0;
      await sim.host('server').env.net.listen({ port: 7 }, (connection) => {
        atServer = connection;
        const data = (bytes: Buffer): void => {
          received += bytes.length;
        };
        connection.start({ data, close: () => undefined });
        connection.pause();
      });
      let drains = 0;
      const sender = await sim.host('client').env.net.connect({ host: 'server', port: 7 });
      sender.start({
        data: () => undefined,
        drain: () => {
          drains += 1;
        },
        close: () => undefined,
      });
      while (sender.write([Buffer.alloc(100_000)])) await sim.advance(1);
      const sent = received + sender.pendingBytes;
      assert.ok(sent > 0);
      await sim.advance(1000);
      assert.equal(drains, 0);
      atServer?.resume();
      await sim.runUntil(() => drains === 1, { withinMs: 1000 });
      assert.equal(sender.pendingBytes, 0);
    });
  });

  it('ends connections in order, from either side, with the last bytes first', async () => {
    const sim = new Simulation({ seed: 2 });
    await sim.run(async () => {
      await startEcho(sim.host('server').env);
      const talk = await talkTo(sim.host('client').env, 'server');
      talk.connection.write([Buffer.from('bye')]);
      talk.connection.end();
      await sim.runUntil(() => talk.closedBy !== undefined);
      assert.equal(talk.closedBy, 'end');
      assert.equal(talk.text(), 'bye');
      assert.deepEqual(
        sim.logLines.map((line) => line.fields['code']),
        ['none'],
      );
    });
  });
});

describe('simulated crash', () => {
  it('ends timers, connections and the env of the process; a restart begins anew', async () => {
    const sim = new Simulation({ seed: 9 });
    const [client, server] = [sim.host('client'), sim.host('server')];
    await sim.run(async () => {
      const { env } = server;
      await startEcho(env);
      let ticks = 0;
      env.timers.every(10, () => {
        ticks += 1;
      });
      const talk = await talkTo(client.env, 'server');
      await sim.advance(55);
      server.crash();
      await sim.advance(100);
      assert.equal(ticks, 5);
      assert.ok(talk.closedBy === 'ECONNRESET' || talk.closedBy === 'end');
      assert.throws(() => server.env, /restart it before/);
      assert.throws(() => env.disk.list('/'), { name: 'ProcessGoneError' });
      assert.notEqual(server.restart(), env);
      await assert.rejects(talkTo(client.env, 'server'), { code: 'ECONNREFUSED' });
      await startEcho(server.env);
      await talkTo(client.env, 'server');
    });
  });

  it('releases directory locks of dead processes, not of living ones', async () => {
    const sim = new Simulation({ seed: 9 });
    const host = sim.host('a');
    host.env.disk.makeDirectory('/data');
    host.env.disk.syncDirectory('/');
    assert.ok(host.env.disk.lock('/data'));
    assert.equal(host.env.disk.lock('/data/'), undefined);
    host.kill();
    const lock = host.restart().disk.lock('/data');
    assert.ok(lock);
    lock.release();
    assert.ok(host.env.disk.lock('/data'));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection } from '../../../src/env/net.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { type Answer, closeConnection, type Handler, handler } from '../../../src/kafka/api/handler.ts';
import { HandlerTable } from '../../../src/kafka/api/table.ts';
import type { Endpoint } from '../../../src/kafka/server/config/listeners.ts';
import type { ConnectionLimits } from '../../../src/kafka/server/connection-quotas.ts';
import { RequestDispatcher } from '../../../src/kafka/server/request-dispatcher.ts';
import { SocketServer } from '../../../src/kafka/server/socket-server.ts';
import { frame } from '../../../src/wire/kafka/frame.ts';
import { RequestHeader } from '../../../src/wire/kafka/headers.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../src/wire/kafka/messages/12-heartbeat.ts';
import { RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';

const PORT = 9092;
const IDLE_MS = 60_000;
const Heartbeat = { request: HeartbeatRequest, response: HeartbeatResponse };

/** A server whose only API besides ApiVersions answers when, and what, the test says. */
class Server {
  readonly sim = new Simulation({ seed: 1 });
  /** Groups of the requests that have come to the handler, in order. */
  readonly served: string[] = [];
  /** By group: how the handler answers; at once, without error, when nothing is said. */
  readonly answers = new Map<string, () => Answer<{ errorCode: number }>>();
  sockets: SocketServer | undefined;
  private readonly limits: ConnectionLimits;

  constructor(limits: Partial<ConnectionLimits> = {}) {
    this.limits = limitsWith(limits);
  }

  async start(): Promise<void> {
    const { env } = this.sim.host('server');
    const heartbeat: Handler = {
      ...handler({ ...Heartbeat, versions: [0, 4], handle: () => ({ errorCode: 0 }) }),
      handle: (request) => {
        const { groupId } = request as { groupId: string };
        this.served.push(groupId);
        return this.answers.get(groupId)?.() ?? { errorCode: 0 };
      },
    };
    const options = { requestMaxBytes: 100_000, backlog: 50, connectionsMaxIdleMs: IDLE_MS };
    const dispatcher = new RequestDispatcher(env, new HandlerTable([heartbeat]));
    this.sockets = new SocketServer(env, options, this.limits, dispatcher);
    await this.sockets.start([endpoint('PLAINTEXT', PORT)]);
  }

  get open(): number {
    return this.sockets?.connectionCount ?? -1;
  }

  client(host = 'client', port = PORT): Promise<RawKafkaClient> {
    return RawKafkaClient.connect(this.sim.host(host).env.net, { host: 'server', port });
  }

  /** A connection that sends what no client would. */
  async raw(host = 'client', port = PORT): Promise<RawConnection> {
    return new RawConnection(await this.sim.host(host).env.net.connect({ host: 'server', port }));
  }

  /** Runs a story on the simulated network, and ends all of it. */
  async tell(story: () => Promise<void>): Promise<void> {
    await this.sim.run(async () => {
      await this.start();
      await story();
      await this.sockets?.stop();
      await this.sim.advance(1000);
      assert.equal(this.open, 0, 'connections are left');
    });
  }
}

function endpoint(listenerName: string, port: number): Endpoint {
  return { listenerName, securityProtocol: 'PLAINTEXT', host: 'server', port };
}

function limitsWith(limits: Partial<ConnectionLimits>): ConnectionLimits {
  return {
    maxConnections: 100,
    maxConnectionsPerListener: new Map(),
    maxConnectionsPerIp: 100,
    maxConnectionsPerIpOverrides: new Map(),
    protectedListener: undefined,
    ...limits,
  };
}

class RawConnection {
  readonly connection: Connection;
  closed = false;
  received = 0;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        this.received += bytes.length;
      },
      close: () => {
        this.closed = true;
      },
    });
  }

  write(bytes: Buffer): void {
    this.connection.write([bytes]);
  }
}

function beat(groupId: string) {
  return { groupId, generationId: 1, memberId: 'm' };
}

function requestBytes(groupId: string, apiKey = 12, version = 0): Buffer {
  const header = RequestHeader.at(1).encode({
    requestApiKey: apiKey,
    requestApiVersion: version,
    correlationId: 7,
    clientId: 'raw',
  });
  return Buffer.concat(frame([header, HeartbeatRequest.at(0).encode(beat(groupId))]));
}

/** A promise that the test settles. */
function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((yes) => {
    resolve = yes;
  });
  return { promise, resolve };
}

describe('requests of one connection', () => {
  it('are answered one after the other, though they come together', async () => {
    const server = new Server();
    await server.tell(async () => {
      const client = await server.client();
      const slow = later<{ errorCode: number }>();
      server.answers.set('slow', () => slow.promise);
      const done: string[] = [];
      const calls = ['first', 'slow', 'third', 'fourth'].map((group) =>
        client.call(Heartbeat, 4, beat(group)).then(() => done.push(group)),
      );
      await server.sim.advance(1000);
      assert.deepEqual([server.served, done], [['first', 'slow'], ['first']]);
      slow.resolve({ errorCode: 27 });
      await Promise.all(calls);
      assert.deepEqual(done, ['first', 'slow', 'third', 'fourth']);
      assert.deepEqual(server.served, ['first', 'slow', 'third', 'fourth']);
    });
  });

  it('do not wait for those of another', async () => {
    const server = new Server();
    await server.tell(async () => {
      const [one, other] = [await server.client(), await server.client()];
      server.answers.set('never', () => later<{ errorCode: number }>().promise);
      const waiting = assert.rejects(one.call(Heartbeat, 4, beat('never')));
      await other.call(Heartbeat, 4, beat('quick'));
      one.destroy();
      await waiting;
    });
  });

  it('may come in pieces', async () => {
    const server = new Server();
    await server.tell(async () => {
      const raw = await server.raw();
      for (const byte of requestBytes('piecemeal')) {
        raw.write(Buffer.from([byte]));
        await server.sim.advance(5);
      }
      await server.sim.advance(100);
      assert.deepEqual([server.served, raw.received > 0, raw.closed], [['piecemeal'], true, false]);
    });
  });

  it('are held back at their source while too many, or too large ones, wait', async () => {
    for (const { groupBytes, total, takenBytes } of [
      { groupBytes: 10, total: 40_000, takenBytes: 400_000 },
      { groupBytes: 30_000, total: 1000, takenBytes: 1_700_000 },
    ]) {
      const server = new Server();
      await server.tell(async () => {
        const raw = await server.raw();
        const stuck = later<{ errorCode: number }>();
        server.answers.set('stuck', () => stuck.promise);
        raw.write(requestBytes('stuck'));
        const request = requestBytes('x'.repeat(groupBytes));
        // A turn's writes arrive together.
        for (let sent = 0; sent < total; sent++) {
          raw.write(request);
          if (sent % (total / 100) === 0) await server.sim.advance(10);
        }
        await server.sim.advance(5000);
        assert.equal(server.served.length, 1);
        const taken = total * request.length - raw.connection.pendingBytes;
        assert.ok(taken < takenBytes, `the server took ${taken} bytes`);
        stuck.resolve({ errorCode: 0 });
        await server.sim.runUntil(() => server.served.length === total + 1);
      });
    }
  });
});

describe('a connection is closed', () => {
  const cases: readonly (readonly [why: string, bytes: Buffer])[] = [
    ['by a frame above the limit', Buffer.from([0, 1, 0x86, 0xa1])],
    ['by a frame of negative size', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['by a frame without a header', Buffer.from([0, 0, 0, 2, 0, 12])],
    ['by an API that is not served', requestBytes('g', 3)],
    ['by a version that is not served', requestBytes('g', 12, 9)],
    ['by a body that cannot be read', requestBytes('g').fill(0xff, 20)],
    ['by an HTTP client', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ];
  for (const [why, bytes] of cases) {
    it(why, async () => {
      const server = new Server();
      await server.tell(async () => {
        const [raw, other] = [await server.raw(), await server.client()];
        raw.write(bytes);
        await server.sim.advance(100);
        assert.deepEqual([raw.closed, raw.received, server.open], [true, 0, 1]);
        await other.call(Heartbeat, 4, beat('unharmed'));
      });
    });
  }

  it('by an announced frame only when it is complete or too large, and holds no memory for it', async () => {
    const server = new Server();
    await server.tell(async () => {
      const raw = await server.raw();
      raw.write(Buffer.from([0, 1, 0x86, 0xa0, 1, 2, 3]));
      await server.sim.advance(1000);
      assert.deepEqual([raw.closed, server.open], [false, 1]);
    });
  });

  it('by a handler that fails, at once or later, or says so', async () => {
    const server = new Server();
    const fail = () => {
      throw new Error('a bug');
    };
    server.answers.set('bug', fail);
    server.answers.set('late bug', () => Promise.resolve().then(fail));
    server.answers.set('close', () => closeConnection);
    await server.tell(async () => {
      for (const group of ['bug', 'late bug', 'close']) {
        const client = await server.client();
        const lost = assert.rejects(client.call(Heartbeat, 4, beat(group)));
        await lost;
      }
      await (await server.client()).call(Heartbeat, 4, beat('unharmed'));
    });
  });

  it('when nothing has come for connections.max.idle.ms, but not while an answer is due', async () => {
    const server = new Server();
    const slow = later<{ errorCode: number }>();
    server.answers.set('slow', () => slow.promise);
    await server.tell(async () => {
      const [idle, busy] = [await server.raw(), await server.client()];
      const call = busy.call(Heartbeat, 4, beat('slow'));
      await server.sim.advance(IDLE_MS - 1000);
      assert.equal(idle.closed, false);
      await server.sim.advance(IDLE_MS / 2);
      assert.deepEqual([idle.closed, server.open], [true, 1]);
      slow.resolve({ errorCode: 0 });
      assert.equal((await call).errorCode, 0);
    });
  });

  it('with its answer lost, when the client leaves while it waits', async () => {
    const server = new Server();
    const slow = later<{ errorCode: number }>();
    server.answers.set('slow', () => slow.promise);
    await server.tell(async () => {
      const client = await server.client();
      const lost = assert.rejects(client.call(Heartbeat, 4, beat('slow')));
      await server.sim.advance(10);
      client.destroy();
      await lost;
      await server.sim.advance(100);
      assert.equal(server.open, 0);
      slow.resolve({ errorCode: 0 });
      await server.sim.advance(100);
    });
  });
});

describe('connections beyond a limit', () => {
  it('of one address are closed at once, those of others are not', async () => {
    const server = new Server({ maxConnectionsPerIp: 2 });
    await server.tell(async () => {
      const all = [
        await server.raw('a'),
        await server.raw('a'),
        await server.raw('a'),
        await server.raw('b'),
      ];
      await server.sim.advance(100);
      assert.deepEqual(
        all.map(({ closed }) => closed),
        [false, false, true, false],
      );
      all[0]?.connection.destroy();
      await server.sim.advance(100);
      const next = await server.raw('a');
      await server.sim.advance(100);
      assert.equal(next.closed, false);
    });
  });

  it('of one address may be more where an override says so', async () => {
    const probe = new Simulation({ seed: 1 });
    const address = probe.host('server').address;
    const client = probe.host('a').address;
    assert.notEqual(address, client);
    const server = new Server({
      maxConnectionsPerIp: 1,
      maxConnectionsPerIpOverrides: new Map([[client, 2]]),
    });
    await server.tell(async () => {
      const all = [await server.raw('a'), await server.raw('a'), await server.raw('a')];
      await server.sim.advance(100);
      assert.deepEqual(
        all.map(({ closed }) => closed),
        [false, false, true],
      );
    });
  });

  it('in all wait unserved until another closes', async () => {
    const server = new Server({ maxConnections: 1 });
    await server.tell(async () => {
      const first = await server.client();
      await first.call(Heartbeat, 4, beat('first'));
      const second = await server.client();
      const gone = await server.client();
      const third = await server.client();
      let answered = 0;
      const calls = [second, third].map((client, index) =>
        client.call(Heartbeat, 4, beat(`waiting ${index}`)).then(() => answered++),
      );
      gone.destroy();
      await server.sim.advance(1000);
      assert.deepEqual([server.served, answered], [['first'], 0]);
      first.destroy();
      await calls[0];
      second.destroy();
      await Promise.all(calls);
      assert.deepEqual(server.served, ['first', 'waiting 0', 'waiting 1']);
    });
  });
  it('of one listener wait for another of the same', async () => {
    const server = new Server({ maxConnectionsPerListener: new Map([['SECOND', 1]]) });
    await server.tell(async () => {
      await server.sockets?.setListeners([endpoint('PLAINTEXT', PORT), endpoint('SECOND', PORT + 1)]);
      const [first, second] = [await server.client('a', PORT + 1), await server.client('a', PORT + 1)];
      await first.call(Heartbeat, 4, beat('first'));
      let answered = false;
      const call = second.call(Heartbeat, 4, beat('second')).then(() => {
        answered = true;
      });
      await (await server.client()).call(Heartbeat, 4, beat('elsewhere'));
      assert.equal(answered, false);
      first.destroy();
      await call;
      assert.deepEqual(server.served, ['first', 'elsewhere', 'second']);
    });
  });

  it('close the longest idle one where brokers connect', async () => {
    const server = new Server({ maxConnections: 2, protectedListener: 'BROKERS' });
    await server.tell(async () => {
      await server.sockets?.setListeners([endpoint('PLAINTEXT', PORT), endpoint('BROKERS', PORT + 1)]);
      const idle = await server.raw();
      await server.sim.advance(1000);
      const busy = await server.raw();
      await server.sim.advance(1000);
      const broker = await server.client('a', PORT + 1);
      await broker.call(Heartbeat, 4, beat('broker'));
      assert.deepEqual([idle.closed, busy.closed, server.open], [true, false, 2]);
    });
  });

  it('may be more, or fewer, from now on', async () => {
    const server = new Server({ maxConnections: 1 });
    await server.tell(async () => {
      const [first, second] = [await server.client(), await server.client()];
      await first.call(Heartbeat, 4, beat('first'));
      const call = second.call(Heartbeat, 4, beat('second'));
      await server.sim.advance(100);
      assert.deepEqual(server.served, ['first']);
      server.sockets?.setLimits(limitsWith({ maxConnections: 2 }));
      await call;
      assert.equal(server.open, 2);
      server.sockets?.setLimits(limitsWith({ maxConnections: 1 }));
      await server.sim.advance(100);
      assert.equal(server.open, 1);
      server.sockets?.setLimits(limitsWith({ maxConnectionsPerIp: 1 }));
      const refused = await server.raw();
      await server.sim.advance(100);
      assert.deepEqual([refused.closed, server.open], [true, 1]);
    });
  });
});

describe('listeners', () => {
  it('come and go, the connections of those that stay unharmed', async () => {
    const server = new Server();
    await server.tell(async () => {
      const old = await server.client();
      await old.call(Heartbeat, 4, beat('old'));
      const both = [endpoint('PLAINTEXT', PORT), endpoint('SECOND', PORT + 1)];
      assert.deepEqual(await server.sockets?.setListeners(both), both);
      const second = await server.client('a', PORT + 1);
      await second.call(Heartbeat, 4, beat('second'));
      await old.call(Heartbeat, 4, beat('old'));
      await server.sockets?.setListeners([endpoint('SECOND', PORT + 1)]);
      await assert.rejects(old.call(Heartbeat, 4, beat('gone')));
      await assert.rejects(server.client());
      await second.call(Heartbeat, 4, beat('second'));
    });
  });

  it('are as before but for the removed ones, when one of the new ones cannot be had', async () => {
    const server = new Server();
    await server.tell(async () => {
      await server.sockets?.setListeners([endpoint('PLAINTEXT', PORT), endpoint('SECOND', PORT + 1)]);
      const taken = endpoint('FOURTH', PORT);
      const wanted = [endpoint('PLAINTEXT', PORT), endpoint('THIRD', PORT + 2), taken];
      await assert.rejects(server.sockets?.setListeners(wanted) ?? Promise.resolve());
      await (await server.client()).call(Heartbeat, 4, beat('first'));
      for (const port of [PORT + 1, PORT + 2]) await assert.rejects(server.client('a', port));
    });
  });
});

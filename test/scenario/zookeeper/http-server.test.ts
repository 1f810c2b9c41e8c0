import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection } from '../../../src/env/net.ts';
import { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { type HttpResponse, HttpServer } from '../../../src/zookeeper/server/http-server.ts';

const IDLE_MS = 30_000;

class Client {
  text = '';
  isClosed = false;
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        this.text += bytes.toString('latin1');
      },
      close: () => {
        this.isClosed = true;
      },
    });
  }

  send(text: string): void {
    this.connection.write([Buffer.from(text, 'latin1')]);
  }
}

async function withHttp(
  answer: () => Promise<HttpResponse>,
  story: (connect: () => Promise<Client>, sim: Simulation) => Promise<void>,
): Promise<void> {
  const sim = new Simulation({ seed: 1 });
  const { env } = sim.host('server');
  const clientHost = sim.host('client');
  const server = new HttpServer({ env, host: '0.0.0.0', port: 80, idleTimeoutMs: IDLE_MS, answer });
  await sim.run(async () => {
    await server.start();
    await story(async () => new Client(await clientHost.env.net.connect({ host: 'server', port: 80 })), sim);
    await server.close();
  });
}

const ok = async (): Promise<HttpResponse> => ({ status: 200, contentType: 'text/plain', body: 'fine' });
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('the HTTP server', () => {
  it('answers a request that comes in pieces, and closes', async () => {
    await withHttp(ok, async (connect, sim) => {
      const client = await connect();
      for (const char of REQUEST) client.send(char);
      await sim.advance(1000);
      assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n.*Content-Length: 4\r\n.*\r\n\r\nfine$/s);
      assert.ok(client.isClosed);
    });
  });

  it('closes a connection on which no request comes to its end in time', async () => {
    await withHttp(ok, async (connect, sim) => {
      const client = await connect();
      client.send('GET / HTTP/1.1\r\n');
      await sim.advance(IDLE_MS - 1000);
      client.send('X: y\r\n');
      assert.ok(!client.isClosed);
      await sim.advance(2000);
      assert.ok(client.isClosed, 'a byte now and then keeps nothing open');
    });
  });

  it('has so many connections and no more', async () => {
    await withHttp(ok, async (connect, sim) => {
      const clients: Client[] = [];
      for (let i = 0; i < 300; i++) clients.push(await connect());
      await sim.advance(1000);
      assert.equal(clients.filter(({ isClosed }) => !isClosed).length, 256);
      clients[0]?.connection.destroy();
      await sim.advance(1000);
      const next = await connect();
      next.send(REQUEST);
      await sim.advance(1000);
      assert.match(next.text, /^HTTP\/1\.1 200 /);
    });
  });

  it('answers 500 when an answer fails, and goes on', async () => {
    await withHttp(
      () => Promise.reject(new Error('broken')),
      async (connect, sim) => {
        for (let i = 0; i < 2; i++) {
          const client = await connect();
          client.send(REQUEST);
          await sim.advance(1000);
          assert.match(client.text, /^HTTP\/1\.1 500 /);
        }
      },
    );
  });

  it('sends a long answer piece by piece, no faster than it is read', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let given = 0;
    const body = {
      length: 100 * chunk.length,
      chunks: (async function* () {
        for (let i = 0; i < 100; i++) {
          given++;
          yield chunk;
        }
      })(),
    };
    await withHttp(
      async () => ({ status: 200, body }),
      async (connect, sim) => {
        const client = await connect();
        client.connection.pause();
        client.send(REQUEST);
        await sim.advance(5000);
        assert.ok(given < 100, `${given} chunks are waiting in memory`);
        client.connection.resume();
        await sim.advance(20_000);
        assert.equal(client.text.length - client.text.indexOf('\r\n\r\n') - 4, body.length);
      },
    );
  });

  it('survives any bytes', async () => {
    await withHttp(ok, async (connect, sim) => {
      const random = new SimRandom(7);
      for (let round = 0; round < 200; round++) {
        const client = await connect();
        const bytes = random.bytes(1 + random.below(400));
        client.send(`${round % 3 === 0 ? 'GET /' : ''}${bytes.toString('latin1')}\r\n\r\n`);
        await sim.advance(100);
        assert.match(client.text, /^HTTP\/1\.1 (400|200) /);
      }
    });
  });
});

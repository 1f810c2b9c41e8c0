import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection, ConnectionHandler } from '../../../src/env/net.ts';
import { NodeNet } from '../../../src/env/node/node-net.ts';

const net = new NodeNet();

/** Collects what arrives on a connection. */
class Sink implements ConnectionHandler {
  readonly chunks: Buffer[] = [];
  drains = 0;
  readonly closed: Promise<Error | undefined>;
  private settleClosed: (error?: Error) => void = () => undefined;
  private waiting: { bytes: number; resolve: () => void } | undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve;
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  data(bytes: Buffer): void {
    this.chunks.push(bytes);
    if (this.waiting !== undefined && this.bytes >= this.waiting.bytes) this.waiting.resolve();
  }

  drain(): void {
    this.drains += 1;
  }

  close(error?: Error): void {
    this.settleClosed(error);
  }

  async received(bytes: number): Promise<void> {
    if (this.bytes >= bytes) return;
    await new Promise<void>((resolve) => {
      this.waiting = { bytes, resolve };
    });
  }
}

interface Pair extends AsyncDisposable {
  client: Connection;
  server: Connection;
}

async function connectedPair(): Promise<Pair> {
  let accept: (connection: Connection) => void = () => undefined;
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const listener = await net.listen({ host: '127.0.0.1', port: 0 }, (connection) => accept(connection));
  const client = await net.connect({ host: '127.0.0.1', port: listener.port });
  const server = await accepted;
  return {
    client,
    server,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      server.destroy();
      await listener.close();
    },
  };
}

describe('the real network', () => {
  it('carries bytes both ways and holds data back until the handler is there', async () => {
    await using pair = await connectedPair();
    const [atClient, atServer] = [new Sink(), new Sink()];
    pair.client.write([Buffer.from('early')]);
    pair.client.start(atClient);
    pair.server.start(atServer);
    await atServer.received(5);
    pair.server.write([Buffer.from('an'), Buffer.from('swer')]);
    await atClient.received(6);
    assert.equal(atServer.text, 'early');
    assert.equal(atClient.text, 'answer');
    assert.equal(pair.client.remotePort, pair.server.localPort);
    assert.equal(pair.server.remoteHost, '127.0.0.1');
  });

  it('sends the writes of one turn together, promise reactions included', async () => {
    await using pair = await connectedPair();
    const sink = new Sink();
    pair.server.start(sink);
    pair.client.start(new Sink());
    pair.client.write([Buffer.from('a')]);
    await Promise.resolve();
    pair.client.write([Buffer.from('b'), Buffer.from('c')]);
    await Promise.resolve();
    await Promise.resolve();
    pair.client.write([Buffer.alloc(20_000, 0x64)]);
    assert.equal(pair.client.pendingBytes, 20_003);
    await sink.received(20_003);
    assert.equal(sink.chunks.length, 1);
    assert.equal(sink.text, `abc${'d'.repeat(20_000)}`);
  });

  it('tells a fast sender to stop and when to go on', async () => {
    await using pair = await connectedPair();
    const [atClient, atServer] = [new Sink(), new Sink()];
    pair.client.start(atClient);
    pair.server.start(atServer);
    pair.server.pause();
    const block = Buffer.alloc(1 << 20, 1);
    const total = 32 * block.length;
    let goOn = true;
    for (let sent = 0; sent < total; sent += block.length) goOn = pair.client.write([block]);
    assert.equal(goOn, false);
    assert.ok(pair.client.pendingBytes > 0);
    pair.server.resume();
    await atServer.received(total);
    assert.equal(atClient.drains, 1);
    assert.equal(pair.client.pendingBytes, 0);
  });

  it('sends what is queued before an orderly end', async () => {
    await using pair = await connectedPair();
    const [atClient, atServer] = [new Sink(), new Sink()];
    pair.client.start(atClient);
    pair.server.start(atServer);
    pair.client.write([Buffer.from('last words')]);
    pair.client.end();
    assert.equal(pair.client.write([Buffer.from('too late')]), false);
    assert.equal(await atServer.closed, undefined);
    assert.equal(await atClient.closed, undefined);
    assert.equal(atServer.text, 'last words');
  });

  it('tells a handler that starts late that the connection is gone', async () => {
    await using pair = await connectedPair();
    const atClient = new Sink();
    pair.client.start(atClient);
    pair.client.destroy();
    await atClient.closed;
    const late = new Sink();
    pair.client.write([Buffer.from('x')]);
    pair.server.start(late);
    await late.closed;
    assert.equal(late.text, '');
  });

  it('frees the port while accepted connections live on', async () => {
    let accepted: Connection | undefined;
    const listener = await net.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      accepted = connection;
      connection.start(new Sink());
    });
    const client = await net.connect({ host: '127.0.0.1', port: listener.port });
    const sink = new Sink();
    client.start(sink);
    await assert.rejects(
      net.listen({ host: '127.0.0.1', port: listener.port }, () => undefined),
      {
        code: 'EADDRINUSE',
      },
    );
    await listener.close();
    const second = await net.listen({ host: '127.0.0.1', port: listener.port }, () => undefined);
    accepted?.write([Buffer.from('still here')]);
    await sink.received(10);
    await second.close();
    await assert.rejects(net.connect({ host: '127.0.0.1', port: second.port }), {
      code: 'ECONNREFUSED',
      message: `ECONNREFUSED: cannot connect to 127.0.0.1:${second.port}`,
    });
    client.destroy();
    accepted?.destroy();
  });
});

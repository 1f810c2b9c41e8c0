import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import type { Connection, ConnectionHandler } from '../../../../src/env/net.ts';

import { closeConnection, noResponse } from '../../../../src/kafka/api/handler.ts';
import { ClientConnection } from '../../../../src/kafka/server/client-connection.ts';
import type { DispatchResult } from '../../../../src/kafka/server/request-dispatcher.ts';
import { ApiKey } from '../../../../src/wire/kafka/apis.ts';
import { frame } from '../../../../src/wire/kafka/frame.ts';
import { logEnv } from '../../../support/log-env.ts';

/** The other end of a client's connection: what it sends, and what it was sent. */
class FakeConnection implements Connection {
  readonly remoteHost = '127.0.0.1';
  readonly remotePort = 1;
  readonly localHost = '127.0.0.1';
  readonly localPort = 2;
  readonly pendingBytes = 0;
  readonly written: string[] = [];
  isDestroyed = false;
  isPaused = false;
  private handler: ConnectionHandler | undefined;

  start(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  send(...requests: readonly Buffer[]): void {
    this.handler?.data(Buffer.concat(requests.flatMap((request) => frame([request]))));
  }

  write(chunks: readonly Buffer[]): boolean {
    this.written.push(String(Buffer.concat(chunks)));
    return true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

function request(apiKey: number, name: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeInt16BE(apiKey);
  return Buffer.concat([head, Buffer.from(name)]);
}

const produce = (name: string) => request(ApiKey.Produce, name);
const metadata = (name: string) => request(ApiKey.Metadata, name);

/** A server whose handlers answer when the test says so. */
function serve() {
  const connection = new FakeConnection();
  const begun: string[] = [];
  const answers = new Map<string, (result: DispatchResult) => void>();
  const client = new ClientConnection({
    env: logEnv(),
    connection,
    info: {
      id: 1,
      listenerName: 'PLAINTEXT',
      securityProtocol: 'PLAINTEXT',
      clientHost: '127.0.0.1',
      clientPort: 1,
      principal: 'User:ANONYMOUS',
      clientSoftware: { name: 'unknown', version: 'unknown' },
    },
    dispatcher: {
      dispatch(bytes) {
        const name = String(bytes.subarray(2));
        begun.push(name);
        if (name.startsWith('now')) return [Buffer.from(name)];
        return new Promise((resolve) => answers.set(name, resolve));
      },
    },
    maxRequestBytes: 1000,
    onClose: () => undefined,
  });
  client.start();
  const answer = async (name: string, result: DispatchResult = [Buffer.from(name)]) => {
    answers.get(name)?.(result);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { client, connection, begun, answer };
}

describe('requests of one connection', () => {
  test('that are Produce do not wait for the replicas of those before them, and are answered in order', async () => {
    const { connection, begun, answer } = serve();
    connection.send(produce('a'), produce('b'), produce('now c'));
    assert.deepEqual(begun, ['a', 'b', 'now c']);
    await answer('b');
    assert.deepEqual(connection.written, []);
    await answer('a');
    assert.deepEqual(connection.written, ['a', 'b', 'now c']);
  });

  test('begin one after the other when they are not all Produce', async () => {
    const { connection, begun, answer } = serve();
    connection.send(produce('a'), metadata('b'), produce('c'), metadata('now d'));
    assert.deepEqual(begun, ['a']);
    await answer('a');
    assert.deepEqual(begun, ['a', 'b']);
    await answer('b');
    assert.deepEqual(begun, ['a', 'b', 'c']);
    await answer('c');
    assert.deepEqual(connection.written, ['a', 'b', 'c', 'now d']);
  });

  test('leave no gap for one that wants no answer, and end where one closes the connection', async () => {
    const { connection, answer } = serve();
    connection.send(produce('a'), produce('b'), produce('c'), produce('d'));
    await answer('b', noResponse);
    await answer('c', closeConnection);
    await answer('d');
    assert.equal(connection.isDestroyed, false);
    await answer('a');
    assert.deepEqual(connection.written, ['a']);
    assert.equal(connection.isDestroyed, true);
  });

  test('are no longer read when too many wait', async () => {
    const { connection, begun, answer } = serve();
    const names = Array.from({ length: 128 }, (_, i) => `${i}`);
    connection.send(...names.map(produce));
    assert.equal(begun.length, 64);
    assert.equal(connection.isPaused, true);
    await answer('0');
    assert.equal(begun.length, 65);
    assert.equal(connection.isPaused, false);
  });

  test('count as activity while they are under way', async () => {
    const { client, connection, answer } = serve();
    connection.send(produce('a'));
    assert.equal(client.idleMs(1e9), 0);
    await answer('a');
    assert.ok(client.idleMs(1e9) > 0);
  });
});

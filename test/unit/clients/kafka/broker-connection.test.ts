import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../../src/base/byte-writer.ts';
import {
  BrokerConnection,
  type BrokerConnectionOptions,
} from '../../../../src/clients/kafka/network/broker-connection.ts';
import { NetworkError, type NetworkErrorKind } from '../../../../src/clients/kafka/network/network-error.ts';
import type { Connection } from '../../../../src/env/net.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { apis } from '../../../../src/wire/kafka/apis.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { FrameSplitter, frame } from '../../../../src/wire/kafka/frame.ts';
import { ResponseHeader, readRequestHeader } from '../../../../src/wire/kafka/headers.ts';
import { ProduceRequest } from '../../../../src/wire/kafka/messages/00-produce.ts';
import { FetchRequest } from '../../../../src/wire/kafka/messages/01-fetch.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../../src/wire/kafka/messages/12-heartbeat.ts';
import {
  ApiVersionsRequest,
  ApiVersionsResponse,
} from '../../../../src/wire/kafka/messages/18-api-versions.ts';

const Heartbeat = { request: HeartbeatRequest, response: HeartbeatResponse };
const VERSION = 4;
const BEAT = { groupId: 'g', generationId: 1, memberId: 'm' };

interface Request {
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly connection: Connection;
}

function answer(request: Request, body: Buffer, correlationId = request.correlationId): void {
  const writer = new ByteWriter();
  const headerVersion = apis.get(request.key)?.responseHeaderVersion(request.version) ?? 0;
  ResponseHeader.at(headerVersion).write(writer, { correlationId });
  request.connection.write(frame([writer.toBuffer(), body]));
}

function beatAnswer(throttleTimeMs: number): Buffer {
  return HeartbeatResponse.at(VERSION).encode({ throttleTimeMs, errorCode: 0 });
}

/** A broker that does with each request what the test says, and a client. */
class Pair {
  readonly sim = new Simulation({ seed: 1 });
  readonly requests: Request[] = [];
  readonly closed: NetworkErrorKind[] = [];
  private readonly serve: (request: Request) => void;

  constructor(serve: (request: Request) => void = () => {}) {
    this.serve = serve;
  }

  async listen(): Promise<void> {
    await this.sim.host('broker').env.net.listen({ port: 9092 }, (connection) => {
      const frames = new FrameSplitter(1024 * 1024);
      connection.start({
        data: (bytes) => {
          for (const bytesOfOne of frames.push(bytes)) {
            const { header } = readRequestHeader(new ByteReader(bytesOfOne));
            const { requestApiKey: key, requestApiVersion: version, correlationId } = header;
            const request = { key, version, correlationId, connection };
            this.requests.push(request);
            this.serve(request);
          }
        },
        close: () => {},
      });
    });
  }

  connect(options: Partial<BrokerConnectionOptions> = {}): Promise<BrokerConnection> {
    return BrokerConnection.connect(this.sim.host('client').env, {
      host: 'broker',
      port: 9092,
      clientId: 'test',
      connectTimeoutMs: 1000,
      requestTimeoutMs: 5000,
      onClose: ({ kind }) => this.closed.push(kind),
      ...options,
    });
  }
}

const isKind =
  (kind: NetworkErrorKind) =>
  (error: unknown): boolean =>
    error instanceof NetworkError && error.kind === kind;

/** One heartbeat to a broker that does this; what becomes of it and of one behind it. */
async function meets(serve: (request: Request) => void, options: Partial<BrokerConnectionOptions> = {}) {
  const pair = new Pair(serve);
  return pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect(options);
    const results = await Promise.allSettled([
      connection.request(Heartbeat, VERSION, BEAT),
      connection.request(Heartbeat, VERSION, BEAT),
    ]);
    const errors = results.map((result) => (result.status === 'rejected' ? result.reason : undefined));
    return { errors, isOpen: connection.isOpen, closed: pair.closed, atMs: pair.sim.nowMs };
  });
}

test('requests go out without waiting, answers go to them in order', async () => {
  const pair = new Pair();
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    const answers = [1, 2, 3].map(() => connection.request(Heartbeat, VERSION, BEAT));
    assert.equal(connection.requestsInFlight, 3);
    await pair.sim.runUntil(() => pair.requests.length === 3);
    for (const [index, request] of pair.requests.entries()) answer(request, beatAnswer(index));
    const throttles = (await Promise.all(answers)).map(({ throttleTimeMs }) => throttleTimeMs);
    assert.deepEqual(throttles, [0, 1, 2]);
    assert.equal(connection.requestsInFlight, 0);
    assert.equal(connection.isOpen, true);
  });
});

test('a request without an answer does not disturb the order of the others', async () => {
  const pair = new Pair((request) => {
    if (request.key === HeartbeatRequest.key) answer(request, beatAnswer(request.correlationId));
  });
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    const first = connection.request(Heartbeat, VERSION, BEAT);
    connection.send(ProduceRequest, 9, { acks: 0, timeoutMs: 0, topicData: [] });
    const second = connection.request(Heartbeat, VERSION, BEAT);
    assert.equal((await first).throttleTimeMs, 0);
    assert.equal((await second).throttleTimeMs, 2);
  });
});

test('a broker that is not there is unreachable', async () => {
  const pair = new Pair();
  await pair.sim.run(() => assert.rejects(pair.connect(), isKind('unreachable')));
});

test('a late answer ends the connection, with everything under way', async () => {
  const { errors, isOpen, closed, atMs } = await meets(() => {});
  for (const error of errors) assert.ok(isKind('timed-out')(error));
  assert.deepEqual([isOpen, closed], [false, ['timed-out']]);
  assert.ok(atMs >= 5000 && atMs < 5100, `at ${atMs}`);
});

test('a request may have a time of its own, shorter than those before it', async () => {
  const pair = new Pair();
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    const first = connection.request(Heartbeat, VERSION, BEAT, { timeoutMs: 60_000 });
    const second = connection.request(Heartbeat, VERSION, BEAT, { timeoutMs: 100 });
    const startMs = pair.sim.nowMs;
    await Promise.all([
      assert.rejects(first, isKind('timed-out')),
      assert.rejects(second, isKind('timed-out')),
    ]);
    assert.ok(pair.sim.nowMs - startMs < 200);
  });
});

test('an answered request leaves no deadline behind', async () => {
  const pair = new Pair((request) => {
    if (request.correlationId !== 1) answer(request, beatAnswer(0));
  });
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    await connection.request(Heartbeat, VERSION, BEAT, { timeoutMs: 100 });
    const slow = connection.request(Heartbeat, VERSION, BEAT, { timeoutMs: 1000 });
    await pair.sim.advance(900);
    assert.equal(connection.isOpen, true);
    await assert.rejects(slow, isKind('timed-out'));
  });
});

test('a closed connection rejects what is under way and what comes after, and says so once', async () => {
  const pair = new Pair();
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    const pending = connection.request(Heartbeat, VERSION, BEAT);
    connection.close();
    connection.close();
    await assert.rejects(pending, isKind('disconnected'));
    await assert.rejects(connection.request(Heartbeat, VERSION, BEAT), isKind('disconnected'));
    assert.throws(() => connection.send(HeartbeatRequest, VERSION, BEAT), isKind('disconnected'));
    assert.deepEqual(pair.closed, ['disconnected']);
  });
});

test('what the schema cannot say leaves the connection in step', async () => {
  const pair = new Pair((request) => answer(request, beatAnswer(0)));
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    await assert.rejects(connection.request(Heartbeat, 0, { ...BEAT, groupInstanceId: 'not in version 0' }), {
      name: 'UnsupportedVersionError',
    });
    await connection.request(Heartbeat, VERSION, BEAT);
  });
});

const hostile: readonly [string, (request: Request) => void][] = [
  ['closes the socket', ({ connection }) => connection.end()],
  ['answers another request', (request) => answer(request, beatAnswer(0), request.correlationId + 7)],
  ['answers in the wrong order', (request) => request.correlationId === 1 && answer(request, beatAnswer(0))],
  ['sends a body cut short', (request) => answer(request, beatAnswer(0).subarray(0, 3))],
  ['sends an empty frame', ({ connection }) => connection.write([Buffer.alloc(4)])],
  ['announces a negative length', ({ connection }) => connection.write([Buffer.from('ffffffff', 'hex')])],
  [
    'announces a length above the limit',
    ({ connection }) => connection.write([Buffer.from('7fffffff', 'hex')]),
  ],
  ['speaks another protocol', ({ connection }) => connection.write([Buffer.from('HTTP/1.1 400\r\n\r\n')])],
];

for (const [what, serve] of hostile) {
  test(`a broker that ${what} loses the connection, and nothing else happens`, async () => {
    const { errors, isOpen, closed } = await meets(serve, { maxResponseBytes: 1024 });
    const kind = what === 'closes the socket' ? 'disconnected' : 'malformed';
    for (const error of errors) assert.ok(isKind(kind)(error), String(error));
    assert.deepEqual([isOpen, closed], [false, [kind]]);
  });
}

test('an answer that nobody asked for ends the connection', async () => {
  const pair = new Pair((request) => {
    answer(request, beatAnswer(0));
    answer(request, beatAnswer(0));
  });
  await pair.sim.run(async () => {
    await pair.listen();
    const connection = await pair.connect();
    await connection.request(Heartbeat, VERSION, BEAT);
    await pair.sim.runUntil(() => !connection.isOpen);
    assert.deepEqual(pair.closed, ['malformed']);
  });
});

function served(apiKeys: { apiKey: number; minVersion: number; maxVersion: number }[]) {
  return { errorCode: ErrorCode.NONE, apiKeys };
}

const HEARTBEAT_KEY = 12;

test('the highest version that both know is agreed upon', async () => {
  const pair = new Pair((request) => {
    const apiKeys = [
      { apiKey: HEARTBEAT_KEY, minVersion: 1, maxVersion: 3 },
      { apiKey: 1, minVersion: 100, maxVersion: 101 },
    ];
    answer(request, ApiVersionsResponse.at(request.version).encode(served(apiKeys)));
  });
  await pair.sim.run(async () => {
    await pair.listen();
    const versions = await (await pair.connect()).apiVersions();
    assert.equal(versions.highest(HeartbeatRequest), 3);
    assert.equal(versions.highest(HeartbeatRequest, { min: 0, max: 2 }), 2);
    assert.equal(versions.serves(HeartbeatRequest, 3), true);
    assert.equal(versions.serves(HeartbeatRequest, 4), false);
    assert.throws(() => versions.highest(HeartbeatRequest, { min: 4, max: 4 }), isKind('unsupported'));
    assert.throws(() => versions.highest(FetchRequest), isKind('unsupported'));
    assert.throws(() => versions.highest(ProduceRequest), isKind('unsupported'));
    assert.equal(versions.serves(ProduceRequest, 3), false);
  });
});

for (const [what, listed, expected] of [
  ['names version 2', [{ apiKey: 18, minVersion: 0, maxVersion: 2 }], [4, 2]],
  ['names none, as brokers before 2.4', [], [4, 0]],
] as const) {
  test(`a broker that does not know our version and ${what} is asked again`, async () => {
    const pair = new Pair((request) => {
      const { version } = request;
      const heartbeat = { apiKey: HEARTBEAT_KEY, minVersion: 0, maxVersion: 1 };
      const body =
        version > 2
          ? ApiVersionsResponse.at(0).encode({
              errorCode: ErrorCode.UNSUPPORTED_VERSION,
              apiKeys: [...listed],
            })
          : ApiVersionsResponse.at(version).encode(served([heartbeat]));
      answer(request, body);
    });
    await pair.sim.run(async () => {
      await pair.listen();
      const versions = await (await pair.connect()).apiVersions();
      assert.equal(versions.highest(HeartbeatRequest), 1);
      assert.deepEqual(
        pair.requests.map(({ version }) => version),
        expected,
      );
    });
  });
}

for (const errorCode of [ErrorCode.UNSUPPORTED_VERSION, ErrorCode.CLUSTER_AUTHORIZATION_FAILED]) {
  test(`a broker that answers ApiVersions with error ${errorCode} for good is not supported`, async () => {
    const pair = new Pair((request) => {
      answer(request, ApiVersionsResponse.at(0).encode({ errorCode, apiKeys: [] }));
    });
    await pair.sim.run(async () => {
      await pair.listen();
      const connection = await pair.connect();
      await assert.rejects(connection.apiVersions(), (error) => error instanceof NetworkError);
      assert.ok(pair.requests.length <= 2);
      assert.ok(pair.requests.every(({ key }) => key === ApiVersionsRequest.key));
    });
  });
}

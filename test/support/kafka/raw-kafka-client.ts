import { assert } from '../../../src/base/assert.ts';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import type { Connection, ConnectOptions, Net } from '../../../src/env/net.ts';
import { apis } from '../../../src/wire/kafka/apis.ts';
import { FrameSplitter, frame } from '../../../src/wire/kafka/frame.ts';
import { RequestHeader, ResponseHeader } from '../../../src/wire/kafka/headers.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** The connection went away before the answer came. */
export class ConnectionLostError extends Error {
  override name = 'ConnectionLostError';
}

interface Waiting {
  answer(bytes: Buffer): void;
  lost(): void;
}

/** One connection to a broker that sends what it is told, in the version it is told, and retries nothing. */
export class RawKafkaClient {
  private readonly connection: Connection;
  private readonly frames = new FrameSplitter(MAX_FRAME_BYTES);
  private readonly waiting = new Map<number, Waiting>();
  private nextCorrelationId = 1;
  private closed = false;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        for (const answer of this.frames.push(bytes)) this.take(answer);
      },
      close: () => {
        this.closed = true;
        for (const { lost } of this.waiting.values()) lost();
        this.waiting.clear();
      },
    });
  }

  static async connect(net: Net, address: ConnectOptions): Promise<RawKafkaClient> {
    return new RawKafkaClient(await net.connect(address));
  }

  /** Requests may be under way at the same time. Rejects with {@link ConnectionLostError}. */
  async call<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R>> {
    const api = apis.get(messages.request.key ?? -1);
    assert(api !== undefined, `${messages.request.name} is no request`);
    if (this.closed) throw new ConnectionLostError('the connection is closed');
    const correlationId = this.nextCorrelationId++;
    const writer = new ByteWriter();
    RequestHeader.at(api.requestHeaderVersion(version)).write(writer, {
      requestApiKey: api.key,
      requestApiVersion: version,
      correlationId,
      clientId: 'raw',
    });
    const body = messages.request.at(version).encode(request);
    const answer = new Promise<Buffer>((resolve, reject) => {
      const lost = () => reject(new ConnectionLostError(`no answer to ${messages.request.name}`));
      this.waiting.set(correlationId, { answer: resolve, lost });
    });
    this.connection.write(frame([writer.toBuffer(), body]));
    const reader = new ByteReader(await answer);
    ResponseHeader.at(api.responseHeaderVersion(version)).read(reader);
    return messages.response.at(version).read(reader) as Infer<R>;
  }

  destroy(): void {
    this.connection.destroy();
  }

  private take(answer: Buffer): void {
    const correlationId = answer.readInt32BE(0);
    const waiting = this.waiting.get(correlationId);
    assert(waiting !== undefined, `an answer to request ${correlationId}, which waits for none`);
    this.waiting.delete(correlationId);
    waiting.answer(answer);
  }
}

import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import type { Connection, ConnectOptions, Net } from '../../../src/env/net.ts';
import { apis } from '../../../src/wire/kafka/apis.ts';
import { FrameSplitter, frame } from '../../../src/wire/kafka/frame.ts';
import { RequestHeader, ResponseHeader } from '../../../src/wire/kafka/headers.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';
import { type Json, type NormaliseOptions, Normaliser } from './normalise.ts';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;
/** No step of a conversation takes longer at either server. */
const PATIENCE_MS = 20_000;

/** One request of a conversation and what came of it: the answer, without what differs from run to run. */
export interface Exchange {
  readonly step: string;
  readonly request: string;
  readonly answer: Json;
}

export interface AskOptions extends NormaliseOptions {
  readonly clientId?: string | null;
}

interface Wire {
  readonly connection: Connection;
  /** The next answer; undefined when the connection ends before one comes. */
  next(): Promise<Buffer | undefined>;
}

function listen(connection: Connection): Wire {
  const frames = new FrameSplitter(MAX_FRAME_BYTES);
  const answers: Buffer[] = [];
  let ended = false;
  let wake = (): void => undefined;
  connection.start({
    data(bytes) {
      answers.push(...frames.push(bytes));
      wake();
    },
    close() {
      ended = true;
      wake();
    },
  });
  return {
    connection,
    async next() {
      while (answers.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return answers.shift();
    },
  };
}

/**
 * A conversation with a broker, request by request on one connection, every answer noted down in a form that can be
 * compared with another server's. A connection that the broker closes is noted too, and the next request opens a new
 * one.
 */
export class Talk {
  readonly exchanges: Exchange[] = [];
  private readonly net: Net;
  private readonly address: ConnectOptions;
  private readonly normaliser = new Normaliser();
  private wire: Wire | undefined;
  private correlationId = 0;

  constructor(net: Net, address: ConnectOptions) {
    this.net = net;
    this.address = address;
  }

  /** Asks and notes the answer down; undefined when the connection was closed instead. */
  async ask<Q extends Message, R extends Message>(
    step: string,
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
    options: AskOptions = {},
  ): Promise<Infer<R> | undefined> {
    const body = messages.request.at(version).encode(request);
    const answer = await this.send(messages, version, body, options.clientId);
    this.note(step, `${messages.request.name} ${version}`, answer, options);
    return answer;
  }

  /** Asks until the answer is as wanted. */
  async until<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
    wanted: (answer: Infer<R>) => boolean,
  ): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.send(messages, version, request);
      if (answer !== undefined && wanted(answer)) return;
      if (performance.now() > deadlineMs) throw new Error(`${messages.request.name}: not as wanted`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Sends any bytes as a request's body, under a header of any key and version. */
  async askBytes(
    step: string,
    header: { apiKey: number; version: number },
    body: Buffer,
    messages?: { response: Message; version: number },
  ): Promise<void> {
    const { apiKey, version } = header;
    const headerVersion = apis.get(apiKey)?.requestHeaderVersion(version) ?? 1;
    const bytes = await this.exchange(this.header(apiKey, version, headerVersion), body);
    const answer =
      bytes === undefined || messages === undefined
        ? bytes?.toString('hex')
        : messages.response.at(messages.version).read(bodyOf(bytes, 0));
    this.note(step, `key ${apiKey} version ${version}`, answer, {});
  }

  /** Sends raw bytes, frame included, and notes what the broker does. */
  async sendRaw(step: string, bytes: Buffer): Promise<void> {
    const wire = await this.open();
    wire.connection.write([bytes]);
    const answer = await this.patiently(wire.next());
    if (answer === undefined) this.wire = undefined;
    this.note(step, 'bytes', answer?.toString('hex'), {});
  }

  /** Sends a request that has no answer, and notes whether the connection outlives it. */
  async askSilently<Q extends Message, R extends Message>(
    step: string,
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
    probe: () => Promise<unknown>,
  ): Promise<void> {
    const wire = await this.open();
    const api = apis.get(messages.request.key ?? -1);
    const header = this.header(messages.request.key ?? -1, version, api?.requestHeaderVersion(version) ?? 1);
    wire.connection.write(frame([header, messages.request.at(version).encode(request)]));
    const alive = (await probe()) !== undefined;
    this.exchanges.push({
      step,
      request: `${messages.request.name} ${version}`,
      answer: alive ? 'no answer' : 'connection closed',
    });
  }

  /** A request whose answer nobody compares. */
  async send<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    body: Buffer | Draft<Q>,
    clientId: string | null | undefined = 'talk',
  ): Promise<Infer<R> | undefined> {
    const key = messages.request.key ?? -1;
    const api = apis.get(key);
    if (api === undefined) throw new Error(`${messages.request.name} is no request`);
    const bytes = Buffer.isBuffer(body) ? body : messages.request.at(version).encode(body);
    const header = this.header(key, version, api.requestHeaderVersion(version), clientId);
    const answer = await this.exchange(header, bytes);
    if (answer === undefined) return undefined;
    // The message was named by the caller, so the value has its type.
    return messages.response.at(version).read(bodyOf(answer, api.responseHeaderVersion(version))) as Infer<R>;
  }

  /** Leaves the connection; the next request opens another. */
  close(): void {
    this.wire?.connection.destroy();
    this.wire = undefined;
  }

  private note(step: string, request: string, answer: unknown, options: NormaliseOptions): void {
    const seen = answer === undefined ? 'connection closed' : this.normaliser.normalise(answer, options);
    this.exchanges.push({ step, request, answer: seen });
  }

  private header(
    requestApiKey: number,
    requestApiVersion: number,
    headerVersion: number,
    clientId: string | null = 'talk',
  ): Buffer {
    const writer = new ByteWriter();
    const correlationId = ++this.correlationId;
    RequestHeader.at(headerVersion).write(writer, {
      requestApiKey,
      requestApiVersion,
      correlationId,
      clientId,
    });
    return writer.toBuffer();
  }

  private async exchange(header: Buffer, body: Buffer): Promise<Buffer | undefined> {
    const wire = await this.open();
    wire.connection.write(frame([header, body]));
    const answer = await this.patiently(wire.next());
    if (answer === undefined) this.wire = undefined;
    return answer;
  }

  private async open(): Promise<Wire> {
    this.wire ??= listen(await this.net.connect(this.address));
    return this.wire;
  }

  private async patiently(answer: Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `no answer to request ${this.correlationId} within ${PATIENCE_MS} ms, after ${this.exchanges.at(-1)?.step}`,
            ),
          ),
        PATIENCE_MS,
      );
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function bodyOf(answer: Buffer, headerVersion: number): ByteReader {
  const reader = new ByteReader(answer);
  ResponseHeader.at(headerVersion).read(reader);
  return reader;
}

import { assert } from '../../../src/base/assert.ts';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import type { Env } from '../../../src/env/env.ts';
import type { Connection } from '../../../src/env/net.ts';
import { apis } from '../../../src/wire/kafka/apis.ts';
import { FrameSplitter, frame } from '../../../src/wire/kafka/frame.ts';
import { ResponseHeader, readRequestHeader } from '../../../src/wire/kafka/headers.ts';
import { MetadataRequest, MetadataResponse } from '../../../src/wire/kafka/messages/03-metadata.ts';
import {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../../../src/wire/kafka/messages/10-find-coordinator.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../../src/wire/kafka/messages/18-api-versions.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** One request, as a handler of the model sees it. */
export interface ModelCall {
  readonly version: number;
  /** Of the connection that it came by; none is used twice. */
  readonly connectionId: number;
}

/** `before` the request was carried out, `after` it: the connection goes away without an answer. */
export type ModelFault = 'none' | 'before' | 'after';

export interface ModelTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
}

interface Served {
  readonly request: Message;
  readonly versions: { readonly min: number; readonly max: number };
  readonly answer: (body: unknown, call: ModelCall) => Promise<unknown>;
}

/**
 * A broker of one node that answers what a test tells it to: the protocol around handlers, with metadata, coordinators
 * and versions of its own. Requests of a connection are carried out one after another.
 */
export class ModelBroker {
  readonly topics: ModelTopic[] = [];
  /** Asked for every request but those of metadata, coordinators and versions. */
  fault: (api: string) => ModelFault = () => 'none';
  /** Told when a connection has gone. */
  onGone: (connectionId: number) => void = () => undefined;
  private readonly served = new Map<number, Served>();
  private connections = 0;

  constructor() {
    this.serve({ request: ApiVersionsRequest, response: ApiVersionsResponse }, () => this.versions(), {
      min: 0,
      max: 3,
    });
    this.serve({ request: MetadataRequest, response: MetadataResponse }, (body) => this.metadata(body), {
      min: 0,
      max: 12,
    });
    this.serve(
      { request: FindCoordinatorRequest, response: FindCoordinatorResponse },
      (body) => coordinators(body),
      {
        min: 4,
        max: 4,
      },
    );
  }

  serve<Q extends Message, R extends Message>(
    { request, response }: { request: Q; response: R },
    answer: (body: Infer<Q>, call: ModelCall) => Draft<R> | Promise<Draft<R>>,
    versions: { readonly min: number; readonly max: number } = request.versions,
  ): void {
    assert(
      apis.get(request.key ?? -1)?.response === response,
      `${response.name} does not answer ${request.name}`,
    );
    this.served.set(request.key ?? -1, {
      request,
      versions,
      answer: async (body, call) => answer(body as Infer<Q>, call),
    });
  }

  async listen(env: Env): Promise<void> {
    await env.net.listen({ port: 9092 }, (connection) => this.accept(connection));
  }

  private accept(connection: Connection): void {
    const connectionId = ++this.connections;
    const frames = new FrameSplitter(MAX_FRAME_BYTES);
    let last: Promise<void> = Promise.resolve();
    let isOpen = true;
    const gone = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.onGone(connectionId);
    };
    connection.start({
      data: (bytes) => {
        for (const request of frames.push(bytes)) {
          last = last.then(async () => {
            if (!isOpen) return;
            const answer = await this.carryOut(request, connectionId);
            if (!isOpen) return;
            if (answer !== undefined) connection.write(answer);
            else {
              connection.destroy();
              gone();
            }
          });
        }
      },
      close: gone,
    });
  }

  /** Undefined when the connection is to go away. */
  private async carryOut(bytes: Buffer, connectionId: number): Promise<Buffer[] | undefined> {
    const reader = new ByteReader(bytes);
    const { header, api } = readRequestHeader(reader);
    const served = this.served.get(header.requestApiKey);
    assert(served !== undefined && api !== undefined, `the model does not serve API ${header.requestApiKey}`);
    const version = header.requestApiVersion;
    const isPlain = [3, 10, 18].includes(api.key);
    const fault = isPlain ? 'none' : this.fault(api.name);
    if (fault === 'before') return undefined;
    const answer = await served.answer(api.request.at(version).read(reader), { version, connectionId });
    if (fault === 'after') return undefined;
    const writer = new ByteWriter();
    ResponseHeader.at(api.responseHeaderVersion(version)).write(writer, {
      correlationId: header.correlationId,
    });
    api.response.at(version).write(writer, answer);
    return frame(writer.chunks());
  }

  private versions(): Draft<typeof ApiVersionsResponse> {
    return {
      errorCode: 0,
      apiKeys: [...this.served].map(([apiKey, { versions }]) => ({
        apiKey,
        minVersion: versions.min,
        maxVersion: versions.max,
      })),
      throttleTimeMs: 0,
    };
  }

  private metadata({ topics }: Infer<typeof MetadataRequest>): Draft<typeof MetadataResponse> {
    const asked =
      topics === null ? this.topics.map(({ name }) => name) : topics.map(({ name }) => name ?? '');
    return {
      throttleTimeMs: 0,
      brokers: [{ nodeId: 1, host: 'broker', port: 9092, rack: null }],
      clusterId: 'model',
      controllerId: 1,
      topics: asked.map((name) => {
        const topic = this.topics.find((known) => known.name === name);
        return {
          errorCode: topic === undefined ? 3 : 0,
          name,
          ...(topic === undefined ? {} : { topicId: topic.topicId }),
          isInternal: false,
          partitions: Array.from({ length: topic?.partitions ?? 0 }, (_, partitionIndex) => ({
            errorCode: 0,
            partitionIndex,
            leaderId: 1,
            leaderEpoch: 0,
            replicaNodes: [1],
            isrNodes: [1],
            offlineReplicas: [],
          })),
        };
      }),
    };
  }
}

function coordinators({
  coordinatorKeys,
}: Infer<typeof FindCoordinatorRequest>): Draft<typeof FindCoordinatorResponse> {
  const found = { nodeId: 1, host: 'broker', port: 9092, errorCode: 0, errorMessage: null };
  return { throttleTimeMs: 0, coordinators: coordinatorKeys.map((key) => ({ key, ...found })) };
}

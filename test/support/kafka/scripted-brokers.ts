import assert from 'node:assert/strict';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import type { Connection } from '../../../src/env/net.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
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

type Answer = (request: unknown, brokerId: number) => { response: Message; draft: unknown } | 'hang up';

const PORT = 9092;

/** Brokers in virtual time that answer as the test says, and who say of each other what the test says. */
export class ScriptedBrokers {
  readonly sim = new Simulation({ seed: 3 });
  /** What came in, but for what clients ask to find their way: `2 CreateTopicsRequest`. */
  readonly asked: string[] = [];
  controllerId = 1;
  /** Leaders of the partitions of the only topic, `orders`. */
  leaders: readonly number[] = [1];
  /** Those that are said to be alive. */
  alive: readonly number[];
  /** Levels of features that are said to be finalized. */
  features: Readonly<Record<string, number>> = {};
  /** Who coordinates everything. */
  coordinatorId = 1;
  private readonly ids: readonly number[];
  private readonly answers = new Map<number, { request: Message; answer: Answer }>();

  constructor(ids: readonly number[] = [1, 2]) {
    this.ids = ids;
    this.alive = ids;
    this.on(MetadataRequest, MetadataResponse, () => this.metadata());
    this.on(FindCoordinatorRequest, FindCoordinatorResponse, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => ({
        key,
        nodeId: this.coordinatorId,
        host: this.host(this.coordinatorId),
        port: PORT,
        errorCode: 0,
        errorMessage: null,
      })),
    }));
    this.on(ApiVersionsRequest, ApiVersionsResponse, () => ({
      errorCode: 0,
      apiKeys: [...this.answers].map(([apiKey, { request }]) => ({
        apiKey,
        minVersion: request.versions.min,
        maxVersion: request.versions.max,
      })),
      finalizedFeaturesEpoch: 1,
      finalizedFeatures: Object.entries(this.features).map(([name, level]) => ({
        name,
        maxVersionLevel: level,
        minVersionLevel: level,
      })),
    }));
  }

  get bootstrapServers(): string {
    return this.ids.map((id) => `${this.host(id)}:${PORT}`).join(',');
  }

  /** How a request is answered, in the highest version of its schema; those without an answer are not served. */
  on<Q extends Message, R extends Message>(
    request: Q,
    response: R,
    answer: (request: Infer<Q>, brokerId: number) => Draft<R> | 'hang up',
  ): void {
    this.answers.set(request.key ?? -1, {
      request,
      answer: (body, brokerId) => {
        const draft = answer(body as Infer<Q>, brokerId);
        return draft === 'hang up' ? 'hang up' : { response, draft };
      },
    });
  }

  async listen(): Promise<void> {
    for (const id of this.ids) {
      await this.sim.host(this.host(id)).env.net.listen({ port: PORT }, (connection) => {
        const frames = new FrameSplitter(1024 * 1024);
        connection.start({
          data: (bytes) => {
            for (const request of frames.push(bytes)) this.serve(id, connection, request);
          },
          close: () => undefined,
        });
      });
    }
  }

  private host(id: number): string {
    return `broker-${id}`;
  }

  private serve(brokerId: number, connection: Connection, bytes: Buffer): void {
    const reader = new ByteReader(bytes);
    const { header } = readRequestHeader(reader);
    const { requestApiKey: key, requestApiVersion: version, correlationId } = header;
    const script = this.answers.get(key);
    assert.ok(script !== undefined, `API ${key} was asked for, which is not served`);
    const body = script.request.at(version).read(reader);
    const isQuestionOfTheWay = [3, 10, 18].includes(key);
    if (!isQuestionOfTheWay) this.asked.push(`${brokerId} ${script.request.name}`);
    const answer = script.answer(body, brokerId);
    if (answer === 'hang up') {
      connection.destroy();
      return;
    }
    const writer = new ByteWriter();
    ResponseHeader.at(apis.get(key)?.responseHeaderVersion(version) ?? 0).write(writer, { correlationId });
    answer.response.at(version).write(writer, answer.draft);
    connection.write(frame([writer.toBuffer()]));
  }

  private metadata(): Draft<typeof MetadataResponse> {
    const partitions = this.leaders.map((leaderId, partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId,
      leaderEpoch: 0,
      replicaNodes: [...this.ids],
      isrNodes: [...this.ids],
      offlineReplicas: [],
    }));
    const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
    return {
      brokers: this.alive.map((nodeId) => ({ nodeId, host: this.host(nodeId), port: PORT, rack: null })),
      clusterId: 'scripted',
      controllerId: this.controllerId,
      topics: [{ errorCode: 0, name: 'orders', topicId, isInternal: false, partitions }],
    };
  }
}

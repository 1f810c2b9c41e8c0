import assert from 'node:assert/strict';
import { BrokerConnection } from '../../src/clients/kafka/network/broker-connection.ts';
import { createNodeEnv } from '../../src/env/node/create-node-env.ts';
import { ErrorCode } from '../../src/wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../src/wire/kafka/messages/00-produce.ts';
import { RecordBatchBuilder } from '../../src/wire/kafka/records/builder.ts';
import type { KafkaCluster } from '../../tools/peers/kafka-cluster.ts';
import { until } from '../../tools/until.ts';
import { createTopic, deleteTopic } from './kafka-loads.ts';

const PRODUCE_VERSION = 9;
const TIMEOUT_MS = 5000;

/**
 * Kills the leader of a partition (not the controller) and waits for its session to end. The time from then to the
 * first write that another broker acknowledges for all in-sync replicas, in ms.
 */
export async function measureFailover(cluster: KafkaCluster): Promise<number> {
  const target = { bootstrap: cluster.bootstrap, zookeeper: cluster.connectString, pids: [] };
  const topic = await createTopic(target, cluster.brokers.length);
  await cluster.inSync(topic);
  const controller = await cluster.controller();
  const states = await cluster.partitions(topic);
  const state = states.find(({ leader }) => leader !== controller?.id);
  assert.ok(state !== undefined);
  const leader = cluster.broker(state.leader);
  const others = cluster.brokers.filter((broker) => broker !== leader);
  const writers = await Promise.all(
    others.map(({ port }) => Writer.connect(port, { topic, partition: state.partition })),
  );
  await cluster.kill(leader);
  const isGone = async () => !(await cluster.registered()).includes(leader.id);
  await until(`the session of broker ${leader.id} has ended`, isGone, { everyMs: 2 });
  const fromMs = performance.now();
  const isWritten = async () => {
    const answers = await Promise.all(writers.map((writer) => writer.write()));
    return answers.includes(ErrorCode.NONE);
  };
  await until('a successor takes a write', isWritten, { everyMs: 2 });
  const tookMs = performance.now() - fromMs;
  for (const writer of writers) writer.close();
  await cluster.boot(leader);
  await cluster.inSync(topic);
  await deleteTopic(target, topic);
  return tookMs;
}

/** Writes single records to one partition at one broker. */
class Writer {
  private readonly connection: BrokerConnection;
  private readonly place: { readonly topic: string; readonly partition: number };

  private constructor(connection: BrokerConnection, place: Writer['place']) {
    this.connection = connection;
    this.place = place;
  }

  static async connect(port: number, place: Writer['place']): Promise<Writer> {
    const connection = await BrokerConnection.connect(createNodeEnv({ logLevel: 'silent' }), {
      host: '127.0.0.1',
      port,
      clientId: 'failover',
      connectTimeoutMs: TIMEOUT_MS,
      requestTimeoutMs: 2 * TIMEOUT_MS,
    });
    return new Writer(connection, place);
  }

  async write(): Promise<ErrorCode | undefined> {
    const builder = new RecordBatchBuilder();
    builder.append({ key: null, value: Buffer.from('failover'), timestamp: Date.now(), headers: [] });
    const { topic: name, partition: index } = this.place;
    const messages = { request: ProduceRequest, response: ProduceResponse };
    const { responses } = await this.connection.request(messages, PRODUCE_VERSION, {
      transactionalId: null,
      acks: -1,
      timeoutMs: TIMEOUT_MS,
      topicData: [{ name, partitionData: [{ index, records: builder.build() }] }],
    });
    return responses[0]?.partitionResponses[0]?.errorCode as ErrorCode | undefined;
  }

  close(): void {
    this.connection.close();
  }
}

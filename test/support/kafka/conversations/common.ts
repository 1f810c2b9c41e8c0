import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import type { ProduceRequest } from '../../../../src/wire/kafka/messages/00-produce.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import type { Draft } from '../../../../src/wire/kafka/schema/index.ts';
import { CreateTopics, Metadata, Produce } from '../pairs.ts';
import type { Talk } from '../talk.ts';

export const TIMEOUT_MS = 15_000;
/** Any time, as long as every run has the same. */
export const SOME_TIME_MS = 1_700_000_000_000;

export function newTopic(
  name: string,
  configs: Readonly<Record<string, string | null>> = {},
  partitions = 1,
) {
  return {
    name,
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
}

/** Makes a topic and waits until its first partition can be used; gives its id. */
export async function makeTopic(
  talk: Talk,
  name: string,
  configs: Readonly<Record<string, string | null>> = {},
  partitions = 1,
): Promise<string> {
  const topics = [newTopic(name, configs, partitions)];
  const created = await talk.send(CreateTopics, 7, { topics, timeoutMs: TIMEOUT_MS });
  const [made] = created?.topics ?? [];
  if (made?.errorCode !== ErrorCode.NONE) throw new Error(`${name}: ${made?.errorMessage}`);
  await talk.until(
    Metadata,
    9,
    { topics: [{ name }], allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false },
    ({ topics: [topic] }) =>
      topic?.partitions.length === partitions &&
      topic.partitions.every(({ errorCode, leaderId }) => errorCode === ErrorCode.NONE && leaderId === 0),
  );
  return made.topicId;
}

/** Records `value 0`, `value 1`, ... a second apart. */
export function someRecords(count: number, firstMs = SOME_TIME_MS) {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: firstMs + index * 1000,
    key: Buffer.from(`key ${index}`),
    value: Buffer.from(`value ${index}`),
  }));
}

export type ProduceDraft = Draft<typeof ProduceRequest>;

export function produceDraft(topic: string, records: Buffer | null, { acks = -1, partition = 0 } = {}) {
  return {
    acks,
    timeoutMs: TIMEOUT_MS,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  };
}

/** Appends batches of the given numbers of records and expects them to be taken. */
export async function fill(
  talk: Talk,
  topic: string,
  counts: readonly number[],
  firstMs = SOME_TIME_MS,
): Promise<void> {
  let next = firstMs;
  for (const count of counts) {
    const answer = await talk.send(Produce, 9, produceDraft(topic, buildBatch(someRecords(count, next))));
    const errorCode = answer?.responses[0]?.partitionResponses[0]?.errorCode;
    if (errorCode !== ErrorCode.NONE) throw new Error(`cannot fill ${topic}: error ${errorCode}`);
    next += count * 1000;
  }
}

import type * as kafkajs from 'kafkajs';

/** kafkajs, or what takes its place. */
export type Library = typeof kafkajs;

export interface Stage {
  readonly library: Library;
  readonly kafka: kafkajs.Kafka;
  /** In front of all names, so that two runs on one broker do not meet. */
  readonly prefix: string;
}

/** Plays a small program and gives what it saw, in which nothing depends on chance, time or the names of a run. */
export interface KafkaJSScenario {
  readonly name: string;
  play(stage: Stage): Promise<unknown>;
}

const GIVE_UP_MS = 20_000;

/** What came out of a call: its value, or what is seen of its error. */
export async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error: seenOf(error) };
  }
}

export function seenOf(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, type, code, retriable, topic, errors, cause } = error as Error & Record<string, unknown>;
  return {
    name,
    type,
    code,
    retriable,
    topic: typeof topic === 'string' ? topic.replace(/^[ab]\d+-/, '') : topic,
    errors: Array.isArray(errors) ? errors.map(seenOf) : undefined,
    cause: cause instanceof Error ? { name: cause.name } : undefined,
  };
}

/** Resolves when something has been seen; fails by name after a while. */
export function expectation(what: string): { met: () => void; promise: Promise<void> } {
  let met = (): void => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not seen: ${what}`)), GIVE_UP_MS);
    met = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { met, promise };
}

export async function withTopic(
  { kafka, prefix }: Stage,
  name: string,
  partitions: number,
  work: (topic: string, admin: kafkajs.Admin) => Promise<unknown>,
): Promise<unknown> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topic = `${prefix}-${name}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
    return await work(topic, admin);
  } finally {
    await admin.disconnect();
  }
}

export async function produce(
  kafka: kafkajs.Kafka,
  library: Library,
  topic: string,
  messages: kafkajs.Message[],
  options: Partial<kafkajs.ProducerRecord> = {},
): Promise<kafkajs.RecordMetadata[]> {
  const producer = kafka.producer({ createPartitioner: library.Partitioners.DefaultPartitioner });
  await producer.connect();
  const reports = await producer.send({ topic, messages, ...options });
  await producer.disconnect();
  return reports;
}

export const numbered = (count: number, partition = 0): kafkajs.Message[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: `v${index}`, partition }));

export const textOf = (bytes: Buffer | string | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : bytes.toString();

/** Runs a consumer until so many messages have come; gives them as text. */
export async function consume(
  { kafka }: Stage,
  groupId: string,
  topic: string,
  count: number,
  run: Omit<kafkajs.ConsumerRunConfig, 'eachMessage' | 'eachBatch'> = {},
): Promise<string[]> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  const seen: string[] = [];
  const all = expectation(`${count} messages of ${topic}`);
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    ...run,
    eachMessage: async ({ partition, message }) => {
      seen.push(`${partition}/${message.offset} ${textOf(message.key)}=${textOf(message.value)}`);
      if (seen.length === count) all.met();
    },
  });
  await all.promise;
  await consumer.disconnect();
  return seen.sort();
}

/** Orders by the number of a partition. */
export const byPartition = (a: { partition: number }, b: { partition: number }): number =>
  a.partition - b.partition;
export const byPartitionId = (a: { partitionId: number }, b: { partitionId: number }): number =>
  a.partitionId - b.partitionId;

/** Without the names, which differ from run to run. */
export function withoutName<T extends object>(value: T): Partial<T> {
  const { topicName, resourceName, topic, ...rest } = value as Record<string, unknown>;
  return rest as Partial<T>;
}

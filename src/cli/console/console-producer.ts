import type { RecordMetadata } from '../../clients/kafka/producer/prepared-record.ts';
import { Producer } from '../../clients/kafka/producer/producer.ts';
import type { Sendable } from '../../clients/kafka/producer/producer-options.ts';
import type { ProducerRecord } from '../../clients/kafka/producer/producer-record.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { loadProperties, producerOptionsFor } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import type { ConsoleProducerOptions } from '../kafka-console-producer.ts';
import { asJavaError } from '../kafka-failure.ts';
import { keyValueArgs } from '../key-value-args.ts';
import { logLine } from '../log-line.ts';
import { withNetworkWarnings } from '../network-warnings.ts';
import { LineMessageReader } from './line-message-reader.ts';
import { LineSplitter } from './line-splitter.ts';

type ConsoleRecord = ProducerRecord<string, string>;
type Env = ReturnType<typeof createNodeEnv>;

/** Options that set something of the producer, unless its properties have it and the option was not given. */
const MERGED = [
  ['linger.ms', 'timeout', 'integer'],
  ['acks', 'request-required-acks', 'text'],
  ['request.timeout.ms', 'request-timeout-ms', 'integer'],
  ['retries', 'message-send-max-retries', 'integer'],
  ['retry.backoff.ms', 'retry-backoff-ms', 'integer'],
  ['send.buffer.bytes', 'socket-buffer-size', 'integer'],
  ['buffer.memory', 'max-memory-bytes', 'integer'],
  ['batch.size', 'batch-size', 'integer'],
  ['batch.size', 'max-partition-memory-bytes', 'integer'],
  ['metadata.max.age.ms', 'metadata-expiry-ms', 'integer'],
  ['max.block.ms', 'max-block-ms', 'integer'],
] as const;

const LINE_READERS = [
  'kafka.tools.ConsoleProducer$LineMessageReader',
  'org.apache.kafka.tools.LineMessageReader',
];

/** As `ConsoleProducer.producerProps`. */
function producerProperties(env: Env, options: ConsoleProducerOptions, servers: string): Map<string, string> {
  const file = options.text('producer.config');
  const properties = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  for (const [key, value] of keyValueArgs(options.all('producer-property'))) properties.set(key, value);
  properties.set('bootstrap.servers', servers);
  properties.set('compression.type', compressionOf(options));
  if (!properties.has('client.id')) properties.set('client.id', 'console-producer');
  for (const [key, option, kind] of MERGED) {
    if (!options.has(option) && properties.has(key)) continue;
    const value = kind === 'integer' ? options.bigint(option) : options.text(option);
    if (value !== undefined) properties.set(key, String(value));
  }
  return properties;
}

function compressionOf(options: ConsoleProducerOptions): string {
  if (!options.has('compression-codec')) return 'none';
  const codec = options.text('compression-codec') ?? '';
  return codec === '' ? 'gzip' : codec;
}

function createReader(env: Env, options: ConsoleProducerOptions): LineMessageReader {
  const className = options.required('line-reader');
  if (!LINE_READERS.includes(className)) throw new JavaError('java.lang.ClassNotFoundException', className);
  const file = options.text('reader-config');
  const properties = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  for (const [key, value] of keyValueArgs(options.all('property'))) properties.set(key, value);
  return new LineMessageReader(properties);
}

/** Sends lines until the input ends; gives the exit code. */
export async function runConsoleProducer(options: ConsoleProducerOptions, servers: string): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const topic = options.required('topic');
  const properties = producerProperties(env, options, servers);
  const settings = await producerOptionsFor(properties);
  const warned = withNetworkWarnings(env, `Producer clientId=${properties.get('client.id')}`);
  const producer = new Producer<Sendable, Sendable>(warned, settings);
  try {
    const reader = createReader(env, options);
    await sendLines(producer, options.has('sync'), (line) => {
      const { key, value, headers } = reader.read(line);
      const record: ConsoleRecord = { topic, key, value };
      return headers.length === 0
        ? record
        : { ...record, headers: headers.map(([name, text]) => ({ key: name, value: text })) };
    });
  } finally {
    await producer.close();
  }
  return 0;
}

async function sendLines(
  producer: Producer<Sendable, Sendable>,
  isSync: boolean,
  recordOf: (line: string) => ConsoleRecord,
): Promise<void> {
  const isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const prompt = () => {
    if (isInteractive) process.stdout.write('>');
  };
  const send = async (line: string): Promise<void> => {
    const record = recordOf(line);
    const sent = producer.send(record);
    if (isSync) await inTime(sent);
    else sent.catch((error: unknown) => tellFailure(record, error));
    if (!producer.hasRoom) await producer.room();
    prompt();
  };
  const splitter = new LineSplitter();
  prompt();
  for await (const chunk of process.stdin) {
    for (const line of splitter.push(chunk as Buffer)) await send(line);
  }
  for (const line of splitter.end()) await send(line);
}

/** What `Future.get` throws. */
async function inTime(sent: Promise<RecordMetadata>): Promise<void> {
  try {
    await sent;
  } catch (error) {
    const cause = asJavaError(error);
    if (!(cause instanceof JavaError)) throw error;
    throw new JavaError('java.util.concurrent.ExecutionException', cause.toJavaString(), { cause });
  }
}

/** As `ErrorLoggingCallback`. */
function tellFailure({ topic, key, value }: ConsoleRecord, error: unknown): void {
  const size = (text: string | null | undefined) =>
    text === null || text === undefined ? 'null' : `${Buffer.byteLength(text)} bytes`;
  const what = `Error when sending message to topic ${topic} with key: ${size(key)}, value: ${size(value)} with error:`;
  logLine('ERROR', what, 'org.apache.kafka.clients.producer.internals.ErrorLoggingCallback');
  const cause = asJavaError(error);
  console.error(cause instanceof JavaError ? cause.toTrace() : cause);
}

import { parseProducerConfig } from '../../clients/kafka/config/producer-config.ts';
import { Producer } from '../../clients/kafka/producer/producer.ts';
import type { Sendable } from '../../clients/kafka/producer/producer-options.ts';
import type { ProducerRecord } from '../../clients/kafka/producer/producer-record.ts';
import { LineSplitter } from '../console/line-splitter.ts';
import { type ConnectionFlags, clientProperties, tellNotes } from './connection.ts';
import { jsonText } from './output.ts';
import { Progress } from './progress.ts';
import { unescaped } from './record-format.ts';
import { EXIT, failureCode, failureText, UsageError, type VerbContext } from './verb.ts';

interface ProduceFlags extends ConnectionFlags {
  readonly key?: string;
  readonly header?: readonly string[];
  readonly partition?: number;
  readonly keyDelimiter?: string;
  readonly compression?: string;
  readonly acks?: string;
  readonly tombstone?: boolean;
}

type Context = VerbContext<ProduceFlags>;
type Line = ProducerRecord<Sendable, Sendable>;

/** `produce`: sends the values given, or each line of standard input. */
export async function produce(context: Context): Promise<number> {
  const { env, output, flags, args, signal } = context;
  const [topic = '', ...values] = args;
  const recordOf = recordMaker(topic, flags);
  const producer = new Producer<Sendable, Sendable>(env, producerOptions(context));
  const progress = new Progress(output, env.clock, 'records');
  const counts = { sent: 0, failed: 0 };
  const send = async (record: Line): Promise<void> => {
    producer.send(record).then(
      (metadata) => {
        counts.sent++;
        if (output.json) output.raw(`${jsonText(metadata)}\n`);
        else progress.update(counts.sent);
      },
      (error: unknown) => {
        counts.failed++;
        output.error(failureCode(error), failureText(error));
      },
    );
    if (!producer.hasRoom) await producer.room();
  };
  try {
    if (flags.tombstone === true) await send({ ...recordOf(''), value: null });
    else if (values.length > 0) for (const value of values) await send(recordOf(value));
    else await eachLine(signal, (line) => send(recordOf(line)));
  } finally {
    await producer.close();
    progress.end();
  }
  output.remark(
    `sent ${counts.sent} records to ${topic}${counts.failed > 0 ? `, ${counts.failed} failed` : ''}`,
  );
  return counts.failed > 0 ? EXIT.failed : EXIT.ok;
}

function producerOptions({ env, output, flags }: Context) {
  const properties = clientProperties(env, flags);
  if (flags.compression !== undefined) properties.set('compression.type', flags.compression);
  if (flags.acks !== undefined) properties.set('acks', flags.acks);
  const { options, notes } = parseProducerConfig(properties);
  tellNotes(output, notes);
  return options;
}

function recordMaker(topic: string, flags: ProduceFlags): (text: string) => Line {
  const headers = (flags.header ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at <= 0) throw new UsageError(`--header ${text}: write it as name=value`);
    return { key: text.slice(0, at), value: text.slice(at + 1) };
  });
  if (flags.tombstone === true && flags.key === undefined) throw new UsageError('--tombstone needs a --key');
  const delimiter = flags.keyDelimiter === undefined ? undefined : unescaped(flags.keyDelimiter);
  const fixed = {
    topic,
    ...(flags.partition === undefined ? {} : { partition: flags.partition }),
    ...(headers.length === 0 ? {} : { headers }),
  };
  return (text) => {
    const at = delimiter === undefined ? -1 : text.indexOf(delimiter);
    if (delimiter === undefined || at < 0) return { ...fixed, key: flags.key ?? null, value: text };
    return { ...fixed, key: text.slice(0, at), value: text.slice(at + delimiter.length) };
  };
}

async function eachLine(signal: AbortSignal, take: (line: string) => Promise<void>): Promise<void> {
  const splitter = new LineSplitter();
  const end = () => process.stdin.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const chunk of process.stdin) {
      for (const line of splitter.push(chunk as Buffer)) await take(line);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  for (const line of splitter.end()) await take(line);
}

import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { KafkaError } from '../kafka-error.ts';
import { type HeaderValue, headerList, type RecordMetadata } from './prepared-record.ts';
import type { ProducerRecord } from './producer-record.ts';

/** Attributes under the names of OpenTelemetry's semantic conventions for messaging. */
export type TraceAttributes = Record<string, string | number | boolean>;

/** What subscribers of {@link SEND_CHANNEL} are given at each of its events. */
export interface SendTrace {
  /** Those of the outcome are there at `asyncEnd`. */
  readonly attributes: TraceAttributes;
  /** The records of the call, as they were given. */
  readonly records: readonly ProducerRecord<unknown, unknown>[];
  /** Headers that every record gets besides its own: `start` is where `traceparent` is added. */
  readonly headers: { key: string; value: HeaderValue }[];
  /** Where the records went, at `asyncEnd`. */
  result?: RecordMetadata | RecordMetadata[];
  /** Why they did not, at `error` and `asyncEnd`. */
  error?: unknown;
}

/** Name of the tracing channel of `node:diagnostics_channel` (`tracingChannel(...)`) on which sends are published. */
export const SEND_CHANNEL = 'streamkeeper:kafka:producer:send';

const channel: TracingChannel<SendTrace> = tracingChannel<unknown, SendTrace>(SEND_CHANNEL);
const EVENTS = [channel.start, channel.end, channel.asyncStart, channel.asyncEnd, channel.error];

/** Whether anybody wants to know: nothing is done for traces otherwise. */
export function isTraced(): boolean {
  for (const event of EVENTS) if (event.hasSubscribers) return true;
  return false;
}

/** Publishes a call from its begin to its outcome. `send` is given the records with the headers of subscribers. */
export function traced<K, V, R extends RecordMetadata | RecordMetadata[]>(
  clientId: string,
  records: readonly ProducerRecord<K, V>[],
  send: (records: readonly ProducerRecord<K, V>[]) => Promise<R>,
): Promise<R> {
  const trace: SendTrace = { attributes: attributesOf(clientId, records), records, headers: [] };
  return channel.tracePromise(async () => {
    const { headers } = trace;
    const all =
      headers.length === 0
        ? records
        : records.map((record) => ({ ...record, headers: [...headerList(record.headers), ...headers] }));
    try {
      const result = await send(all);
      const first: RecordMetadata | undefined = [result].flat()[0];
      if (records.length === 1 && first !== undefined) {
        trace.attributes['messaging.destination.partition.id'] = `${first.partition}`;
        trace.attributes['messaging.kafka.offset'] = first.offset;
      }
      return result;
    } catch (error) {
      trace.attributes['error.type'] = error instanceof KafkaError ? error.code : 'Error';
      throw error;
    }
  }, trace);
}

function attributesOf<K, V>(clientId: string, records: readonly ProducerRecord<K, V>[]): TraceAttributes {
  const [first] = records;
  const attributes: TraceAttributes = {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.client.id': clientId,
  };
  // Where the records of a call differ, none of them speaks for all.
  if (first !== undefined && records.every(({ topic }) => topic === first.topic)) {
    attributes['messaging.destination.name'] = first.topic;
  }
  if (records.length !== 1 || first === undefined) {
    attributes['messaging.batch.message_count'] = records.length;
    return attributes;
  }
  if (typeof first.key === 'string') attributes['messaging.kafka.message.key'] = first.key;
  if (first.value === null || first.value === undefined)
    attributes['messaging.kafka.message.tombstone'] = true;
  return attributes;
}

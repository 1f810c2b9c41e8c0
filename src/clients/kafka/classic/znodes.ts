import type { BrokerNode } from '../cluster/cluster-metadata.ts';
import { KafkaError } from '../kafka-error.ts';

/** `/brokers/ids`: an ephemeral child for each live broker. */
export const brokerIdsPath = '/brokers/ids';

/** `/brokers/topics`: a child for each topic. */
export const topicsPath = '/brokers/topics';

export const brokerPath = (id: number): string => `${brokerIdsPath}/${id}`;
export const topicPath = (topic: string): string => `${topicsPath}/${topic}`;
export const leaderPath = (topic: string, partition: number): string =>
  `${topicPath(topic)}/partitions/${partition}/state`;

/** `/consumers/GROUP/ids`: an ephemeral child for each live member. */
export const memberIdsPath = (group: string): string => `/consumers/${group}/ids`;
export const memberPath = (group: string, consumerId: string): string =>
  `${memberIdsPath(group)}/${consumerId}`;
export const ownerPath = (group: string, topic: string, partition: number): string =>
  `/consumers/${group}/owners/${topic}/${partition}`;
export const offsetPath = (group: string, topic: string, partition: number): string =>
  `/consumers/${group}/offsets/${topic}/${partition}`;

/** What a member consumes: numbers of streams by topic, or the topics that a pattern lets in or keeps out. */
export type Subscription =
  | { readonly pattern: 'static'; readonly streams: ReadonlyMap<string, number> }
  | {
      readonly pattern: 'white_list' | 'black_list';
      readonly expression: string;
      readonly streamCount: number;
    };

/** `/consumers/GROUP/ids/ID`, version 1 (`kafka.consumer.ZookeeperConsumerConnector.registerConsumerInZK` of 0.8). */
export function encodeSubscription(subscription: Subscription, nowMs: number): Buffer {
  const streams =
    subscription.pattern === 'static'
      ? Object.fromEntries(subscription.streams)
      : { [subscription.expression]: subscription.streamCount };
  return Buffer.from(
    JSON.stringify({
      version: 1,
      subscription: streams,
      pattern: subscription.pattern,
      timestamp: String(nowMs),
    }),
  );
}

export function decodeSubscription(path: string, data: Buffer | null): Subscription {
  const json = parse(path, data);
  const entries = Object.entries(objectIn(path, json, 'subscription')).map(([key, count]) => {
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) throw malformed(path, key);
    return [key, count] as const;
  });
  // Registrations from before 0.8.1 do not say it.
  const pattern = json['pattern'] ?? 'static';
  if (pattern === 'static') return { pattern, streams: new Map(entries) };
  const [entry] = entries;
  if ((pattern === 'white_list' || pattern === 'black_list') && entry !== undefined) {
    return { pattern, expression: entry[0], streamCount: entry[1] };
  }
  throw malformed(path, 'pattern');
}

/**
 * `/brokers/ids/N` of any version: version 1 has host and port alone, later ones a list of endpoints, of which the first
 * plain one counts. Undefined for a broker that cannot be reached without encryption or a password.
 */
export function decodeBroker(id: number, data: Buffer | null): BrokerNode | undefined {
  const path = brokerPath(id);
  const json = parse(path, data);
  const rack = typeof json['rack'] === 'string' ? json['rack'] : null;
  const { host, port } = json;
  if (typeof host === 'string' && typeof port === 'number' && port > 0) return { id, host, port, rack };
  const protocols: Record<string, unknown> =
    json['listener_security_protocol_map'] === undefined
      ? {}
      : objectIn(path, json, 'listener_security_protocol_map');
  for (const endpoint of Array.isArray(json['endpoints']) ? json['endpoints'] : []) {
    const match = /^([^:]+):\/\/\[?([^\]/]*?)\]?:(\d{1,5})$/.exec(String(endpoint));
    const [, name = '', endpointHost = '', endpointPort = ''] = match ?? [];
    if ((protocols[name] ?? name) !== 'PLAINTEXT') continue;
    return { id, host: endpointHost, port: Number(endpointPort), rack };
  }
  return undefined;
}

/** Partition numbers of `/brokers/topics/T`, any version, ascending. */
export function decodePartitions(topic: string, data: Buffer | null): number[] {
  const path = topicPath(topic);
  const names = Object.keys(objectIn(path, parse(path, data), 'partitions'));
  if (names.some((name) => !/^\d{1,9}$/.test(name))) throw malformed(path, 'partitions');
  return names.map(Number).sort((a, b) => a - b);
}

/** The leader of a partition; -1 without one. */
export function decodeLeader(path: string, data: Buffer | null): number {
  const { leader } = parse(path, data);
  if (typeof leader !== 'number') throw malformed(path, 'leader');
  return leader;
}

/** An offset as text. */
export function decodeOffset(path: string, data: Buffer | null): number {
  const text = data?.toString() ?? '';
  const offset = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(offset)) {
    throw new KafkaError('MALFORMED', `znode ${path} holds no offset: ${JSON.stringify(text.slice(0, 40))}`);
  }
  return offset;
}

function parse(path: string, data: Buffer | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data?.toString() ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below: what it holds is no JSON at all.
  }
  throw new KafkaError('MALFORMED', `znode ${path} does not hold a JSON object`);
}

function objectIn(path: string, json: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = json[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(path, name);
  return value as Record<string, unknown>;
}

function malformed(path: string, name: string): KafkaError {
  return new KafkaError('MALFORMED', `znode ${path}: ${name} is missing or not what it should be`);
}

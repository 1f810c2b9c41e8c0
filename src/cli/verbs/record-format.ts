import type { ConsumerRecord } from '../../clients/kafka/consumer/consumer-record.ts';
import type { OutputBuffer } from '../console/output-buffer.ts';
import { UsageError } from './verb.ts';

type Part = (record: ConsumerRecord, output: OutputBuffer) => void;

const bytes = (value: Buffer | null, output: OutputBuffer) => {
  if (value !== null) output.bytes(value);
};
const size = (value: Buffer | null) => (value === null ? '-1' : String(value.length));

const TOKENS: Readonly<Record<string, Part>> = {
  t: ({ topic }, output) => output.text(topic),
  p: ({ partition }, output) => output.text(String(partition)),
  o: ({ offset }, output) => output.text(String(offset)),
  k: ({ key }, output) => bytes(key, output),
  K: ({ key }, output) => output.text(size(key)),
  s: ({ value }, output) => bytes(value, output),
  S: ({ value }, output) => output.text(size(value)),
  T: ({ timestamp }, output) => output.text(String(timestamp)),
  h: ({ headers }, output) =>
    output.text(headers.map(({ key, value }) => `${key}=${value?.toString('utf8') ?? 'NULL'}`).join(',')),
  '%': (_, output) => output.text('%'),
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', '\\': '\\' };

/** `\n`, `\t` and the like in texts of the command line. */
export function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (all, letter: string) => ESCAPES[letter] ?? all);
}

/** A format of kcat's `-f`: `%t %p %o %k %s %T %h`, sizes `%K %S`. Throws {@link UsageError}. */
export function recordFormat(format: string): Part {
  const parts: Part[] = [];
  for (const [all, token] of unescaped(format).matchAll(/%(.)|[^%]+|%$/gs)) {
    if (token === undefined) {
      parts.push((_, output) => output.text(all));
      continue;
    }
    const part = Object.hasOwn(TOKENS, token) ? TOKENS[token] : undefined;
    if (part === undefined) throw new UsageError(`--format has %${token}: known are ${known()}`);
    parts.push(part);
  }
  return (record, output) => {
    for (const part of parts) part(record, output);
  };
}

const known = () =>
  Object.keys(TOKENS)
    .map((token) => `%${token}`)
    .join(' ');

/** A record for programs; bytes that are no UTF-8 come in base64, under a name that says so. */
export function recordJson(record: ConsumerRecord): Readonly<Record<string, unknown>> {
  const { topic, partition, offset, timestamp, timestampType, key, value, headers } = record;
  return {
    topic,
    partition,
    offset,
    timestamp,
    timestampType,
    ...named('key', key),
    ...named('value', value),
    headers: headers.map((header) => ({ key: header.key, ...named('value', header.value) })),
  };
}

function named(name: string, content: Buffer | null): Readonly<Record<string, string | null>> {
  if (content === null) return { [name]: null };
  const text = content.toString('utf8');
  return Buffer.from(text, 'utf8').equals(content)
    ? { [name]: text }
    : { [`${name}Base64`]: content.toString('base64') };
}

import { strict as assert } from 'node:assert';
import { MalformedError } from '../../src/base/malformed-error.ts';
import { apis } from '../../src/wire/kafka/apis.ts';
import { hasVersion } from '../../src/wire/kafka/schema/index.ts';
import type { GoldenCheck } from './check.ts';
import { type Located, locate } from './message-catalog.ts';
import { addUnknownTags, draftFromJson, jsonFromValue, type TagFact } from './message-json.ts';

interface Vector {
  readonly name: string;
  readonly apiKey: number | null;
  readonly type: 'request' | 'response' | 'header' | 'data';
  readonly version: number;
  readonly flexible: boolean;
  readonly variant: string;
  readonly headerVersion?: number;
  readonly json: { [name: string]: unknown };
  readonly unknownTags?: readonly TagFact[];
  readonly hex: string;
}

/** Every message in every version, both ways. */
export const kafkaMessages: GoldenCheck = {
  name: 'Kafka message vectors',
  matches: (path) => /^kafka\/messages\/[^/]*\.jsonl(\.gz)?$/.test(path),
  *cases(file) {
    for (const vector of file.lines<Vector>()) {
      yield {
        label: `${vector.name} v${vector.version} ${vector.variant}`,
        run: () => checkVector(vector),
      };
    }
  },
};

function checkVector(vector: Vector): void {
  const { message, version, fieldName } = locate(vector.name, vector.version, vector.apiKey ?? undefined);
  const json = renameKeys(vector.json, fieldName);
  const tags = vector.unknownTags ?? [];
  assert.equal(hasVersion(message.flexible, version), vector.flexible, 'flexible');
  checkHead(vector, message);

  const bytes = Buffer.from(vector.hex, 'hex');
  const wide = message.wideAt(version);
  const value = wide.decode(bytes) as { [name: string]: unknown };
  assert.deepEqual(jsonFromValue(message.fields, value, version), json);
  assert.equal(wide.encode(value).toString('hex'), vector.hex, 're-encoded');

  const draft = draftFromJson(message.fields, json);
  addUnknownTags(draft, tags, fieldName);
  assert.equal(wide.encode(draft).toString('hex'), vector.hex, 'encoded from JSON');

  checkSafeCodec({ message, version, fieldName }, bytes, hasWideIntegers(json));
}

function checkHead(vector: Vector, message: Located['message']): void {
  if (vector.type !== 'request' && vector.type !== 'response') return;
  const api = apis.get(vector.apiKey ?? -1);
  assert.equal(api?.[vector.type], message, 'api table');
  const headerVersion =
    vector.type === 'request'
      ? api.requestHeaderVersion(vector.version)
      : api.responseHeaderVersion(vector.version);
  assert.equal(headerVersion, vector.headerVersion, 'header version');
}

/** The codec that servers use: the same bytes back, or a clear refusal of integers beyond 2^53. */
function checkSafeCodec({ message, version }: Located, bytes: Buffer, hasWide: boolean): void {
  const codec = message.at(version);
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    assert(hasWide && error instanceof MalformedError, `refused: ${String(error)}`);
    return;
  }
  if (!hasWide) assert.equal(codec.encode(value).toString('hex'), bytes.toString('hex'), 'safe codec');
}

/** Only integers beyond 2^53 are strings of digits that long. */
function hasWideIntegers(json: unknown): boolean {
  if (typeof json === 'string') return /^-?\d{16,20}$/.test(json);
  if (typeof json !== 'object' || json === null) return false;
  return Object.values(json).some(hasWideIntegers);
}

function renameKeys<T>(json: T, rename: (name: string) => string): T {
  const renamed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [rename(name), renamed(inner)]));
  };
  return renamed(json) as T;
}

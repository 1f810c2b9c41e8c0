export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface NormaliseOptions {
  /** Fields whose values differ from run to run: only whether there is one is compared. */
  readonly mask?: readonly string[];
  /** Fields that are left out. */
  readonly without?: readonly string[];
}

/** What no two runs, or no two servers, have in common. */
const ALWAYS_MASKED = new Set(['clusterId', 'host', 'port', 'sessionId', 'logDir', 'rack']);
const ALWAYS_OMITTED = new Set(['throttleTimeMs']);
/** Sentences are the server's own: only that there is one is compared. */
const SENTENCES = new Set(['errorMessage', 'batchIndexErrorMessage']);
/** The fields by which the elements of a list are told apart, in this order. */
const NAMES = ['name', 'topic', 'topicName', 'topicId', 'resourceName', 'apiKey', 'nodeId', 'groupId', 'key'];
const NUMBERS = ['partitionIndex', 'partition', 'index', 'apiKey', 'nodeId', 'batchIndex'];
const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Makes answers comparable: bytes as hex, lists in the order of their names, ids by the order of their appearance. */
export class Normaliser {
  private readonly ids = new Map<string, string>();

  normalise(value: unknown, options: NormaliseOptions = {}): Json {
    return this.convert(value, '', options);
  }

  private convert(value: unknown, field: string, options: NormaliseOptions): Json {
    if (value === null || value === undefined) return null;
    if (Buffer.isBuffer(value)) return withoutFiller(field, value).toString('hex');
    if (Array.isArray(value)) {
      return value.toSorted(byName).map((element) => this.convert(element, field, options));
    }
    if (typeof value === 'object') return this.convertFields(value, options);
    if (field.toLowerCase() === 'topicid' && typeof value === 'string') return this.idOf(value);
    if (SENTENCES.has(field)) return value === '' ? '' : 'a sentence';
    const masked = ALWAYS_MASKED.has(field) || options.mask?.includes(field) === true;
    if (masked) return isNothing(value) ? String(value) : 'something';
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
    throw new TypeError(`an answer holds a ${typeof value} in ${field}`);
  }

  private convertFields(value: object, options: NormaliseOptions): Json {
    const fields: Record<string, Json> = {};
    for (const [name, inner] of Object.entries(value)) {
      if (ALWAYS_OMITTED.has(name) || options.without?.includes(name) === true) continue;
      fields[name] = this.convert(inner, name, options);
    }
    return fields;
  }

  private idOf(uuid: string): string {
    if (uuid === ZERO_UUID) return 'no id';
    const known = this.ids.get(uuid) ?? `id ${this.ids.size + 1}`;
    this.ids.set(uuid, known);
    return known;
  }
}

/**
 * After down-converted records Apache fills up what it had promised to send with a message of offset -1 that is cut
 * off (`LazyDownConversionRecordsSend`).
 */
function withoutFiller(field: string, bytes: Buffer): Buffer {
  if (field !== 'records') return bytes;
  let at = 0;
  while (at + 12 <= bytes.length && bytes[at] !== 0xff) at += 12 + bytes.readInt32BE(at + 8);
  return bytes[at] === 0xff ? bytes.subarray(0, at) : bytes;
}

function isNothing(value: unknown): boolean {
  return value === -1 || value === 0 || value === '' || value === -1n;
}

function byName(left: unknown, right: unknown): number {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return 0;
  for (const field of NAMES) {
    const order = String(read(left, field) ?? '').localeCompare(String(read(right, field) ?? ''));
    // Ids are drawn anew in each run, so that they give no order.
    if (order !== 0 && field !== 'topicId') return order;
  }
  for (const field of NUMBERS) {
    const order = Number(read(left, field) ?? 0) - Number(read(right, field) ?? 0);
    if (order !== 0) return order;
  }
  return contentOf(left).localeCompare(contentOf(right));
}

function contentOf(value: object): string {
  return JSON.stringify(value, (name, inner) => {
    if (typeof inner === 'bigint') return String(inner);
    return name.toLowerCase() === 'topicid' ? undefined : inner;
  });
}

function read(value: object, field: string): unknown {
  return (value as Record<string, unknown>)[field];
}

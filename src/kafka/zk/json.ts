import { MalformedError } from '../../base/malformed-error.ts';

/** A JSON value to write. Objects are maps or entry lists, so that keys keep the order they are given in. */
export type JsonValue = string | number | null | readonly JsonValue[] | JsonMembers;

/** An object with its members in order. Built by {@link members}. */
export class JsonMembers {
  readonly entries: readonly (readonly [string, JsonValue])[];

  constructor(entries: readonly (readonly [string, JsonValue])[]) {
    this.entries = entries;
  }
}

/** A JSON object whose members are written in the order given. */
export function members(entries: Iterable<readonly [string, JsonValue]>): JsonMembers {
  return new JsonMembers([...entries]);
}

/** The compact text that Jackson writes for the same value. */
export function encodeJson(value: JsonValue): Buffer {
  return Buffer.from(text(value));
}

function text(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || value === null) return String(value);
  if (value instanceof JsonMembers) {
    return `{${value.entries.map(([key, member]) => `${quoted(key)}:${text(member)}`).join(',')}}`;
  }
  return `[${value.map(text).join(',')}]`;
}

/** Jackson writes the hex digits of control characters in upper case. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll(/\\(?:u00[0-9a-f]{2}|.)/g, (sequence) =>
    sequence.length > 2 ? `\\u${sequence.slice(2).toUpperCase()}` : sequence,
  );
}

/**
 * A JSON object read from a znode. Every getter throws a {@link MalformedError} that names the znode when the
 * member is missing or of another type, for znodes are also written by hand and by old tools.
 */
export class ZnodeObject {
  readonly path: string;
  readonly #members: Readonly<Record<string, unknown>>;

  private constructor(path: string, values: Readonly<Record<string, unknown>>) {
    this.path = path;
    this.#members = values;
  }

  /** Parses the data of the znode at `path`, which must be a JSON object. */
  static parse(path: string, data: Buffer | null): ZnodeObject {
    let value: unknown;
    try {
      value = JSON.parse((data ?? Buffer.alloc(0)).toString());
    } catch {
      throw new MalformedError(`znode ${path} does not hold JSON: ${excerpt(data)}`);
    }
    if (!isObject(value)) throw new MalformedError(`znode ${path} holds no JSON object: ${excerpt(data)}`);
    return new ZnodeObject(path, value);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#members, key) && this.#members[key] !== null;
  }

  keys(): string[] {
    return Object.keys(this.#members);
  }

  integer(key: string): number {
    return this.#as(key, 'an integer', isInteger);
  }

  string(key: string): string {
    return this.#as(key, 'a string', (value) => typeof value === 'string');
  }

  optionalString(key: string): string | null {
    return this.has(key) ? this.string(key) : null;
  }

  integers(key: string): number[] {
    return this.#as(key, 'a list of integers', (value) => Array.isArray(value) && value.every(isInteger));
  }

  strings(key: string): string[] {
    return this.#as(
      key,
      'a list of strings',
      (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    );
  }

  object(key: string): ZnodeObject {
    return new ZnodeObject(this.path, this.#as(key, 'an object', isObject));
  }

  optionalObject(key: string): ZnodeObject | null {
    return this.has(key) ? this.object(key) : null;
  }

  objects(key: string): ZnodeObject[] {
    const list: Readonly<Record<string, unknown>>[] = this.#as(
      key,
      'a list of objects',
      (value) => Array.isArray(value) && value.every(isObject),
    );
    return list.map((item) => new ZnodeObject(this.path, item));
  }

  /** All members as name and text. */
  textMembers(): Map<string, string> {
    return new Map(this.keys().map((key) => [key, this.string(key)]));
  }

  #as<T>(key: string, kind: string, check: (value: unknown) => boolean): T {
    const value = Object.hasOwn(this.#members, key) ? this.#members[key] : undefined;
    if (!check(value)) {
      throw new MalformedError(`znode ${this.path}: "${key}" must be ${kind}, not ${JSON.stringify(value)}`);
    }
    return value as T;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function excerpt(data: Buffer | null): string {
  return data === null ? '(no data)' : JSON.stringify(data.subarray(0, 200).toString());
}

/** Parses a decimal integer that stands alone in a znode or inside a JSON string. */
export function decimal(path: string, value: string): number {
  const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) {
    throw new MalformedError(`znode ${path} must hold a decimal number, not ${JSON.stringify(value)}`);
  }
  return number;
}

import { JavaError } from './java-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const MAPPING = 'com.fasterxml.jackson.databind.JsonMappingException';

/** JSON of a file, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new JavaError(MAPPING, `Expected JSON object, received ${JSON.stringify(value)}`);
}

export function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new JavaError(MAPPING, `Expected JSON array, received ${JSON.stringify(value)}`);
}

/** A field of an object that must be there. */
export function field(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  throw new JavaError(MAPPING, `No such field exists: \`${name}\``);
}

export function textField(object: JsonObject, name: string): string {
  const value = field(object, name);
  if (typeof value === 'string') return value;
  throw new JavaError(MAPPING, `Expected \`String\` value, received ${JSON.stringify(value)}`);
}

/** `Integer` or `Long`. */
export function integerField(object: JsonObject, name: string, type: 'Integer' | 'Long' = 'Integer'): number {
  const value = field(object, name);
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new JavaError(MAPPING, `Expected \`${type}\` value, received ${JSON.stringify(value)}`);
}

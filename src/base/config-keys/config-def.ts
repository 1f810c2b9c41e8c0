import { javaDoubleText } from '../java-double.ts';
import { ConfigError, invalidValue } from './config-error.ts';
import type { CheckedValue, ParsedValue, Validator } from './validators.ts';

export type { CheckedValue } from './validators.ts';

export type ConfigType =
  | 'BOOLEAN'
  | 'STRING'
  | 'INT'
  | 'SHORT'
  | 'LONG'
  | 'DOUBLE'
  | 'LIST'
  | 'CLASS'
  | 'PASSWORD';

export interface ConfigOptions {
  readonly valid?: Validator;
  /** MEDIUM when left out. */
  readonly importance?: 'HIGH' | 'LOW';
  /** Not shown to clients and not documented. */
  readonly internal?: true;
  /** How the broker's key can be changed while brokers run; `read-only` when left out. */
  readonly update?: 'per-broker' | 'cluster-wide';
  /** Accepted and reported, but of no effect in this implementation. */
  readonly inert?: true;
  /** Broker configurations that give a topic configuration its default, first one wins. */
  readonly synonyms?: readonly Synonym[];
  readonly doc?: string;
}

export interface Synonym {
  readonly name: string;
  /** Milliseconds per unit of the broker's key. */
  readonly unitMs?: number;
}

/** One configuration key. `phantom` only carries the type of its value. */
export interface ConfigDef<Value = unknown> extends ConfigOptions {
  readonly type: ConfigType;
  /** As text, in the form in which it is reported. */
  readonly defaultText: string | null;
  readonly phantom?: Value;
}

export type ConfigDefs = { readonly [name: string]: ConfigDef };

/** Long.MAX_VALUE, Kafka's way to say never or unlimited; as a number it is the largest safe integer. */
export const MAX_LONG = '9223372036854775807';

type OrNull<D, T> = null extends D ? T | null : T;

function def<T>(type: ConfigType, defaultText: string | null, options: ConfigOptions = {}): ConfigDef<T> {
  return { ...options, type, defaultText };
}

function text(value: string | number | boolean | null): string | null {
  return value === null ? null : String(value);
}

export function bool(value: boolean, options?: ConfigOptions): ConfigDef<boolean> {
  return def('BOOLEAN', text(value), options);
}

export function string<D extends string | null>(
  value: D,
  options?: ConfigOptions,
): ConfigDef<OrNull<D, string>> {
  return def('STRING', value, options);
}

export function int<D extends number | null>(
  value: D,
  options?: ConfigOptions,
): ConfigDef<OrNull<D, number>> {
  return def('INT', text(value), options);
}

export function short(value: number, options?: ConfigOptions): ConfigDef<number> {
  return def('SHORT', text(value), options);
}

export function long<D extends number | typeof MAX_LONG | null>(
  value: D,
  options?: ConfigOptions,
): ConfigDef<OrNull<D, number>> {
  return def('LONG', text(value), options);
}

export function double(value: number, options?: ConfigOptions): ConfigDef<number> {
  return def('DOUBLE', javaDoubleText(value), options);
}

export function list<D extends string | null>(
  value: D,
  options?: ConfigOptions,
): ConfigDef<OrNull<D, readonly string[]>> {
  return def('LIST', value, options);
}

export function className<D extends string | null>(
  value: D,
  options?: ConfigOptions,
): ConfigDef<OrNull<D, string>> {
  return def('CLASS', value, options);
}

export function password(options?: ConfigOptions): ConfigDef<string | null> {
  return def('PASSWORD', null, options);
}

/** Parses and validates what someone set `key` to. Throws ConfigError with Apache's wording. */
export function checkValue(key: string, definition: ConfigDef, raw: string): CheckedValue {
  const checked = parse(key, definition.type, raw.trim(), raw);
  definition.valid?.check(key, checked);
  return checked;
}

/** The default, which needs no validation. */
export function defaultValue(key: string, definition: ConfigDef): CheckedValue {
  const { defaultText } = definition;
  if (defaultText === null) return { value: null, text: null };
  return parse(key, definition.type, defaultText, defaultText);
}

const integerLimits = {
  SHORT: [-(2n ** 15n), 2n ** 15n - 1n],
  INT: [-(2n ** 31n), 2n ** 31n - 1n],
  LONG: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

function parse(key: string, type: ConfigType, trimmed: string, raw: string): CheckedValue {
  switch (type) {
    case 'BOOLEAN': {
      const lower = trimmed.toLowerCase();
      if (lower !== 'true' && lower !== 'false') {
        throw invalidValue(key, raw, 'Expected value to be either true or false');
      }
      return { value: lower === 'true', text: lower };
    }
    case 'SHORT':
    case 'INT':
    case 'LONG':
      return parseInteger(key, type, trimmed, raw);
    case 'DOUBLE': {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) {
        throw invalidValue(key, raw, 'Not a number of type DOUBLE');
      }
      const value = Number(trimmed);
      return { value, text: javaDoubleText(value) };
    }
    case 'LIST': {
      const elements = trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
      return { value: Object.freeze(elements), text: elements.join(',') };
    }
    case 'STRING':
    case 'CLASS':
    case 'PASSWORD':
      return { value: trimmed, text: trimmed };
  }
}

function parseInteger(
  key: string,
  type: 'SHORT' | 'INT' | 'LONG',
  trimmed: string,
  raw: string,
): CheckedValue {
  const [min, max] = integerLimits[type];
  const exact = /^[+-]?\d{1,20}$/.test(trimmed) ? BigInt(trimmed.replace('+', '')) : undefined;
  if (exact === undefined || exact < min || exact > max) {
    throw invalidValue(key, raw, `Not a number of type ${type}`);
  }
  const value = Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Number(exact)));
  return { value, text: exact.toString() };
}

/** `log.retention.ms` as `logRetentionMs`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}.${infer Rest}`
  ? `${Head}${Capitalize<CamelCase<Rest>>}`
  : Name;

export function camelCase(name: string): string {
  return name.replace(/\.(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The values of a set of keys, each under its name in camel case. */
export type ConfigValues<D extends ConfigDefs> = {
  readonly [K in keyof D & string as CamelCase<K>]: D[K] extends ConfigDef<infer V> ? V : never;
};

/** Freezes checked values under their camel-case names. */
export function configValues<D extends ConfigDefs>(
  defs: D,
  checked: ReadonlyMap<string, CheckedValue>,
): ConfigValues<D> {
  const values: Record<string, ParsedValue> = {};
  for (const name of Object.keys(defs)) {
    const entry = checked.get(name);
    if (entry === undefined) throw new ConfigError(`${name} has no value`, name);
    values[camelCase(name)] = entry.value;
  }
  // Each value was parsed by the definition that its type is inferred from.
  return Object.freeze(values) as ConfigValues<D>;
}

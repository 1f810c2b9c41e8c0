import { BadValue } from '../../base/bad-value.ts';

/** Parsers of single values: each gives the value, or throws {@link BadValue} that says what would be right. */

export function text(value: string): string {
  if (value === '') throw new BadValue('is empty: give a value or remove the line');
  return value;
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^[+-]?\d+$/.test(value) || number < min || number > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
      throw new BadValue(`is not a whole number in range: give ${range}`);
    }
    return number;
  };
}

/** A number of KiB, given on as bytes. */
export function kibibytes(min: number): (value: string) => number {
  const parse = integer(min, Math.floor(Number.MAX_SAFE_INTEGER / 1024));
  return (value) => parse(value) * 1024;
}

export function trueOrFalse(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new BadValue('is neither: give true or false');
  return lower === 'true';
}

export function yesOrNo(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === 'yes' || lower === 'true') return true;
  if (lower === 'no' || lower === 'false') return false;
  throw new BadValue('is neither: give yes or no');
}

export function oneOf<T extends string>(...choices: readonly T[]): (value: string) => T {
  return (value) => {
    const choice = choices.find((choice) => choice === value.toLowerCase());
    if (choice === undefined) throw new BadValue(`is unknown: give ${choices.join(', ')}`);
    return choice;
  };
}

export function words(value: string): string[] {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** `user:base64(hash)`, as `DigestAuthenticationProvider.generateDigest` gives it. */
export function userDigest(value: string): string {
  if (!/^[^:]+:[A-Za-z0-9+/]+=*$/.test(value)) {
    throw new BadValue('is no digest: give user:base64(sha1(user:password))');
  }
  return value;
}

/** Java's name of a hash, given on in Node's spelling. */
export function hashName(value: string): string {
  const match = /^sha-?(1|224|256|384|512)$/i.exec(value) ?? /^sha(3-(?:224|256|384|512))$/i.exec(value);
  if (match === null) throw new BadValue('is unknown: give SHA1, SHA-256, SHA-384, SHA-512 or SHA3-256');
  return `sha${match[1]}`;
}

/** A share of something, from 0 to 1. */
export function fraction(value: string): number {
  const number = Number(value);
  if (!/^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) || number > 1) {
    throw new BadValue('is no share: give 0 to 1, such as 0.02');
  }
  return number;
}

/** Where the AdminServer's commands are. */
export function urlPath(value: string): string {
  if (!/^\/[\w./-]*$/.test(value)) throw new BadValue('is no path: give something like /commands');
  return value.replace(/\/+$/, '');
}

const PROVIDERS: ReadonlyMap<string, 'none' | 'prometheus'> = new Map([
  ['org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider', 'prometheus'],
  ['org.apache.zookeeper.metrics.impl.DefaultMetricsProvider', 'none'],
  ['org.apache.zookeeper.metrics.impl.NullMetricsProvider', 'none'],
]);

/** Java's class of a metrics provider. */
export function metricsProvider(value: string): 'none' | 'prometheus' {
  const provider = PROVIDERS.get(value);
  if (provider === undefined) throw new BadValue(`is unknown: give ${[...PROVIDERS.keys()].join(' or ')}`);
  return provider;
}

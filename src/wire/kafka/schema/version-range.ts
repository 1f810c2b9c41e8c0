import { assert } from '../../../base/assert.ts';

/** Inclusive range of message versions; empty when `min` is above `max`. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

const EMPTY: VersionRange = { min: 0, max: -1 };

/** Reads Kafka's notation: `none`, `3`, `0-4` or `2+`. */
export function parseVersionRange(text: string): VersionRange {
  if (text === 'none') return EMPTY;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  assert(match !== null, `'${text}' is not a version range such as 3, 0-4, 2+ or none`);
  const min = Number(match[1]);
  if (match[2] === '+') return { min, max: Number.POSITIVE_INFINITY };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

export function hasVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max;
}

/** Whether the range written as `text` holds `version`. */
export function inVersions(text: string, version: number): boolean {
  return hasVersion(parseVersionRange(text), version);
}

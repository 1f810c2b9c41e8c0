import { javaDoubleText } from '../../../base/java-double.ts';

type QuotaType = 'LONG' | 'INT' | 'DOUBLE';

/** Quotas of users and clients, and of both together. */
export const clientQuotaKeys: ReadonlyMap<string, QuotaType> = new Map([
  ['producer_byte_rate', 'LONG'],
  ['consumer_byte_rate', 'LONG'],
  ['request_percentage', 'DOUBLE'],
  ['controller_mutation_rate', 'DOUBLE'],
]);

/** Quotas of addresses. */
export const ipQuotaKeys: ReadonlyMap<string, QuotaType> = new Map([['connection_creation_rate', 'INT']]);

/** How far from a whole number a value may be. */
const EPSILON = 1e-6;
const limits = { LONG: 2n ** 63n - 1n, INT: 2n ** 31n - 1n } as const;

/** A quota as it stands in ZooKeeper; undefined when it cannot be one of this type. */
export function quotaText(type: QuotaType, value: number): string | undefined {
  if (Number.isNaN(value)) return undefined;
  if (type === 'DOUBLE') return javaDoubleText(value);
  if (!Number.isFinite(value)) return undefined;
  const whole = Math.trunc(value + EPSILON);
  if (Math.abs(whole - value) > EPSILON) return undefined;
  const [exact, most] = [BigInt(whole), limits[type]];
  // As a double, the largest LONG is one more than it is.
  if (exact === most + 1n && type === 'LONG') return String(most);
  return exact > most || exact < -most - 1n ? undefined : String(exact);
}

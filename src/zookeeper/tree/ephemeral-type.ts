import { hex } from '../../base/hex.ts';
import { MalformedError } from '../../base/malformed-error.ts';

/** How a node's ephemeralOwner makes it live (EphemeralType of ZooKeeper 3.9). */
export type EphemeralKind = 'persistent' | 'ephemeral' | 'container' | 'ttl';

/** The owner that marks a container: Long.MIN_VALUE. */
export const CONTAINER_OWNER = -(1n << 63n);

/** Largest TTL, in milliseconds: 40 bits, about 34 years. */
export const MAX_TTL_MS = 2 ** 40 - 1;

/** With extended types, server ids stop here: session ids of id 255 would look like TTL markers. */
export const MAX_EXTENDED_SERVER_ID = 0xfe;

const TTL_MARK = 0xff00_0000_0000_0000n;
const FEATURE_MASK = 0x00ff_ff00_0000_0000n;

/** The owner field of a TTL node. `ttlMs` must be 1..{@link MAX_TTL_MS}. */
export function ttlOwner(ttlMs: number): bigint {
  return BigInt.asIntN(64, TTL_MARK | BigInt(ttlMs));
}

/** The TTL in milliseconds of an owner field that {@link ephemeralKind} calls 'ttl'. */
export function ttlOfOwner(owner: bigint): number {
  return Number(BigInt.asUintN(40, owner));
}

export function isValidTtl(ttlMs: number): boolean {
  return ttlMs > 0 && ttlMs <= MAX_TTL_MS;
}

/**
 * Without extended types (zookeeper.extendedTypesEnabled) every owner but 0 and the container's is a session.
 */
export function ephemeralKind(owner: bigint, extendedTypes: boolean): EphemeralKind {
  if (owner === 0n) return 'persistent';
  if (owner === CONTAINER_OWNER) return 'container';
  if (extendedTypes && owner < 0n && owner >> 56n === -1n) {
    if ((owner & FEATURE_MASK) !== 0n) {
      throw new MalformedError(`ephemeral owner ${hex(owner)} has unknown feature bits`);
    }
    return 'ttl';
  }
  return 'ephemeral';
}

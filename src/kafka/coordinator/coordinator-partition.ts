import { javaAbs, javaStringHash } from '../../base/java-string-hash.ts';

/** The partition of an internal topic that keeps `key`'s state: of a group id, a transactional id. */
export function coordinatorPartition(key: string, partitionCount: number): number {
  return javaAbs(javaStringHash(key)) % partitionCount;
}

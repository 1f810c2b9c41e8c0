import { assert } from '../../base/assert.ts';
import type { ACL } from '../../wire/zookeeper/data.ts';
import { Perms } from '../../wire/zookeeper/op-codes.ts';
import { OPEN_ACL_ID } from '../../wire/zookeeper/snapshot.ts';

/** What `world:anyone` may do on nodes without an ACL of their own (ZooDefs.Ids.OPEN_ACL_UNSAFE). */
export const OPEN_ACL: readonly ACL[] = [{ perms: Perms.ALL, id: { scheme: 'world', id: 'anyone' } }];

/** ZooDefs.Ids.READ_ACL_UNSAFE: the ACL of the configuration node. */
export const READ_ACL: readonly ACL[] = [{ perms: Perms.READ, id: { scheme: 'world', id: 'anyone' } }];

/**
 * Stands for a number that a fuzzy snapshot uses without defining it: the transaction that defines it comes
 * with the replay. Until then nobody may do anything.
 */
const UNKNOWN_ACL_ID = -2;
const UNKNOWN_ACL: readonly ACL[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];

interface Entry {
  readonly acl: readonly ACL[];
  readonly key: string;
  users: number;
}

/** Gives every distinct ACL a number, so that nodes share one copy; numbers are counted by their users. */
export class AclCache {
  private readonly byId = new Map<number, Entry>();
  private readonly idByKey = new Map<string, number>();
  private lastId = 0;

  get size(): number {
    return this.byId.size;
  }

  /** The number of an ACL, for one more user of it. Null stands for the open ACL. */
  take(acl: readonly ACL[] | null): number {
    if (acl === null) return OPEN_ACL_ID;
    const key = keyOf(acl);
    let id = this.idByKey.get(key);
    if (id === undefined) {
      id = ++this.lastId;
      this.byId.set(id, { acl, key, users: 0 });
      this.idByKey.set(key, id);
    }
    const entry = this.byId.get(id);
    assert(entry !== undefined, () => `ACL ${id} is listed by its key only`);
    entry.users++;
    return id;
  }

  /** The number of a node being restored, for one more user of it. */
  takeRestored(id: number): number {
    if (id === OPEN_ACL_ID) return id;
    const entry = this.byId.get(id);
    if (entry === undefined) return UNKNOWN_ACL_ID;
    entry.users++;
    return id;
  }

  /** One user fewer; an ACL without users is forgotten. */
  release(id: number): void {
    const entry = this.byId.get(id);
    if (entry === undefined) return;
    entry.users--;
    if (entry.users <= 0) this.forget(id, entry);
  }

  resolve(id: number): readonly ACL[] {
    if (id === OPEN_ACL_ID) return OPEN_ACL;
    return this.byId.get(id)?.acl ?? UNKNOWN_ACL;
  }

  /** Everything in use, as a snapshot lists it. */
  *entries(): Iterable<[id: number, acl: readonly ACL[]]> {
    for (const [id, entry] of this.byId) yield [id, entry.acl];
  }

  clear(): void {
    this.byId.clear();
    this.idByKey.clear();
    this.lastId = 0;
  }

  /** Defines a number found in a snapshot. */
  restore(id: number, acl: readonly ACL[]): void {
    const key = keyOf(acl);
    this.byId.set(id, { acl, key, users: 0 });
    this.idByKey.set(key, id);
    this.lastId = Math.max(this.lastId, id);
  }

  /** Forgets what no restored node uses. */
  purgeUnused(): void {
    for (const [id, entry] of this.byId) {
      if (entry.users <= 0) this.forget(id, entry);
    }
  }

  private forget(id: number, entry: Entry): void {
    this.byId.delete(id);
    if (this.idByKey.get(entry.key) === id) this.idByKey.delete(entry.key);
  }
}

function keyOf(acl: readonly ACL[]): string {
  let key = '';
  for (const { perms, id } of acl) {
    const scheme = id.scheme ?? '';
    key += `${perms} ${scheme.length} ${scheme}${id.id ?? ''}\n`;
  }
  return key;
}

import { ClassicGroup, type GroupState } from './classic-group.ts';
import type { GroupStore } from './group-store.ts';

/** The groups of one partition as they live, on top of what the log says of them. */
export class GroupTable {
  private readonly table = new Map<string, ClassicGroup>();
  private readonly store: GroupStore;

  constructor(store: GroupStore) {
    this.store = store;
  }

  get all(): ClassicGroup[] {
    return [...this.table.values()];
  }

  find(groupId: string): ClassicGroup | undefined {
    return this.table.get(groupId);
  }

  /** The group, brought into being Empty when it does not exist. */
  obtain(groupId: string, nowMs: number): ClassicGroup {
    const known = this.table.get(groupId);
    if (known !== undefined) return known;
    const group = new ClassicGroup(groupId, nowMs);
    this.table.set(groupId, group);
    return group;
  }

  /** Makes the groups that the loaded log describes. */
  load(nowMs: number): void {
    for (const [groupId, stored] of this.store.groups) {
      this.table.set(groupId, ClassicGroup.fromStored(groupId, stored));
    }
    for (const groupId of this.store.groupsWithOffsets()) this.obtain(groupId, nowMs);
  }

  /** Whether the log has nothing of the group. */
  isUnwritten(groupId: string): boolean {
    return !this.store.groups.has(groupId) && !this.store.hasOffsets(groupId);
  }

  /** Forgets a group that was made for a request and of which nothing has come. */
  dropIfUnused(group: ClassicGroup): void {
    const unused =
      group.is('Empty') &&
      group.generation === 0 &&
      group.pendingMembers.size === 0 &&
      !group.hasOffsetsInFlight &&
      this.isUnwritten(group.groupId);
    if (unused) this.forget(group);
  }

  /** After a deletion: the group is gone when the log has nothing of it any more, else it is there again. */
  finishDeletion(group: ClassicGroup, before: number | undefined): void {
    if (!group.is('Dead') || this.table.get(group.groupId) !== group) return;
    if (this.isUnwritten(group.groupId)) this.forget(group);
    else group.reviveEmpty(before);
  }

  countIn(state: GroupState): number {
    let count = 0;
    for (const group of this.table.values()) if (group.is(state)) count++;
    return count;
  }

  private forget(group: ClassicGroup): void {
    if (this.table.get(group.groupId) === group) this.table.delete(group.groupId);
  }
}

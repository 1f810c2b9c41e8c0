import { getOrPut } from '../../../base/get-or-put.ts';
import type { RecordPosition } from '../shard.ts';
import type { CommittedOffset, GroupRecord, OffsetRecord, StoredGroup } from './records.ts';

/** A committed offset and the record that made it so. */
export interface StoredOffset extends CommittedOffset {
  /** Base offset of the batch that held the commit: among commits in and outside of transactions the later wins. */
  readonly recordOffset: number;
}

/** Offsets by topic and partition. */
export type OffsetTable = Map<string, Map<number, StoredOffset>>;

function put(tables: Map<string, OffsetTable>, record: OffsetRecord, offset: StoredOffset): void {
  const table = getOrPut(tables, record.group, () => new Map());
  getOrPut(table, record.topic, () => new Map()).set(record.partition, offset);
}

function remove(tables: Map<string, OffsetTable>, record: OffsetRecord): void {
  const table = tables.get(record.group);
  const partitions = table?.get(record.topic);
  if (table === undefined || partitions === undefined) return;
  partitions.delete(record.partition);
  if (partitions.size === 0) table.delete(record.topic);
  if (table.size === 0) tables.delete(record.group);
}

/**
 * What one partition of `__consumer_offsets` says, and nothing else: the last generation of each group, its committed
 * offsets, and the offsets of transactions under way. {@link GroupStore.replay} and
 * {@link GroupStore.replayEndTransaction} are the only ways to change it, so that a broker that replays the log has
 * the very state of the broker that wrote it.
 */
export class GroupStore {
  private readonly groupTable = new Map<string, StoredGroup>();
  private readonly offsetTables = new Map<string, OffsetTable>();
  /** Offsets that a transaction has written, by producer and then by group. */
  private readonly pending = new Map<bigint, Map<string, OffsetTable>>();

  get groups(): ReadonlyMap<string, StoredGroup> {
    return this.groupTable;
  }

  /** The groups that have offsets, in or outside of transactions. */
  *groupsWithOffsets(): IterableIterator<string> {
    yield* this.offsetTables.keys();
    for (const tables of this.pending.values()) yield* tables.keys();
  }

  offsets(group: string): ReadonlyMap<string, ReadonlyMap<number, StoredOffset>> {
    return this.offsetTables.get(group) ?? new Map();
  }

  offset(group: string, topic: string, partition: number): StoredOffset | undefined {
    return this.offsetTables.get(group)?.get(topic)?.get(partition);
  }

  /** Whether an open transaction has written an offset for the partition. */
  hasPendingOffset(group: string, topic: string, partition: number): boolean {
    for (const tables of this.pending.values()) {
      if (tables.get(group)?.get(topic)?.has(partition)) return true;
    }
    return false;
  }

  /** The partitions that open transactions have written offsets for. */
  *pendingPartitions(group: string): IterableIterator<{ topic: string; partition: number }> {
    for (const tables of this.pending.values()) {
      for (const [topic, partitions] of tables.get(group) ?? []) {
        for (const partition of partitions.keys()) yield { topic, partition };
      }
    }
  }

  /** Whether the group has any offset, committed or in an open transaction. */
  hasOffsets(group: string): boolean {
    if (this.offsetTables.has(group)) return true;
    for (const tables of this.pending.values()) if (tables.has(group)) return true;
    return false;
  }

  replay(record: GroupRecord, position: RecordPosition): void {
    if (record.type === 'offset') this.replayOffset(record, position);
    else if (record.value === null) this.groupTable.delete(record.group);
    else this.groupTable.set(record.group, record.value);
  }

  private replayOffset(record: OffsetRecord, position: RecordPosition): void {
    const { value } = record;
    if (value === null) {
      remove(this.offsetTables, record);
      for (const [producerId, tables] of this.pending) {
        remove(tables, record);
        if (tables.size === 0) this.pending.delete(producerId);
      }
      return;
    }
    const offset = { ...value, recordOffset: position.baseOffset };
    if (position.producerId === undefined) {
      put(this.offsetTables, record, offset);
      return;
    }
    const tables = getOrPut(this.pending, position.producerId, () => new Map());
    put(tables, record, offset);
  }

  /** Ends the producer's transaction: its offsets take effect, unless a later commit has already been made. */
  replayEndTransaction(producerId: bigint, committed: boolean): void {
    const tables = this.pending.get(producerId);
    if (tables === undefined) return;
    this.pending.delete(producerId);
    if (!committed) return;
    for (const [group, table] of tables) {
      const target = getOrPut(this.offsetTables, group, () => new Map());
      for (const [topic, partitions] of table) mergeNewer(target, topic, partitions);
    }
  }
}

function mergeNewer(target: OffsetTable, topic: string, source: ReadonlyMap<number, StoredOffset>): void {
  const partitions = getOrPut(target, topic, () => new Map());
  for (const [partition, offset] of source) {
    const current = partitions.get(partition);
    if (current === undefined || current.recordOffset < offset.recordOffset)
      partitions.set(partition, offset);
  }
}

/** Suffixes of the files in a log's directory; each name begins with an offset in 20 digits. */
export const FileSuffix = {
  log: '.log',
  offsetIndex: '.index',
  timeIndex: '.timeindex',
  transactionIndex: '.txnindex',
  producerSnapshot: '.snapshot',
  /** Waits for its removal. */
  deleted: '.deleted',
  /** Being written by the cleaner or by a split. */
  cleaned: '.cleaned',
  /** Complete, about to take the place of the segments it was made from. */
  swap: '.swap',
} as const;

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint';
export const PARTITION_METADATA = 'partition.metadata';

export function offsetFileName(offset: number, suffix: string): string {
  return `${String(offset).padStart(20, '0')}${suffix}`;
}

/** The offset at the front of a file name; undefined when there is none. */
export function offsetOfFileName(name: string): number | undefined {
  const match = /^(\d{1,20})\./.exec(name);
  if (match === null) return undefined;
  const offset = Number(match[1]);
  return Number.isSafeInteger(offset) ? offset : undefined;
}

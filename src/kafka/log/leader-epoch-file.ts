import type { Disk } from '../../env/disk.ts';
import type { Log } from '../../env/log.ts';
import {
  CheckpointError,
  CheckpointFile,
  type CheckpointFormat,
  parseCount,
} from '../../storage/checkpoint-file.ts';
import { LEADER_EPOCH_CHECKPOINT } from './file-names.ts';
import type { EpochEntry, EpochStore } from './leader-epoch-cache.ts';

const FORMAT: CheckpointFormat<EpochEntry> = {
  version: 0,
  format: (entry) => `${entry.epoch} ${entry.startOffset}`,
  parse: (line) => {
    const [epoch, startOffset, ...rest] = line.split(/\s+/).map(parseCount);
    if (epoch === undefined || startOffset === undefined || rest.length > 0) return undefined;
    return { epoch, startOffset };
  },
};

/** A partition's `leader-epoch-checkpoint`: lines of epoch and start offset. */
export class LeaderEpochFile implements EpochStore {
  private readonly disk: Disk;
  private readonly inBackground: (work: () => Promise<void>) => void;
  private file: CheckpointFile<EpochEntry> | undefined;
  private lastWrite: Promise<void> = Promise.resolve();
  private latest: readonly EpochEntry[] = [];
  private isLost = false;

  /** `inBackground` runs work that nobody waits for, and deals with its failure. */
  constructor(disk: Disk, directory: string, inBackground: (work: () => Promise<void>) => void) {
    this.disk = disk;
    this.inBackground = inBackground;
    this.file = new CheckpointFile(disk, `${directory}/${LEADER_EPOCH_CHECKPOINT}`, FORMAT);
  }

  /** Entries of a file that cannot be read are found again in the batches, as far as they are recovered. */
  read(log: Log): EpochEntry[] {
    try {
      return this.file?.read() ?? [];
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      log.warn(`Ignoring a damaged leader epoch checkpoint: ${error.message}`);
      return [];
    }
  }

  write(entries: readonly EpochEntry[]): void {
    const { file } = this;
    if (file === undefined) return;
    this.latest = entries;
    this.isLost = false;
    this.lastWrite = file.write(entries).catch((error: unknown) => {
      // The directory may have got another name meanwhile.
      if (this.file !== file) return;
      this.isLost = true;
      throw error;
    });
    const { lastWrite } = this;
    this.inBackground(() => lastWrite);
  }

  /** A flush waits for it. What could not be written, for want of a descriptor, is tried anew. */
  written(): Promise<void> {
    if (this.isLost) this.write(this.latest);
    return this.lastWrite;
  }

  moveTo(directory: string, entries: readonly EpochEntry[]): void {
    this.file = new CheckpointFile(this.disk, `${directory}/${LEADER_EPOCH_CHECKPOINT}`, FORMAT);
    this.file.writeNow(entries);
  }

  /** The log is closed, or its directory has gone elsewhere: nothing is written any more. */
  close(): void {
    this.file = undefined;
  }

  remove(): void {
    if (this.file !== undefined) this.disk.remove(this.file.path);
    this.file = undefined;
  }
}

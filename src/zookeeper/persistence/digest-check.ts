import type { Log } from '../../env/log.ts';
import type { ZxidDigest } from '../../wire/zookeeper/snapshot.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';

/** Version of the tree digest that can be compared (DigestCalculator). */
const DIGEST_VERSION = 2;
/** Mismatches logged one by one; after a first one nearly every transaction mismatches. */
const MOST_LOGGED = 10;

const IN_REPLAY = 'the digest of the tree is not what it was when the transaction was first applied';

/** The tree whose digest is checked. */
export interface DigestedTree {
  readonly digest: bigint;
  readonly hasDigest: boolean;
}

/**
 * Compares the tree's digest with those of transactions, in the log while it is replayed, and as they are committed. Over a fuzzy snapshot the digests can
 * only agree from the transaction on that its own digest belongs to (DataTree.compareDigest). A mismatch is
 * reported and counted, but not fatal, as in Apache.
 */
export class DigestCheck {
  /** Transactions after which the tree had another digest than where they were first applied. */
  mismatches = 0;
  private readonly tree: DigestedTree;
  private readonly log: Log;
  private readonly meaning: string;
  /** Digest of the snapshot that the replay has not reached yet. */
  private awaited: ZxidDigest | undefined;

  /** `meaning` is what a mismatch tells, with the remedy, for the log. */
  constructor(tree: DigestedTree, log: Log, meaning = IN_REPLAY) {
    this.tree = tree;
    this.log = log;
    this.meaning = meaning;
  }

  /** Begins with a loaded snapshot. A digest of an earlier transaction says nothing about it. */
  afterSnapshot(snapshotZxid: number, digest: ZxidDigest | undefined): void {
    if (!this.tree.hasDigest || digest === undefined) return;
    if (digest.zxid <= 0 || digest.zxid < snapshotZxid) return;
    this.awaited = digest;
    this.reach(snapshotZxid);
  }

  afterTxn({ header, digest }: TxnEntry): void {
    if (!this.tree.hasDigest) return;
    this.reach(header.zxid);
    if (this.awaited !== undefined || digest === undefined || digest.version !== DIGEST_VERSION) return;
    if (digest.treeDigest !== this.tree.digest) this.report(header.zxid, digest.treeDigest);
  }

  /** Call when the replay is over. */
  end(lastZxid: number): void {
    if (this.awaited === undefined) return;
    this.log.warn('the log ends before the transaction that the digest of the snapshot belongs to', {
      lastZxid,
      digestZxid: this.awaited.zxid,
    });
  }

  private reach(zxid: number): void {
    if (this.awaited?.zxid !== zxid) return;
    const { digestVersion, digest } = this.awaited;
    this.awaited = undefined;
    if (digestVersion === DIGEST_VERSION && digest !== this.tree.digest) this.report(zxid, digest);
  }

  private report(zxid: number, expected: bigint): void {
    this.mismatches++;
    if (this.mismatches > MOST_LOGGED) return;
    this.log.error(this.meaning, {
      zxid: `0x${zxid.toString(16)}`,
      expected: expected.toString(),
      actual: this.tree.digest.toString(),
    });
  }
}

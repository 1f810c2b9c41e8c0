import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { RunningZooKeeperServer } from '../../../src/zookeeper/index.ts';
import { counterOf, epochOf } from '../../../src/zookeeper/pipeline/zxid.ts';
import type { DataTree, TxnObserver } from '../../../src/zookeeper/tree/data-tree.ts';
import type { History } from '../invariant.ts';
import type { AppliedTxns } from './applied-txns.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { ZkObservation } from './observation.ts';

export interface ServerWatchParts {
  history: Pick<History<ZkObservation>, 'record'>;
  committed: Pick<CommittedHistory, 'lastZxid'>;
  applied: AppliedTxns;
  peer: string;
  life: number;
  nowMs(): number;
}

/**
 * Writes down what one life of a server delivers. A tree that does not serve says nothing: it may hold transactions
 * that were logged and not committed. Once the server serves, all that it has is delivered, also what nobody has
 * delivered yet, and from then on each transaction is taken as it is applied.
 */
export class ServerWatch {
  private readonly parts: ServerWatchParts;
  private server: RunningZooKeeperServer | undefined;
  private isAnnounced = false;
  /** The last zxid of the tree before the server served. */
  private baseZxid = 0;

  constructor(parts: ServerWatchParts) {
    this.parts = parts;
  }

  readonly observer: TxnObserver = (tree, entry) => {
    const { applied, peer, life, history, nowMs } = this.parts;
    const { header, body } = entry;
    applied.see(entry);
    if (this.server === undefined || !serves(this.server)) return;
    if (!this.isAnnounced) this.announce(this.server, header.zxid - 1, undefined);
    history.record({
      kind: 'delivered',
      peer,
      life,
      isReplay: false,
      header,
      body,
      digest: tree.digest,
      ephemeralsLeft: ephemeralsLeft(tree, header.clientId, body.type),
      atMs: nowMs(),
    });
  };

  started(server: RunningZooKeeperServer): void {
    this.server = server;
    this.look();
  }

  /** After every event: has the server begun to serve, or ceased to? */
  look(): void {
    const { server } = this;
    if (server === undefined) return;
    if (!serves(server)) {
      this.isAnnounced = false;
      this.baseZxid = server.tree.lastProcessedZxid;
    } else if (!this.isAnnounced) {
      const { lastProcessedZxid, digest } = server.tree;
      this.announce(server, lastProcessedZxid, digest);
    }
  }

  private announce({ mode, tree }: RunningZooKeeperServer, upTo: number, digest: bigint | undefined): void {
    const { peer, life, history, applied } = this.parts;
    this.isAnnounced = true;
    if (mode === 'leader' && counterOf(upTo) === 0) applied.epochBegins(epochOf(upTo), this.baseZxid);
    this.deliverUpTo(upTo);
    history.record({
      kind: 'serving',
      peer,
      life,
      zxid: upTo,
      digest,
      isLeader: mode === 'leader',
      ephemeralOwners: digest === undefined ? [] : [...tree.sessionsWithEphemerals()].map(([owner]) => owner),
    });
  }

  private deliverUpTo(zxid: number): void {
    const { applied, committed, history, peer, life, nowMs } = this.parts;
    for (const { header, body, digest } of applied.between(committed.lastZxid, zxid)) {
      history.record({
        kind: 'delivered',
        peer,
        life,
        isReplay: true,
        header,
        body,
        digest: digest?.treeDigest,
        ephemeralsLeft: 0,
        atMs: nowMs(),
      });
    }
  }
}

/** Whether what is in the tree is the ensemble's: without a leader, that is not known. */
export function serves({ mode }: Pick<RunningZooKeeperServer, 'mode'>): boolean {
  return mode !== undefined && mode !== 'read-only';
}

function ephemeralsLeft(tree: DataTree, owner: bigint, type: number): number {
  return type === OpCode.closeSession ? tree.ephemeralsOf(owner).size : 0;
}

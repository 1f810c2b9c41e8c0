import type { Env } from '../../../src/env/env.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { decodeTxnEntry } from '../../../src/wire/zookeeper/txn-entry.ts';
import type { RunningZooKeeperServer } from '../../../src/zookeeper/index.ts';
import { scanTxns } from '../../../src/zookeeper/persistence/txn-log-scan.ts';
import type { DataTree, TxnObserver } from '../../../src/zookeeper/tree/data-tree.ts';
import type { History } from '../invariant.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { ZkObservation } from './observation.ts';

const MAX_RECORD_BYTES = 2 ** 21;

export interface ServerWatchParts {
  history: History<ZkObservation>;
  committed: CommittedHistory;
  env: Env;
  peer: string;
  life: number;
  /** Where the transaction log is. */
  logDirectory: string;
  nowMs(): number;
}

/**
 * Writes down what one life of a server delivers. A tree that does not serve says nothing: it may hold transactions
 * that were logged and not committed. Once the server serves, all that it has is delivered: what nobody has seen
 * yet is read from its log, and from then on each transaction is taken as it is applied.
 */
export class ServerWatch {
  private readonly parts: ServerWatchParts;
  private server: RunningZooKeeperServer | undefined;
  private isAnnounced = false;

  constructor(parts: ServerWatchParts) {
    this.parts = parts;
  }

  readonly observer: TxnObserver = (tree, header, body) => {
    if (this.server?.mode === undefined) return;
    if (!this.isAnnounced) this.announce(this.server, header.zxid - 1, undefined);
    const { peer, life, history, nowMs } = this.parts;
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
    if (server.mode === undefined) this.isAnnounced = false;
    else if (!this.isAnnounced) {
      const { lastProcessedZxid, digest } = server.tree;
      this.announce(server, lastProcessedZxid, digest);
    }
  }

  private announce({ mode, tree }: RunningZooKeeperServer, upTo: number, digest: bigint | undefined): void {
    const { peer, life, history, committed } = this.parts;
    this.isAnnounced = true;
    if (upTo > committed.lastZxid) this.deliverLogged(committed.lastZxid + 1, upTo);
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

  private deliverLogged(from: number, upTo: number): void {
    const { env, logDirectory, history, peer, life, nowMs } = this.parts;
    for (const { zxid, payload } of scanTxns(env, logDirectory, from, MAX_RECORD_BYTES)) {
      if (zxid > upTo) break;
      const { header, body, digest } = decodeTxnEntry(Buffer.from(payload));
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

function ephemeralsLeft(tree: DataTree, owner: bigint, type: number): number {
  return type === OpCode.closeSession ? tree.ephemeralsOf(owner).size : 0;
}

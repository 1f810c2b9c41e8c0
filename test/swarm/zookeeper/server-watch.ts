import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { DataTree, TxnObserver } from '../../../src/zookeeper/tree/data-tree.ts';
import type { History } from '../invariant.ts';
import type { ZkObservation } from './observation.ts';

type Delivered = Extract<ZkObservation, { kind: 'delivered' }>;

/** Writes down what one life of a server does with transactions. */
export class ServerWatch {
  private readonly history: History<ZkObservation>;
  private readonly peer: string;
  private readonly life: number;
  private readonly nowMs: () => number;
  private isReplay = true;
  private readonly replayed: Delivered[] = [];

  constructor(parts: {
    history: History<ZkObservation>;
    peer: string;
    life: number;
    nowMs: () => number;
  }) {
    this.history = parts.history;
    this.peer = parts.peer;
    this.life = parts.life;
    this.nowMs = parts.nowMs;
  }

  readonly observer: TxnObserver = (tree, header, body) => {
    const delivered: Delivered = {
      kind: 'delivered',
      peer: this.peer,
      life: this.life,
      isReplay: this.isReplay,
      header,
      body,
      // A replay starts from a fuzzy snapshot: only its end has to be exact.
      digest: this.isReplay ? undefined : tree.digest,
      ephemeralsLeft: body.type === OpCode.closeSession ? tree.ephemeralsOf(header.clientId).size : 0,
      atMs: this.nowMs(),
    };
    if (this.isReplay) this.replayed.push(delivered);
    else this.history.record(delivered);
  };

  /** The recovery is over: only now is what it replayed sure to be durable. */
  serving(tree: DataTree): void {
    this.isReplay = false;
    for (const delivered of this.replayed.splice(0)) this.history.record(delivered);
    this.history.record({
      kind: 'serving',
      peer: this.peer,
      life: this.life,
      zxid: tree.lastProcessedZxid,
      digest: tree.digest,
      ephemeralOwners: [...tree.sessionsWithEphemerals()].map(([owner]) => owner),
    });
  }
}

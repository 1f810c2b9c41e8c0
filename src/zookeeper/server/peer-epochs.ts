import type { Log } from '../../env/log.ts';
import { PersistenceError } from '../persistence/persistence-error.ts';
import type { Store } from '../persistence/store.ts';
import { epochOf } from '../pipeline/zxid.ts';

/**
 * What a server has promised and joined: it follows no leader of an epoch below the accepted one, and its history is
 * that of the current one. Both are on disk before anybody hears of them.
 */
export class PeerEpochs {
  private readonly store: Store;
  private acceptedEpoch: number;
  private currentEpoch: number;

  /** Throws PersistenceError. Where there are no files, the history tells (QuorumPeer.loadDataBase). */
  constructor(store: Store, lastZxid: number, log: Log) {
    this.store = store;
    const historyEpoch = epochOf(lastZxid);
    const current = store.readEpoch('currentEpoch');
    const accepted = store.readEpoch('acceptedEpoch');
    this.currentEpoch = current ?? historyEpoch;
    this.acceptedEpoch = accepted ?? Math.max(historyEpoch, this.currentEpoch);
    if (current === undefined) store.writeEpoch('currentEpoch', this.currentEpoch);
    if (accepted === undefined) store.writeEpoch('acceptedEpoch', this.acceptedEpoch);
    if (this.acceptedEpoch < this.currentEpoch) {
      throw new PersistenceError(
        `acceptedEpoch ${this.acceptedEpoch} is below currentEpoch ${this.currentEpoch}: one of the files is not of ` +
          'this server. Restore both from a backup, or empty the data directory; the leader has the data',
      );
    }
    if (historyEpoch > this.currentEpoch) {
      // A part of a leader's history that was written down before the server stopped: whole or not, it is one that a
      // leader has had, so this server may vote with it. Apache's server does not start with it.
      log.warn(
        'the data is of a later epoch than the last one joined: a synchronisation did not come to its end',
        {
          currentEpoch: this.currentEpoch,
          lastZxid: `0x${lastZxid.toString(16)}`,
        },
      );
    }
  }

  get accepted(): number {
    return this.acceptedEpoch;
  }

  get current(): number {
    return this.currentEpoch;
  }

  accept(epoch: number): void {
    this.store.writeEpoch('acceptedEpoch', epoch);
    this.acceptedEpoch = epoch;
  }

  enter(epoch: number): void {
    this.store.writeEpoch('currentEpoch', epoch);
    this.currentEpoch = epoch;
  }
}

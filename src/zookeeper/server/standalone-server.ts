import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import { GroupCommit } from '../pipeline/group-commit.ts';
import { ZxidSource } from '../pipeline/zxid.ts';
import { OrderingServer } from './ordering-server.ts';
import type { ServerCore } from './server-core.ts';

/** What a server without an id puts into the top byte of session ids (createSessionTrackerServerId). */
const STANDALONE_SESSION_SERVER_ID = 1;

/**
 * A server without an ensemble: prepare, log, commit behind each other.
 *
 *     serving --stop--> stopped
 *     serving --log fails--> stopped, and `failed` is told
 */
export class StandaloneServer {
  private readonly core: ServerCore;
  private readonly role: OrderingServer;
  private readonly groupCommit: GroupCommit;

  constructor(core: ServerCore, failed: (error: unknown) => void) {
    this.core = core;
    const { config, tree, storage, env } = core;
    this.role = new OrderingServer({
      core,
      mode: 'standalone',
      zxids: new ZxidSource(tree.lastProcessedZxid),
      sessionServerId: config.serverId === 0 ? STANDALONE_SESSION_SERVER_ID : config.serverId,
      propose: (txn) => this.groupCommit.append(txn),
      // What is answered has been applied: a sync waits for its own session's writes only.
      sync: (done) => done(),
      monitorValues: () => [],
      statusLines: () => [],
    });
    this.groupCommit = new GroupCommit({
      log: storage,
      timers: env.timers,
      clock: env.clock,
      metrics: core.stats.pipeline,
      durable: (group) => core.turn(() => this.commitGroup(group)),
      failed: (error) => {
        this.stop();
        core.retire();
        failed(error);
      },
    });
  }

  start(): void {
    this.role.start();
  }

  stop(): void {
    this.role.stop();
  }

  private commitGroup(group: readonly EncodedTxn[]): void {
    if (this.core.role !== this.role) return;
    for (const { entry } of group) this.core.commit(entry);
    this.core.storage.transactionsApplied(group.length);
  }
}

import { MalformedError } from '../../base/malformed-error.ts';
import type { Log } from '../../env/log.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { PacketType, type QuorumPacket } from '../../wire/zookeeper/quorum.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import { parseQuorumConfig } from '../election/quorum-config.ts';
import { QuorumConfigError, type QuorumVerifier } from '../election/quorum-verifier.ts';
import { epochOf, makeZxid } from '../pipeline/zxid.ts';
import { follows } from './committed-log.ts';
import { ZAB_GUARDS, type ZabGuards } from './guards.ts';
import { ProtocolError } from './learner-handler.ts';
import {
  ackEpochPacket,
  type ForwardedRequest,
  helloPacket,
  packetName,
  pingReplyPacket,
  plainPacket,
  readDesignatedLeader,
  readInformedTxn,
  readRevalidated,
  readTxn,
  requestPacket,
  revalidatePacket,
} from './packets.ts';
import type { ZabMetrics } from './zab-metrics.ts';

/** The peer that follows or observes; read anew each time. */
export interface LearnerPeer {
  readonly id: number;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** The version of the last committed configuration. */
  readonly configVersion: number;
  /** The last transaction in its history, committed or not: all of it is in the tree when it begins to learn. */
  readonly lastZxid: number;
  /** Whether its history cannot be cut off where the leader of the accepted epoch wants it: only a tree helps. */
  readonly needsTree: boolean;
}

/** What a learner does to its server. Where `done` is given, the rest of the work waits until it is called. */
export interface LearnerPorts {
  send(bytes: Buffer): void;
  /** Writes the epoch down for good: no leader of an earlier one will be followed. */
  acceptEpoch(epoch: number): void;
  /** Writes down that this server's history is that of the epoch. All of it is durable already. */
  enterEpoch(epoch: number): void;
  /** Cuts off everything after `zxid`, on disk and in the tree. */
  truncate(zxid: number, done: () => void): void;
  /**
   * Replaces the tree by the one that follows on the connection, saves it as a snapshot of `zxid`, and drops all
   * that was on disk before.
   */
  loadTree(zxid: number, done: () => void): void;
  /** Logs a transaction; {@link Learner.logged} tells when it is durable. */
  append(txn: EncodedTxn): void;
  /** Calls `done`, perhaps at once, when everything appended is durable. */
  whenDurable(done: () => void): void;
  /** Applies a committed transaction and answers its request, if that came from here. */
  commit(txn: EncodedTxn): void;
  /** A configuration is being proposed, with NEWLEADER or as a transaction. */
  proposeConfig(config: QuorumVerifier): void;
  /**
   * A configuration is committed. `leader` leads from now on, as of `zxid`; undefined to stay with the present one.
   * True when this server has to leave its leader for that: its role or its leader has changed.
   */
  activateConfig(config: QuorumVerifier, leader: number | undefined, zxid: number): boolean;
  /** This server has the leader's history and a quorum has it too: it may serve. */
  serve(epoch: number): void;
  /** Takes the sessions heard from since the last call. */
  takeTouched(): Iterable<readonly [id: bigint, timeoutMs: number]>;
  revalidated(sessionId: bigint, lives: boolean): void;
  /** The oldest sync under way may be answered. */
  synced(): void;
}

export interface LearnerOptions {
  peer: LearnerPeer;
  ports: LearnerPorts;
  /** Absent: all hold. */
  guards?: ZabGuards;
  log: Log;
  metrics: ZabMetrics;
  /** Observers are told what has been committed, followers are asked before. */
  isObserver: boolean;
  initTimeoutMs: number;
  syncTimeoutMs: number;
}

/**
 * A follower or an observer (Learner, Follower and Observer of 3.9, ZAB 1.0), without sockets or files:
 *
 *     new        --FOLLOWERINFO or OBSERVERINFO sent--> discovery
 *     discovery  --LEADERINFO: epoch accepted, ACKEPOCH sent--> choosing
 *     choosing   --DIFF--> syncing
 *     choosing   --TRUNC: history cut off--> syncing
 *     choosing   --SNAP: tree loaded and saved--> syncing
 *     syncing    --PROPOSAL and COMMIT, INFORM--> syncing      logged and applied
 *     syncing    --NEWLEADER: all of it durable, then epoch entered, then ACK sent--> synced
 *     synced     --PROPOSAL, COMMIT, INFORM--> synced          as in serving
 *     synced     --UPTODATE: ACK sent--> serving
 *     serving    --PROPOSAL: logged, ACK when durable; COMMIT: applied--> serving
 *     any        --another packet, or one out of order: ProtocolError--> (the connection is to be closed)
 *
 * The order at NEWLEADER is what keeps acknowledged writes: the history goes to disk before the epoch that vouches
 * for it, and the acknowledgement goes out after both (ZOOKEEPER-3023, 3911, 4643, 4646, 4685, 4785). Proposals
 * that are not committed by then are logged and acknowledged behind it, so that a COMMIT that arrives before
 * UPTODATE finds them (ZOOKEEPER-4394).
 */
export class Learner {
  private readonly peer: LearnerPeer;
  private readonly ports: LearnerPorts;
  private readonly options: LearnerOptions;
  private readonly guards: ZabGuards;
  private state: 'new' | 'discovery' | 'choosing' | 'syncing' | 'synced' | 'serving' = 'new';
  private busy = false;
  private epoch = 0;
  private syncSinceMs = 0;
  private asksForTree = false;
  /** The last transaction received; everything up to it is in the history or in `pending`. */
  private lastQueuedZxid = 0;
  /** The configuration that came with NEWLEADER, which UPTODATE commits. */
  private leaderConfig: QuorumVerifier | undefined;
  /** Received and not committed, in order. Up to NEWLEADER not logged either. */
  private pending: EncodedTxn[] = [];

  constructor(options: LearnerOptions) {
    this.options = options;
    this.guards = options.guards ?? ZAB_GUARDS;
    this.peer = options.peer;
    this.ports = options.ports;
  }

  /** While a packet is being worked on in later turns, no other may be handed over. */
  get isBusy(): boolean {
    return this.busy;
  }

  get isServing(): boolean {
    return this.state === 'serving';
  }

  get isSynced(): boolean {
    return this.state === 'synced' || this.state === 'serving';
  }

  /** How long the leader may be silent. */
  get readTimeoutMs(): number {
    return this.isSynced ? this.options.syncTimeoutMs : this.options.initTimeoutMs;
  }

  /** The connection is there. */
  start(): void {
    const { id, acceptedEpoch, configVersion, lastZxid } = this.peer;
    const { isObserver } = this.options;
    this.lastQueuedZxid = lastZxid;
    const hello = { id, isObserver, acceptedEpoch, configVersion };
    this.ports.send(helloPacket(hello, makeZxid(acceptedEpoch, 0)));
    this.state = 'discovery';
  }

  /** Logged and not committed: part of the history, whoever leads next will decide. */
  uncommitted(): readonly EncodedTxn[] {
    return this.isSynced ? this.pending : [];
  }

  /** Throws ProtocolError or MalformedError: the connection is to be closed then. */
  receive(packet: QuorumPacket): void {
    switch (this.state) {
      case 'new':
        throw new ProtocolError(`${packetName(packet.type)} before anything was said`);
      case 'discovery':
        this.discover(packet);
        return;
      case 'choosing':
        this.choose(packet);
        return;
      default:
        this.follow(packet);
    }
  }

  private discover({ type, zxid }: QuorumPacket): void {
    if (type !== PacketType.LEADERINFO) throw unexpected(type, 'LEADERINFO');
    const epoch = epochOf(zxid);
    const { acceptedEpoch, currentEpoch, lastZxid, needsTree } = this.peer;
    if (epoch < acceptedEpoch) {
      throw new ProtocolError(
        `the leader's epoch ${epoch} is below ${acceptedEpoch}, which was accepted before: a later leader has to come, ` +
          'or the data directory is that of another ensemble',
      );
    }
    // Who has accepted this very epoch before may be following another leader's: the answer is no vote for it.
    const isNew = epoch > acceptedEpoch;
    if (isNew) this.ports.acceptEpoch(epoch);
    this.epoch = epoch;
    this.syncSinceMs = this.options.metrics.monotonicMs();
    // Who says that it has nothing gets the tree. Not as a vote for the epoch, which has to name all that it has.
    this.asksForTree = !isNew && needsTree;
    this.ports.send(ackEpochPacket(isNew ? currentEpoch : -1, this.asksForTree ? 0 : lastZxid));
    this.state = 'choosing';
  }

  private choose({ type, zxid }: QuorumPacket): void {
    const { log } = this.options;
    if (this.asksForTree && type !== PacketType.SNAP) throw unexpected(type, 'SNAP');
    log.info('synchronising with the leader', { type: packetName(type), zxid: `0x${zxid.toString(16)}` });
    switch (type) {
      case PacketType.DIFF:
        this.state = 'syncing';
        return;
      case PacketType.TRUNC:
        this.work((done) => this.ports.truncate(zxid, done));
        break;
      case PacketType.SNAP:
        this.work((done) => this.ports.loadTree(zxid, done));
        break;
      default:
        throw unexpected(type, 'DIFF, TRUNC or SNAP');
    }
    this.lastQueuedZxid = zxid;
    this.state = 'syncing';
  }

  /** Does something that may take longer than this turn. */
  private work(action: (done: () => void) => void): void {
    this.busy = true;
    action(() => {
      this.busy = false;
    });
  }

  private follow(packet: QuorumPacket): void {
    const { type, zxid, data } = packet;
    switch (type) {
      case PacketType.PROPOSAL:
        this.propose(readTxn(data));
        return;
      case PacketType.COMMIT:
        this.commit(zxid);
        return;
      case PacketType.COMMITANDACTIVATE:
        this.activate(this.pending[0], readDesignatedLeader(data), () => this.commit(zxid));
        return;
      case PacketType.INFORM:
        this.inform(readTxn(data));
        return;
      case PacketType.INFORMANDACTIVATE: {
        const txn = readInformedTxn(data);
        this.activate(txn, readDesignatedLeader(data), () => this.inform(txn));
        return;
      }
      case PacketType.NEWLEADER:
        this.newLeader(packet);
        return;
      case PacketType.UPTODATE:
        this.upToDate();
        return;
      case PacketType.PING:
        // A leader counts what comes before this as something else.
        if (this.isServing) this.ports.send(pingReplyPacket(zxid, this.ports.takeTouched()));
        return;
      case PacketType.REVALIDATE: {
        const { sessionId, lives } = readRevalidated(data);
        this.ports.revalidated(sessionId, lives);
        return;
      }
      case PacketType.SYNC:
        this.ports.synced();
        return;
      default:
        throw unexpected(type, 'PROPOSAL, COMMIT, INFORM, NEWLEADER, UPTODATE, PING, REVALIDATE or SYNC');
    }
  }

  private propose(txn: EncodedTxn): void {
    if (!this.isNext(txn)) return;
    const { metrics } = this.options;
    if (this.isServing) {
      metrics.proposalsReceived++;
      metrics.age(metrics.proposalMs, txn.entry.header);
    }
    const config = configOf(txn);
    if (config !== undefined) this.ports.proposeConfig(config);
    this.pending.push(txn);
    if (this.isSynced) this.ports.append(txn);
  }

  /**
   * Whether a transaction is the next one. A leader that sends its tree may send what that contains once more. A hole
   * would be lost transactions, for good (ZOOKEEPER-4925).
   */
  private isNext({ entry }: EncodedTxn): boolean {
    const { zxid } = entry.header;
    if (zxid <= this.lastQueuedZxid) return false;
    if (this.guards.noHoles && !follows(this.lastQueuedZxid, zxid)) {
      throw new ProtocolError(
        `0x${zxid.toString(16)} does not follow 0x${this.lastQueuedZxid.toString(16)}: something is missing`,
      );
    }
    this.lastQueuedZxid = zxid;
    return true;
  }

  private commit(zxid: number): void {
    const first = this.pending[0];
    const firstZxid = first?.entry.header.zxid ?? Number.POSITIVE_INFINITY;
    // The commit of something that the tree had contained already.
    if (zxid < firstZxid && zxid <= this.lastQueuedZxid) return;
    if (first === undefined || zxid < firstZxid) {
      throw new ProtocolError(`commit of 0x${zxid.toString(16)}, which was not proposed`);
    }
    if (firstZxid !== zxid) {
      throw new ProtocolError(
        `commit of 0x${zxid.toString(16)} while 0x${firstZxid.toString(16)} is the next: commits are out of order`,
      );
    }
    this.pending.shift();
    if (!this.isSynced) this.ports.append(first);
    this.countCommit(first);
    this.ports.commit(first);
  }

  private inform(txn: EncodedTxn): void {
    if (!this.isNext(txn)) return;
    this.countCommit(txn);
    this.ports.append(txn);
    this.ports.commit(txn);
  }

  private countCommit({ entry }: EncodedTxn): void {
    if (!this.isServing) return;
    const { metrics } = this.options;
    metrics.commitsReceived++;
    metrics.age(metrics.commitMs, entry.header);
  }

  /** A reconfiguration is committed: it takes effect before the transaction does, and may end this term. */
  private activate(txn: EncodedTxn | undefined, leader: number, apply: () => void): void {
    const config = txn === undefined ? undefined : configOf(txn);
    if (txn === undefined || config === undefined) {
      throw new ProtocolError('a configuration is committed that was not proposed');
    }
    const mustLeave = this.ports.activateConfig(config, leader, txn.entry.header.zxid);
    apply();
    if (mustLeave) throw new ReconfiguredError();
  }

  private newLeader({ zxid, data }: QuorumPacket): void {
    if (this.state !== 'syncing') throw new ProtocolError('a second NEWLEADER');
    if (zxid !== makeZxid(this.epoch, 0)) {
      throw new ProtocolError(`NEWLEADER 0x${zxid.toString(16)} in epoch ${this.epoch}`);
    }
    if (data !== null && data.length > 1) {
      this.leaderConfig = readConfig(data, 'NEWLEADER');
      this.ports.proposeConfig(this.leaderConfig);
    }
    const { guards } = this;
    const { isObserver } = this.options;
    const enter = (): void => this.ports.enterEpoch(this.epoch);
    const acknowledge = (): void => this.ports.send(plainPacket(PacketType.ACK, zxid));
    if (!guards.historyBeforeEpoch) enter();
    if (!guards.historyBeforeAck) acknowledge();
    this.work((done) =>
      this.ports.whenDurable(() => {
        if (guards.historyBeforeEpoch) enter();
        if (guards.historyBeforeAck) acknowledge();
        this.state = 'synced';
        if (!isObserver) for (const txn of this.pending) this.ports.append(txn);
        if (!guards.proposalsOutliveNewLeader) this.pending = [];
        done();
      }),
    );
  }

  /** Transactions are on disk: the leader hears of each, unless it counts on that already. */
  logged(txns: readonly EncodedTxn[]): void {
    if ((!this.isSynced && this.guards.newLeaderAckFirst) || this.options.isObserver) return;
    for (const { entry } of txns) {
      const { zxid } = entry.header;
      // What the leader sent with its commit before NEWLEADER went out with the answer to that.
      if (epochOf(zxid) !== this.epoch && this.guards.newLeaderAckFirst) continue;
      const { metrics } = this.options;
      metrics.age(metrics.ackCreationMs, entry.header);
      this.ports.send(plainPacket(PacketType.ACK, zxid));
    }
  }

  private upToDate(): void {
    if (this.state !== 'synced') throw new ProtocolError('UPTODATE before NEWLEADER, or twice');
    const { leaderConfig, epoch } = this;
    if (
      leaderConfig !== undefined &&
      this.ports.activateConfig(leaderConfig, undefined, makeZxid(epoch, 0))
    ) {
      throw new ReconfiguredError();
    }
    this.ports.send(plainPacket(PacketType.ACK, makeZxid(epoch, 0)));
    this.state = 'serving';
    this.countSync();
    this.ports.serve(this.epoch);
  }

  private countSync(): void {
    const { metrics, isObserver } = this.options;
    const tookMs = Math.round(metrics.monotonicMs() - this.syncSinceMs);
    (isObserver ? metrics.observerSyncMs : metrics.followerSyncMs).add(tookMs);
  }

  // What this server's clients want

  forward(request: ForwardedRequest): void {
    this.ports.send(requestPacket(request));
  }

  revalidate(sessionId: bigint, timeoutMs: number): void {
    this.ports.send(revalidatePacket(sessionId, timeoutMs));
  }
}

/** A reconfiguration has given this server another role or another leader: it has to leave the one it has. */
export class ReconfiguredError extends ProtocolError {
  override name = 'ReconfiguredError';

  constructor() {
    super('a reconfiguration has changed the role or the leader of this server');
  }
}

/** The configuration that a transaction proposes. Throws ProtocolError. */
function configOf({ entry }: EncodedTxn): QuorumVerifier | undefined {
  const { body } = entry;
  if (body.type !== OpCode.reconfig) return undefined;
  return readConfig(body.txn.data ?? Buffer.alloc(0), `0x${entry.header.zxid.toString(16)}`);
}

function readConfig(text: Buffer, name: string): QuorumVerifier {
  try {
    return parseQuorumConfig(text.toString('utf8'), name);
  } catch (error) {
    if (error instanceof QuorumConfigError) throw new ProtocolError(error.message, { cause: error });
    throw error;
  }
}

/** Whether an error means that the other side does not keep to the protocol, and not that this one is broken. */
export function isProtocolError(error: unknown): error is Error {
  return error instanceof ProtocolError || error instanceof MalformedError;
}

function unexpected(type: number, wanted: string): ProtocolError {
  return new ProtocolError(`${packetName(type)} where ${wanted} was expected`);
}

import { MalformedError } from '../../base/malformed-error.ts';
import type { Log } from '../../env/log.ts';
import { PacketType, type QuorumPacket } from '../../wire/zookeeper/quorum.ts';
import { epochOf, makeZxid } from '../pipeline/zxid.ts';
import {
  type ForwardedRequest,
  leaderInfoPacket,
  newLeaderPacket,
  packetName,
  plainPacket,
  proposalPacket,
  readAckEpoch,
  readLearnerInfo,
  readPingReply,
  readRequest,
  readRevalidate,
  revalidatedPacket,
} from './packets.ts';
import { type History, planSync } from './synchronisation.ts';
import type { ZabMetrics } from './zab-metrics.ts';

/** The connection to a learner. */
export interface LearnerLink {
  readonly remote: string;
  /** The part of `remote` that stays when the learner connects anew. */
  readonly remoteHost: string;
  /** Sends at the end of the turn, behind everything sent before and behind a tree under way. */
  send(bytes: Buffer): void;
  /** Sends SNAP with the present zxid, the tree, and the signature behind it, in the course of several turns. */
  sendTree(): void;
  /** Closes at once. */
  close(): void;
}

/** What has come from a learner since the last reset. */
export interface LearnerTraffic {
  packets: number;
  requests: number;
  /** -1 for none. */
  lastZxid: number;
}

/** What a handler asks of its leader. */
export interface LearnerMaster {
  readonly log: Log;
  readonly history: History;
  readonly metrics: ZabMetrics;
  /** The version of the committed configuration. */
  readonly configVersion: number;
  /** The newest configuration that the leader has seen, as text. */
  readonly newestConfig: string;
  /** Undefined until a quorum has told its accepted epochs. */
  readonly epoch: number | undefined;
  readonly isElectionFinished: boolean;
  readonly isServing: boolean;
  readonly initTimeoutMs: number;
  readonly syncTimeoutMs: number;
  monotonicMs(): number;
  learnerJoined(handler: LearnerHandler, acceptedEpoch: number): void;
  /** `currentEpoch` is undefined where the learner had accepted the epoch before. Throws ProtocolError. */
  epochAcked(handler: LearnerHandler, currentEpoch: number | undefined, lastZxid: number): void;
  newLeaderAcked(handler: LearnerHandler): void;
  /** The proposals that are not committed yet, oldest first. */
  outstanding(): Iterable<{ readonly zxid: number; readonly packet: Buffer }>;
  acked(id: number, zxid: number): void;
  touch(sessionId: bigint, timeoutMs: number): void;
  /** Whether the session lives. */
  revalidate(handler: LearnerHandler, sessionId: bigint, timeoutMs: number): boolean;
  forwarded(handler: LearnerHandler, request: ForwardedRequest): void;
  left(handler: LearnerHandler): void;
  pingAnswered(): void;
}

/** A peer that does not keep to the protocol, or that cannot be served: its connection is closed. */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

/**
 * One learner, as its leader sees it (LearnerHandler of 3.9):
 *
 *     connected  --FOLLOWERINFO, OBSERVERINFO--> discovery
 *     discovery  --a quorum has told its epochs: LEADERINFO--> election
 *     election   --ACKEPOCH--> waiting      for a quorum of them
 *     waiting    --quorum: DIFF, TRUNC or SNAP, what is outstanding, NEWLEADER--> syncing
 *     syncing    --ACK of NEWLEADER--> synced
 *     synced     --the leader serves: UPTODATE--> serving
 *     serving    --ACK, PING, REVALIDATE, REQUEST--> serving
 *     any        --silence, another packet, a proposal that stays unanswered--> closed
 *
 * From `syncing` on it is sent all proposals and commits.
 */
export class LearnerHandler {
  /** -1 until the learner has said who it is. */
  id = -1;
  isObserver = false;
  configVersion = 0;
  readonly link: LearnerLink;
  readonly traffic: LearnerTraffic = { packets: 0, requests: 0, lastZxid: -1 };
  private readonly master: LearnerMaster;
  private state:
    | 'connected'
    | 'discovery'
    | 'election'
    | 'waiting'
    | 'syncing'
    | 'synced'
    | 'serving'
    | 'closed' = 'connected';
  private lastZxid = 0;
  private heardMs: number;
  /** Proposals sent and not acknowledged, with the time of sending; from `unackedHead` on. */
  private unacked: { readonly zxid: number; readonly sentMs: number }[] = [];
  private unackedHead = 0;
  private pingCount = 0;
  private pingAnswers = 0;
  private syncEnded: (() => void) | undefined;

  constructor(master: LearnerMaster, link: LearnerLink) {
    this.master = master;
    this.link = link;
    this.heardMs = master.monotonicMs();
  }

  /** Whether proposals and commits go to this learner. */
  get isForwarding(): boolean {
    return this.state === 'syncing' || this.state === 'synced' || this.state === 'serving';
  }

  /** Whether the learner has the leader's history. */
  get isSynced(): boolean {
    return this.state === 'synced' || this.state === 'serving';
  }

  /** Whether the learner has been told that it may serve. */
  get isServing(): boolean {
    return this.state === 'serving';
  }

  /** Pings that will be answered, or have been. */
  get pingsSent(): number {
    return this.pingCount;
  }

  get pingsAnswered(): number {
    return this.pingAnswers;
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  receive(packet: QuorumPacket): void {
    if (this.state === 'closed') return;
    this.heardMs = this.master.monotonicMs();
    this.traffic.packets++;
    try {
      this.handle(packet);
    } catch (error) {
      if (!(error instanceof MalformedError) && !(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }

  private handle(packet: QuorumPacket): void {
    const { type, zxid, data } = packet;
    switch (this.state) {
      case 'connected':
        this.hello(packet);
        return;
      case 'election': {
        if (type !== PacketType.ACKEPOCH) throw unexpected(type, 'ACKEPOCH');
        const currentEpoch = readAckEpoch(data);
        this.lastZxid = zxid;
        this.state = 'waiting';
        this.master.epochAcked(this, currentEpoch === -1 ? undefined : currentEpoch, zxid);
        return;
      }
      case 'syncing':
        if (type !== PacketType.ACK) throw unexpected(type, 'the acknowledgement of NEWLEADER');
        if (epochOf(zxid) !== this.master.epoch)
          throw new ProtocolError(`it acknowledges 0x${zxid.toString(16)}`);
        this.state = 'synced';
        this.endSync();
        this.master.newLeaderAcked(this);
        return;
      case 'synced':
      case 'serving':
        this.serve(packet);
        return;
      default:
        throw unexpected(type, 'nothing before the leader has answered');
    }
  }

  private hello({ type, zxid, data }: QuorumPacket): void {
    if (type !== PacketType.FOLLOWERINFO && type !== PacketType.OBSERVERINFO) {
      throw unexpected(type, 'FOLLOWERINFO or OBSERVERINFO');
    }
    const info = readLearnerInfo(data);
    if (info.configVersion > this.master.configVersion) {
      throw new ProtocolError('it has a later configuration than its leader');
    }
    this.id = info.serverid;
    this.configVersion = info.configVersion;
    this.isObserver = type === PacketType.OBSERVERINFO;
    this.state = 'discovery';
    this.master.learnerJoined(this, epochOf(zxid));
  }

  private serve(packet: QuorumPacket): void {
    const { type, zxid, data } = packet;
    switch (type) {
      case PacketType.ACK:
        this.traffic.lastZxid = zxid;
        this.forgetAcked(zxid);
        this.master.acked(this.id, zxid);
        return;
      case PacketType.PING:
        this.pingAnswers++;
        for (const { sessionId, timeoutMs } of readPingReply(data)) this.master.touch(sessionId, timeoutMs);
        this.master.pingAnswered();
        return;
      case PacketType.REVALIDATE: {
        const { sessionId, timeoutMs } = readRevalidate(data);
        this.master.metrics.revalidations++;
        const lives = this.master.revalidate(this, sessionId, timeoutMs);
        this.link.send(revalidatedPacket(sessionId, lives));
        return;
      }
      case PacketType.REQUEST:
        this.traffic.requests++;
        this.master.forwarded(this, readRequest(packet));
        return;
      default:
        throw unexpected(type, 'ACK, PING, REVALIDATE or REQUEST');
    }
  }

  /** The leader has come on: whoever waits for that is served. */
  proceed(): void {
    const { epoch, isElectionFinished, isServing } = this.master;
    if (this.state === 'discovery' && epoch !== undefined) {
      this.state = 'election';
      this.link.send(leaderInfoPacket(makeZxid(epoch, 0)));
    }
    if (this.state === 'waiting' && isElectionFinished && epoch !== undefined) this.synchronise(epoch);
    if (this.state === 'synced' && isServing) {
      this.state = 'serving';
      this.link.send(plainPacket(PacketType.UPTODATE, -1));
    }
  }

  private synchronise(epoch: number): void {
    const { master, lastZxid, link } = this;
    const plan = planSync(lastZxid, master.history);
    let sentZxid = master.history.lastProcessedZxid;
    master.log.info('bringing a learner up to date', {
      id: this.id,
      type: plan.type,
      learnerZxid: `0x${lastZxid.toString(16)}`,
      zxid: `0x${sentZxid.toString(16)}`,
      txns: plan.type === 'SNAP' ? 0 : plan.txns.length,
    });
    this.syncEnded = master.metrics.syncBegins(plan.type);
    if (plan.type === 'SNAP') {
      link.sendTree();
    } else {
      link.send(plainPacket(plan.type === 'DIFF' ? PacketType.DIFF : PacketType.TRUNC, plan.zxid));
      for (const txn of plan.txns) {
        link.send(proposalPacket(txn, txn.zxid));
        link.send(plainPacket(PacketType.COMMIT, txn.zxid));
      }
      sentZxid = Math.max(plan.zxid, plan.txns.at(-1)?.zxid ?? 0);
    }
    // Observers hear of a transaction when it is committed, and not before.
    if (!this.isObserver) {
      for (const { zxid, packet } of master.outstanding()) {
        if (zxid <= sentZxid) continue;
        this.propose(zxid, packet);
      }
    }
    link.send(newLeaderPacket(makeZxid(epoch, 0), master.newestConfig));
    this.state = 'syncing';
  }

  private endSync(): void {
    this.syncEnded?.();
    this.syncEnded = undefined;
  }

  /** Sends a proposal, which is to be acknowledged in time. */
  propose(zxid: number, packet: Buffer): void {
    this.unacked.push({ zxid, sentMs: this.master.monotonicMs() });
    this.link.send(packet);
  }

  ping(zxid: number): void {
    if (!this.isForwarding) return;
    // A learner answers, in order, what it gets when it serves.
    if (this.state === 'serving') this.pingCount++;
    this.link.send(plainPacket(PacketType.PING, zxid));
  }

  private forgetAcked(zxid: number): void {
    for (let next = this.unacked[this.unackedHead]; next !== undefined && next.zxid <= zxid; ) {
      this.unackedHead++;
      next = this.unacked[this.unackedHead];
    }
    if (this.unackedHead * 2 < this.unacked.length) return;
    this.unacked = this.unacked.slice(this.unackedHead);
    this.unackedHead = 0;
  }

  /** How long the learner has said nothing, in milliseconds. */
  get silentMs(): number {
    return this.master.monotonicMs() - this.heardMs;
  }

  /** Closes the connection of a learner that has been silent, or that owes an acknowledgement, for too long. */
  checkTimeout(): void {
    if (this.state === 'closed') return;
    const { master } = this;
    const nowMs = master.monotonicMs();
    const limitMs = this.isSynced ? master.syncTimeoutMs : master.initTimeoutMs;
    const oldest = this.isSynced ? this.unacked[this.unackedHead] : undefined;
    if (this.silentMs > limitMs) this.close(`nothing heard for ${limitMs} ms`);
    else if (oldest !== undefined && nowMs - oldest.sentMs > limitMs) {
      this.close(`proposal 0x${oldest.zxid.toString(16)} not acknowledged for ${limitMs} ms`);
    }
  }

  /** Ends it from this side. */
  close(reason: string): void {
    if (this.state === 'closed') return;
    this.master.log.info('closing the connection of a learner', {
      id: this.id,
      remote: this.link.remote,
      reason,
    });
    this.disconnected();
    this.link.close();
  }

  /** The connection is gone. */
  disconnected(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.endSync();
    this.master.left(this);
  }
}

function unexpected(type: number, wanted: string): ProtocolError {
  return new ProtocolError(`it sent ${packetName(type)} where ${wanted} was expected`);
}

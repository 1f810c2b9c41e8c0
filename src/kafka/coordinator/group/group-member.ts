import { assert } from '../../../base/assert.ts';
import type { JoinResult, SyncResult } from './results.ts';

/** A way to share out the work that a member offers, in its order of preference. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export const NO_BYTES: Buffer = Buffer.alloc(0);

/** One consumer in a group, with the requests of its that wait for an answer. */
export class GroupMember {
  memberId: string;
  /** Set for static members (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  readonly protocolType: string;
  protocols: readonly MemberProtocol[];
  assignment: Buffer = NO_BYTES;
  /** Has not been through a whole rebalance yet, so that its client does not send heartbeats. */
  isNew = false;
  awaitingJoin: ((result: JoinResult) => void) | undefined;
  awaitingSync: ((result: SyncResult) => void) | undefined;

  constructor(options: {
    memberId: string;
    groupInstanceId: string | null;
    clientId: string;
    clientHost: string;
    rebalanceTimeoutMs: number;
    sessionTimeoutMs: number;
    protocolType: string;
    protocols: readonly MemberProtocol[];
  }) {
    this.memberId = options.memberId;
    this.groupInstanceId = options.groupInstanceId;
    this.clientId = options.clientId;
    this.clientHost = options.clientHost;
    this.rebalanceTimeoutMs = options.rebalanceTimeoutMs;
    this.sessionTimeoutMs = options.sessionTimeoutMs;
    this.protocolType = options.protocolType;
    this.protocols = options.protocols;
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null;
  }

  get isAwaitingJoin(): boolean {
    return this.awaitingJoin !== undefined;
  }

  get isAwaitingSync(): boolean {
    return this.awaitingSync !== undefined;
  }

  metadataFor(protocol: string): Buffer {
    const found = this.protocols.find((candidate) => candidate.name === protocol);
    assert(found !== undefined, `member ${this.memberId} does not support protocol ${protocol}`);
    return found.metadata;
  }

  /** Whether `protocols` are the same, in the same order and with the same metadata. */
  offersSame(protocols: readonly MemberProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every((protocol, i) => {
        const mine = this.protocols[i];
        return mine !== undefined && mine.name === protocol.name && mine.metadata.equals(protocol.metadata);
      })
    );
  }

  /** The member's vote: the protocol it prefers among the candidates. */
  vote(candidates: ReadonlySet<string>): string {
    const choice = this.protocols.find((protocol) => candidates.has(protocol.name));
    assert(choice !== undefined, `member ${this.memberId} supports none of the candidate protocols`);
    return choice.name;
  }
}

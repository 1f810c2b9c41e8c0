import { formatPeer, type PeerSpec } from './peer-spec.ts';

/** A membership that makes no sense as a whole: a server in two groups, a group of unknown servers, ... */
export class QuorumConfigError extends Error {
  override name = 'QuorumConfigError';
}

/** The servers of an ensemble, and which sets of them decide. Immutable. */
export interface QuorumVerifier {
  /** The zxid of the reconfiguration that made it; 0 for the one from zoo.cfg. */
  readonly version: number;
  readonly members: ReadonlyMap<number, PeerSpec>;
  /** Those that vote. */
  readonly participants: ReadonlyMap<number, PeerSpec>;
  readonly observers: ReadonlyMap<number, PeerSpec>;
  /** Whether groups and weights decide instead of majorities. */
  readonly isHierarchical: boolean;
  /** What a server's vote counts; 0 for one that can never lead. */
  weightOf(id: number): number;
  /** Whether these servers may decide; ids of servers that have no vote count nothing. */
  containsQuorum(ids: ReadonlySet<number>): boolean;
  /** As in `/zookeeper/config` and in notifications: lines, the last one `version=` in hexadecimal. */
  toText(): string;
  withVersion(version: number): QuorumVerifier;
}

/** The content of the `server.N`, `group.N`, `weight.N` lines and of `version`. */
export interface QuorumMembership {
  readonly version: number;
  readonly peers: Iterable<PeerSpec>;
  /** Ids of servers by id of their group. */
  readonly groups?: ReadonlyMap<number, readonly number[]>;
  readonly weights?: ReadonlyMap<number, number>;
}

/** Groups or weights make hierarchical quorums, else majorities decide. Throws QuorumConfigError. */
export function quorumVerifierOf(membership: QuorumMembership): QuorumVerifier {
  const isHierarchical = (membership.groups?.size ?? 0) > 0 || (membership.weights?.size ?? 0) > 0;
  return isHierarchical ? new HierarchicalQuorums(membership) : new MajorityQuorums(membership);
}

/** Whether two configurations are the same one, or the same in content (QuorumVerifier.equals). */
export function sameConfig(a: QuorumVerifier, b: QuorumVerifier): boolean {
  return a.version === b.version || sameMembership(a, b);
}

/** Whether servers, groups and weights are the same, whatever the versions. */
export function sameMembership(a: QuorumVerifier, b: QuorumVerifier): boolean {
  return a.withVersion(0).toText() === b.withVersion(0).toText();
}

/** More than half of the participants (QuorumMaj). */
class MajorityQuorums implements QuorumVerifier {
  readonly isHierarchical = false;
  readonly version: number;
  readonly members: ReadonlyMap<number, PeerSpec>;
  readonly participants: ReadonlyMap<number, PeerSpec>;
  readonly observers: ReadonlyMap<number, PeerSpec>;

  constructor(membership: QuorumMembership) {
    this.version = membership.version;
    this.members = inJavaOrder([...membership.peers].map((peer) => [peer.id, peer]));
    this.participants = withRole(this.members, 'participant');
    this.observers = withRole(this.members, 'observer');
  }

  weightOf(): number {
    return 1;
  }

  containsQuorum(ids: ReadonlySet<number>): boolean {
    let votes = 0;
    for (const id of ids) if (this.participants.has(id)) votes++;
    return votes > Math.floor(this.participants.size / 2);
  }

  toText(): string {
    return [...memberLines(this.members), versionLine(this.version)].join('\n');
  }

  withVersion(version: number): QuorumVerifier {
    return new MajorityQuorums({ version, peers: this.members.values() });
  }
}

/** More than half of the weight in more than half of the groups that have any (QuorumHierarchical). */
class HierarchicalQuorums implements QuorumVerifier {
  readonly isHierarchical = true;
  readonly version: number;
  readonly members: ReadonlyMap<number, PeerSpec>;
  readonly participants: ReadonlyMap<number, PeerSpec>;
  readonly observers: ReadonlyMap<number, PeerSpec>;
  private readonly groups: ReadonlyMap<number, readonly number[]>;
  private readonly groupOf: ReadonlyMap<number, number>;
  private readonly weights: ReadonlyMap<number, number>;
  private readonly groupWeights = new Map<number, number>();
  private readonly groupsThatCount: number;

  constructor(membership: QuorumMembership) {
    this.version = membership.version;
    this.members = inJavaOrder([...membership.peers].map((peer) => [peer.id, peer]));
    this.participants = withRole(this.members, 'participant');
    this.observers = withRole(this.members, 'observer');
    this.groups = inJavaOrder(membership.groups ?? []);
    this.groupOf = groupsById(this.groups);
    this.weights = this.completeWeights(membership.weights ?? new Map());
    for (const [id, group] of this.groupOf) {
      const weight = this.weights.get(id);
      if (weight === undefined) {
        throw new QuorumConfigError(
          `group.${group} names server ${id}, which is no participant: add its server.${id} line or take it out`,
        );
      }
      this.groupWeights.set(group, (this.groupWeights.get(group) ?? 0) + weight);
    }
    this.groupsThatCount = [...this.groupWeights.values()].filter((weight) => weight > 0).length;
  }

  /** A participant without a line of its own weighs 1. */
  private completeWeights(given: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
    const weights = new Map(given);
    for (const id of this.participants.keys()) {
      if (!this.groupOf.has(id)) {
        throw new QuorumConfigError(`server.${id} is in no group: add it to one of the group.N lines`);
      }
      if (!weights.has(id)) weights.set(id, 1);
    }
    return inJavaOrder(weights);
  }

  weightOf(id: number): number {
    return this.weights.get(id) ?? 0;
  }

  containsQuorum(ids: ReadonlySet<number>): boolean {
    const votes = new Map<number, number>();
    for (const id of ids) {
      const group = this.groupOf.get(id);
      if (group === undefined || !this.participants.has(id)) continue;
      votes.set(group, (votes.get(group) ?? 0) + this.weightOf(id));
    }
    let won = 0;
    for (const [group, weight] of votes) {
      if (weight > Math.floor((this.groupWeights.get(group) ?? 0) / 2)) won++;
    }
    return won > Math.floor(this.groupsThatCount / 2);
  }

  toText(): string {
    const lines = memberLines(this.members);
    for (const [group, ids] of this.groups) lines.push(`group.${group}=${inJavaOrderOf(ids).join(':')}`);
    for (const [id, weight] of this.weights) lines.push(`weight.${id}=${weight}`);
    return [...lines, versionLine(this.version)].join('\n');
  }

  withVersion(version: number): QuorumVerifier {
    const { groups, weights } = this;
    return new HierarchicalQuorums({ version, peers: this.members.values(), groups, weights });
  }
}

function groupsById(groups: ReadonlyMap<number, readonly number[]>): ReadonlyMap<number, number> {
  const groupOf = new Map<number, number>();
  for (const [group, ids] of groups) {
    for (const id of ids) {
      const other = groupOf.get(id);
      if (other !== undefined) {
        throw new QuorumConfigError(`server ${id} is in group.${other} and group.${group}: leave it in one`);
      }
      groupOf.set(id, group);
    }
  }
  return inJavaOrder(groupOf);
}

function withRole(
  members: ReadonlyMap<number, PeerSpec>,
  role: PeerSpec['role'],
): ReadonlyMap<number, PeerSpec> {
  return new Map([...members].filter(([, peer]) => peer.role === role));
}

function memberLines(members: ReadonlyMap<number, PeerSpec>): string[] {
  return [...members.values()].map((peer) => `server.${peer.id}=${formatPeer(peer)}`);
}

function versionLine(version: number): string {
  return `version=${version.toString(16)}`;
}

/** What a java.util.HashMap holds before it grows. */
const LOAD_FACTOR = 0.75;

/**
 * Ids in the order in which a java.util.HashMap lists them, which is the order of lines that Apache writes:
 * ascending as long as they are smaller than the table, which has 16 places or more.
 */
function inJavaOrderOf(ids: Iterable<number>): number[] {
  const unique = [...new Set(ids)];
  let places = 16;
  while (unique.length > places * LOAD_FACTOR) places *= 2;
  return unique.sort((a, b) => (a % places) - (b % places) || a - b);
}

function inJavaOrder<T>(entries: Iterable<readonly [number, T]>): ReadonlyMap<number, T> {
  const byId = new Map(entries);
  const ordered = new Map<number, T>();
  for (const id of inJavaOrderOf(byId.keys())) {
    const value = byId.get(id);
    if (value !== undefined) ordered.set(id, value);
  }
  return ordered;
}

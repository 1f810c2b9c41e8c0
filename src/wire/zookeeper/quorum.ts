import { type Infer, record } from '../jute/record.ts';
import { bigLong, buffer, int, long, vector } from '../jute/types.ts';
import { Id } from './data.ts';

/** Packets between leader and learners (`org.apache.zookeeper.server.quorum`). */

export const LearnerInfo = record('server.quorum.LearnerInfo', {
  serverid: long,
  protocolVersion: int,
  configVersion: long,
});
export type LearnerInfo = Infer<typeof LearnerInfo>;

export const QuorumPacket = record('server.quorum.QuorumPacket', {
  type: int,
  zxid: long,
  data: buffer,
  authinfo: vector(Id),
});
export type QuorumPacket = Infer<typeof QuorumPacket>;

export const QuorumAuthPacket = record('server.quorum.QuorumAuthPacket', {
  magic: bigLong,
  status: int,
  token: buffer,
});
export type QuorumAuthPacket = Infer<typeof QuorumAuthPacket>;

/** `type` of a QuorumPacket (constants of `Leader`). */
export const PacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** What a learner sends back for a PING: a session that it has heard from. */
export const SessionPing = record('quorum.SessionPing', { sessionId: bigLong, timeoutMs: int });
export type SessionPing = Infer<typeof SessionPing>;

/** Ends a tree sent to a learner after SNAP. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere';

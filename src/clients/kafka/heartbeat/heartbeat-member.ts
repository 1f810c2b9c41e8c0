import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { KafkaError } from '../kafka-error.ts';

/** What the answers to heartbeats of both protocols have in common (KIP-848, KIP-932). */
export interface HeartbeatAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
}

/** Partitions by topic id, ascending. */
export type AssignedPartitions = ReadonlyMap<string, readonly number[]>;

/**
 * A member of a group that lives by heartbeats: a state machine that says what the next one tells and takes the
 * answers. {@link Heartbeats} sends them in time.
 */
export interface HeartbeatMember<Body, Answer extends HeartbeatAnswer> {
  /** What the next heartbeat says, which counts as said then; undefined while the member is to be silent. */
  heartbeat(): Body | undefined;
  /** Whether the next heartbeat should not wait until it is due. */
  readonly isUrgent: boolean;
  /** An answer without an error. */
  accepted(answer: Answer): void;
  /** The coordinator does not know the member, or has gone on without it. */
  fenced(): void;
  /** What was said last may not have been heard. */
  unheard(): void;
  /** The coordinator refuses the member for good. */
  failed(error: KafkaError): void;
  /** An error that leaves the member where it is. */
  troubled(error: KafkaError): void;
  /** Whether it is one that must ask for records to stay in. */
  readonly isMember: boolean;
  /** It has not asked for records for too long: what tells the coordinator that it is out, until `polled`. */
  expire(): Body;
  polled(): void;
}

/** What an error in an answer means: find the coordinator; try again; begin anew; tell the user; give up. */
export type HeartbeatVerdict = 'moved' | 'again' | 'fenced' | 'troubled' | 'failed';

const VERDICTS: ReadonlyMap<number, HeartbeatVerdict> = new Map([
  [ErrorCode.NOT_COORDINATOR, 'moved'],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, 'moved'],
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'again'],
  [ErrorCode.FENCED_MEMBER_EPOCH, 'fenced'],
  [ErrorCode.UNKNOWN_MEMBER_ID, 'fenced'],
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'troubled'],
]);

/** `AbstractHeartbeatRequestManager.onErrorResponse` of 4.3. */
export function heartbeatVerdict(errorCode: number): HeartbeatVerdict {
  return VERDICTS.get(errorCode) ?? 'failed';
}

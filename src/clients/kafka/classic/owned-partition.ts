import type { MessageStream } from './message-stream.ts';

/** A partition that a member has claimed, for as long as it keeps it. */
export interface OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly stream: MessageStream;
  /** What is fetched next; undefined while it has to be looked up by `autoOffsetReset`. */
  fetchOffset: number | undefined;
  /** All below have been consumed; undefined before the first was. */
  consumedOffset: number | undefined;
  /** What ZooKeeper has. */
  committedOffset: number | undefined;
  /** Nothing of it may be handed out any more. */
  isRevoked: boolean;
}

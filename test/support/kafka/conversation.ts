import { Metadata } from './pairs.ts';
import type { Exchange, Talk } from './talk.ts';

/** A conversation that is held with Apache's broker once, to note its answers, and with ours in every test run. */
export interface Conversation {
  /** Also the name of the file with the answers. */
  readonly name: string;
  /** Whether the znodes that are there afterwards are compared too, in a file `NAME.znodes.json`. */
  readonly znodes?: boolean;
  hold(talk: Talk): Promise<void>;
}

/** Both brokers run with these settings, besides addresses and directories. */
export const conversationSettings: Readonly<Record<string, string>> = {
  'broker.id': '0',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'num.partitions': '2',
  'socket.request.max.bytes': '2000000',
  'log.retention.check.interval.ms': '3600000',
};

/** Holds a conversation once the broker knows itself; gives what came of every request. */
export async function hold(conversation: Conversation, talk: Talk): Promise<readonly Exchange[]> {
  try {
    const nothing = { topics: [], allowAutoTopicCreation: false };
    await talk.until(
      Metadata,
      4,
      nothing,
      ({ brokers, controllerId }) => brokers.length === 1 && controllerId === 0,
    );
    await conversation.hold(talk);
  } finally {
    talk.close();
  }
  return talk.exchanges;
}

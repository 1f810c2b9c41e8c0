/** Files that are message-encoded: producer snapshots (`.snapshot`, an int16 version precedes) and the KRaft quorum state. */
import { array, bigint64, int16, int32, int64, message, string, uint32, uuid } from '../schema/index.ts';

export const ProducerSnapshot = message(
  'ProducerSnapshot',
  { kind: 'data', versions: '1', flexible: 'none' },
  {
    crc: uint32('0+'),
    producerEntries: array('0+', {
      producerId: bigint64('0+'),
      epoch: int16('0+'),
      lastSequence: int32('0+'),
      lastOffset: int64('0+'),
      offsetDelta: int32('0+'),
      timestamp: int64('0+'),
      coordinatorEpoch: int32('0+'),
      currentTxnFirstOffset: int64('0+'),
    }),
  },
);

export const QuorumStateData = message(
  'QuorumStateData',
  { kind: 'data', versions: '0-1', flexible: '0+' },
  {
    clusterId: string('0'),
    leaderId: int32('0+', { default: -1 }),
    leaderEpoch: int32('0+', { default: -1 }),
    votedId: int32('0+', { default: -1 }),
    votedDirectoryId: uuid('1+'),
    appliedOffset: int64('0'),
    currentVoters: array(
      '0',
      {
        voterId: int32('0'),
      },
      { nullable: '0' },
    ),
  },
);

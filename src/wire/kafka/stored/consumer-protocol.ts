/** What members of classic consumer groups tell each other, opaque to the broker; an int16 version precedes each. */
import { array, bytes, int32, message, string } from '../schema/index.ts';

/** What a member of a classic consumer group subscribes to: the metadata in JoinGroup. */
export const ConsumerProtocolSubscription = message(
  'ConsumerProtocolSubscription',
  { kind: 'data', versions: '0-3', flexible: 'none' },
  {
    topics: array('0+', 'string'),
    userData: bytes('0+', { nullable: '0+', default: null }),
    ownedPartitions: array(
      '1+',
      {
        topic: string('1+'),
        partitions: array('1+', 'int32'),
      },
      { ignorable: true },
    ),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  },
);

/** What a member of a classic consumer group is to read: the assignment in SyncGroup. */
export const ConsumerProtocolAssignment = message(
  'ConsumerProtocolAssignment',
  { kind: 'data', versions: '0-3', flexible: 'none' },
  {
    assignedPartitions: array('0+', {
      topic: string('0+'),
      partitions: array('0+', 'int32'),
    }),
    userData: bytes('0+', { nullable: '0+', default: null }),
  },
);

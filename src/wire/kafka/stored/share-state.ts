/** Records of __share_group_state: positions of share partitions (KIP-932). Prefixes as in offsets.ts. */
import { array, int8, int16, int32, int64, message, string, uuid } from '../schema/index.ts';

export const ShareSnapshotKey = message(
  'ShareSnapshotKey',
  { key: 0, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    topicId: uuid('0+'),
    partition: int32('0+'),
  },
);

export const ShareSnapshotValue = message(
  'ShareSnapshotValue',
  { key: 0, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32('0+'),
    stateEpoch: int32('0+'),
    leaderEpoch: int32('0+'),
    startOffset: int64('0+'),
    createTimestamp: int64('0+'),
    writeTimestamp: int64('0+'),
    stateBatches: array('0+', {
      firstOffset: int64('0+'),
      lastOffset: int64('0+'),
      deliveryState: int8('0+'),
      deliveryCount: int16('0+'),
    }),
  },
);

export const ShareUpdateKey = message(
  'ShareUpdateKey',
  { key: 1, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    topicId: uuid('0+'),
    partition: int32('0+'),
  },
);

export const ShareUpdateValue = message(
  'ShareUpdateValue',
  { key: 1, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32('0+'),
    leaderEpoch: int32('0+'),
    startOffset: int64('0+'),
    stateBatches: array('0+', {
      firstOffset: int64('0+'),
      lastOffset: int64('0+'),
      deliveryState: int8('0+'),
      deliveryCount: int16('0+'),
    }),
  },
);

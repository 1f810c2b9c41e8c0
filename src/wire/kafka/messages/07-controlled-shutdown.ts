/**
 * ControlledShutdown: a broker asks the controller to move its leaderships away (ZooKeeper mode).
 *
 * Version 0 is the one request whose header has no client id.
 */
import { array, int16, int32, int64, message, string } from '../schema/index.ts';

export const ControlledShutdownRequest = message(
  'ControlledShutdownRequest',
  { key: 7, kind: 'request', versions: '0-3', flexible: '3+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('2+', { default: -1, ignorable: true }),
  },
);

export const ControlledShutdownResponse = message(
  'ControlledShutdownResponse',
  { key: 7, kind: 'response', versions: '0-3', flexible: '3+' },
  {
    errorCode: int16('0+'),
    remainingPartitions: array('0+', {
      topicName: string('0+'),
      partitionIndex: int32('0+'),
    }),
  },
);

/** DescribeLogDirs: sizes and lags of the replicas in each log directory (KIP-113), volume sizes from version 4 on. */
import { array, bool, int16, int32, int64, message, string } from '../schema/index.ts';

export const DescribeLogDirsRequest = message(
  'DescribeLogDirsRequest',
  { key: 35, kind: 'request', versions: '0-4', flexible: '2+' },
  {
    topics: array(
      '0+',
      {
        topic: string('0+'),
        partitions: array('0+', 'int32'),
      },
      { nullable: '0+' },
    ),
  },
);

export const DescribeLogDirsResponse = message(
  'DescribeLogDirsResponse',
  { key: 35, kind: 'response', versions: '0-4', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('3+', { ignorable: true }),
    results: array('0+', {
      errorCode: int16('0+'),
      logDir: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          partitionSize: int64('0+'),
          offsetLag: int64('0+'),
          isFutureKey: bool('0+'),
        }),
      }),
      totalBytes: int64('4+', { default: -1, ignorable: true }),
      usableBytes: int64('4+', { default: -1, ignorable: true }),
    }),
  },
);

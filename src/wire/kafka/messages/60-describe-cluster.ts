/** DescribeCluster: brokers and controller (KIP-700); the endpoint type from version 1 on (KIP-919). */
import { array, bool, int8, int16, int32, message, string } from '../schema/index.ts';

export const DescribeClusterRequest = message(
  'DescribeClusterRequest',
  { key: 60, kind: 'request', versions: '0-2', flexible: '0+' },
  {
    includeClusterAuthorizedOperations: bool('0+'),
    endpointType: int8('1+', { default: 1 }),
    includeFencedBrokers: bool('2+'),
  },
);

export const DescribeClusterResponse = message(
  'DescribeClusterResponse',
  { key: 60, kind: 'response', versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    endpointType: int8('1+', { default: 1 }),
    clusterId: string('0+'),
    controllerId: int32('0+', { default: -1 }),
    brokers: array('0+', {
      brokerId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+', { nullable: '0+', default: null }),
      isFenced: bool('2+'),
    }),
    clusterAuthorizedOperations: int32('0+', { default: -0x8000_0000 }),
  },
);

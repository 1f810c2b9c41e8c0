/** AllocateProducerIds: a broker gets a block of producer ids from the controller (KIP-730). */
import { bigint64, int16, int32, int64, message } from '../schema/index.ts';

export const AllocateProducerIdsRequest = message(
  'AllocateProducerIdsRequest',
  { key: 67, kind: 'request', versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
  },
);

export const AllocateProducerIdsResponse = message(
  'AllocateProducerIdsResponse',
  { key: 67, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    producerIdStart: bigint64('0+'),
    producerIdLen: int32('0+'),
  },
);

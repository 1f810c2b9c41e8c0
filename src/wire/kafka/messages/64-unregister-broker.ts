/** UnregisterBroker: removes a broker from a KRaft cluster (KIP-631). */
import { int16, int32, message, string } from '../schema/index.ts';

export const UnregisterBrokerRequest = message(
  'UnregisterBrokerRequest',
  { key: 64, kind: 'request', versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
  },
);

export const UnregisterBrokerResponse = message(
  'UnregisterBrokerResponse',
  { key: 64, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
  },
);

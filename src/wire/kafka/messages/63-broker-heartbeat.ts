/** BrokerHeartbeat: a broker keeps its KRaft registration alive (KIP-631). */
import { array, bool, int16, int32, int64, message } from '../schema/index.ts';

export const BrokerHeartbeatRequest = message(
  'BrokerHeartbeatRequest',
  { key: 63, kind: 'request', versions: '0-1', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    currentMetadataOffset: int64('0+'),
    wantFence: bool('0+'),
    wantShutDown: bool('0+'),
    offlineLogDirs: array('1+', 'uuid', { tag: 0 }),
  },
);

export const BrokerHeartbeatResponse = message(
  'BrokerHeartbeatResponse',
  { key: 63, kind: 'response', versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    isCaughtUp: bool('0+', { default: false }),
    isFenced: bool('0+', { default: true }),
    shouldShutDown: bool('0+'),
  },
);

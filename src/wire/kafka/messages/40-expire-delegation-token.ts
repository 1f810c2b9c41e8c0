/** ExpireDelegationToken: brings the expiry of a delegation token forward (KIP-48). */
import { bytes, int16, int32, int64, message } from '../schema/index.ts';

export const ExpireDelegationTokenRequest = message(
  'ExpireDelegationTokenRequest',
  { key: 40, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    hmac: bytes('0+'),
    expiryTimePeriodMs: int64('0+'),
  },
);

export const ExpireDelegationTokenResponse = message(
  'ExpireDelegationTokenResponse',
  { key: 40, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+'),
  },
);

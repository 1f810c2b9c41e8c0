/** RenewDelegationToken: puts off the expiry of a delegation token (KIP-48). */
import { bytes, int16, int32, int64, message } from '../schema/index.ts';

export const RenewDelegationTokenRequest = message(
  'RenewDelegationTokenRequest',
  { key: 39, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    hmac: bytes('0+'),
    renewPeriodMs: int64('0+'),
  },
);

export const RenewDelegationTokenResponse = message(
  'RenewDelegationTokenResponse',
  { key: 39, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+'),
  },
);

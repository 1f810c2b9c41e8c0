/** CreateDelegationToken: a token for the caller, or from version 3 on for someone else (KIP-48, KIP-373). */
import { array, bytes, int16, int32, int64, message, string } from '../schema/index.ts';

export const CreateDelegationTokenRequest = message(
  'CreateDelegationTokenRequest',
  { key: 38, kind: 'request', versions: '0-3', flexible: '2+' },
  {
    ownerPrincipalType: string('3+', { nullable: '3+' }),
    ownerPrincipalName: string('3+', { nullable: '3+' }),
    renewers: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
    }),
    maxLifetimeMs: int64('0+'),
  },
);

export const CreateDelegationTokenResponse = message(
  'CreateDelegationTokenResponse',
  { key: 38, kind: 'response', versions: '0-3', flexible: '2+' },
  {
    errorCode: int16('0+'),
    principalType: string('0+'),
    principalName: string('0+'),
    tokenRequesterPrincipalType: string('3+'),
    tokenRequesterPrincipalName: string('3+'),
    issueTimestampMs: int64('0+'),
    expiryTimestampMs: int64('0+'),
    maxTimestampMs: int64('0+'),
    tokenId: string('0+'),
    hmac: bytes('0+'),
    throttleTimeMs: int32('0+'),
  },
);

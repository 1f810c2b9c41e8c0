/** DescribeDelegationToken: delegation tokens of the given owners (KIP-48). */
import { array, bytes, int16, int32, int64, message, string } from '../schema/index.ts';

export const DescribeDelegationTokenRequest = message(
  'DescribeDelegationTokenRequest',
  { key: 41, kind: 'request', versions: '0-3', flexible: '2+' },
  {
    owners: array(
      '0+',
      {
        principalType: string('0+'),
        principalName: string('0+'),
      },
      { nullable: '0+' },
    ),
  },
);

export const DescribeDelegationTokenResponse = message(
  'DescribeDelegationTokenResponse',
  { key: 41, kind: 'response', versions: '0-3', flexible: '2+' },
  {
    errorCode: int16('0+'),
    tokens: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
      tokenRequesterPrincipalType: string('3+'),
      tokenRequesterPrincipalName: string('3+'),
      issueTimestamp: int64('0+'),
      expiryTimestamp: int64('0+'),
      maxTimestamp: int64('0+'),
      tokenId: string('0+'),
      hmac: bytes('0+'),
      renewers: array('0+', {
        principalType: string('0+'),
        principalName: string('0+'),
      }),
    }),
    throttleTimeMs: int32('0+'),
  },
);

/** DescribeUserScramCredentials: which SCRAM mechanisms users have, and the iterations (KIP-554). */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const DescribeUserScramCredentialsRequest = message(
  'DescribeUserScramCredentialsRequest',
  { key: 50, kind: 'request', versions: '0', flexible: '0+' },
  {
    users: array(
      '0+',
      {
        name: string('0+'),
      },
      { nullable: '0+' },
    ),
  },
);

export const DescribeUserScramCredentialsResponse = message(
  'DescribeUserScramCredentialsResponse',
  { key: 50, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      credentialInfos: array('0+', {
        mechanism: int8('0+'),
        iterations: int32('0+'),
      }),
    }),
  },
);

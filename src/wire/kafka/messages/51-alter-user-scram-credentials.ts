/** AlterUserScramCredentials: sets and deletes SCRAM credentials (KIP-554). */
import { array, bytes, int8, int16, int32, message, string } from '../schema/index.ts';

export const AlterUserScramCredentialsRequest = message(
  'AlterUserScramCredentialsRequest',
  { key: 51, kind: 'request', versions: '0', flexible: '0+' },
  {
    deletions: array('0+', {
      name: string('0+'),
      mechanism: int8('0+'),
    }),
    upsertions: array('0+', {
      name: string('0+'),
      mechanism: int8('0+'),
      iterations: int32('0+'),
      salt: bytes('0+'),
      saltedPassword: bytes('0+'),
    }),
  },
);

export const AlterUserScramCredentialsResponse = message(
  'AlterUserScramCredentialsResponse',
  { key: 51, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
);

/** SaslAuthenticate: one step of the SASL exchange (KIP-152). */
import { bytes, int16, int64, message, string } from '../schema/index.ts';

export const SaslAuthenticateRequest = message(
  'SaslAuthenticateRequest',
  { key: 36, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    authBytes: bytes('0+'),
  },
);

export const SaslAuthenticateResponse = message(
  'SaslAuthenticateResponse',
  { key: 36, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    authBytes: bytes('0+'),
    sessionLifetimeMs: int64('1+', { default: 0, ignorable: true }),
  },
);

/** SaslHandshake: picks the SASL mechanism. Version 0 is followed by bare tokens, version 1 by SaslAuthenticate. */
import { array, int16, message, string } from '../schema/index.ts';

export const SaslHandshakeRequest = message(
  'SaslHandshakeRequest',
  { key: 17, kind: 'request', versions: '0-1', flexible: 'none' },
  {
    mechanism: string('0+'),
  },
);

export const SaslHandshakeResponse = message(
  'SaslHandshakeResponse',
  { key: 17, kind: 'response', versions: '0-1', flexible: 'none' },
  {
    errorCode: int16('0+'),
    mechanisms: array('0+', 'string'),
  },
);

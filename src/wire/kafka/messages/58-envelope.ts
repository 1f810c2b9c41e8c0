/** Envelope: a broker forwards a client request to the controller (KIP-590). */
import { bytes, int16, message } from '../schema/index.ts';

export const EnvelopeRequest = message(
  'EnvelopeRequest',
  { key: 58, kind: 'request', versions: '0', flexible: '0+' },
  {
    requestData: bytes('0+'),
    requestPrincipal: bytes('0+', { nullable: '0+' }),
    clientHostAddress: bytes('0+'),
  },
);

export const EnvelopeResponse = message(
  'EnvelopeResponse',
  { key: 58, kind: 'response', versions: '0', flexible: '0+' },
  {
    responseData: bytes('0+', { nullable: '0+', default: null }),
    errorCode: int16('0+'),
  },
);

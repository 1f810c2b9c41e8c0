/** ControllerRegistration: a KRaft controller registers its endpoints and features (KIP-919). */
import { array, bool, int16, int32, message, string, uint16, uuid } from '../schema/index.ts';

export const ControllerRegistrationRequest = message(
  'ControllerRegistrationRequest',
  { key: 70, kind: 'request', versions: '0', flexible: '0+' },
  {
    controllerId: int32('0+'),
    incarnationId: uuid('0+'),
    zkMigrationReady: bool('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
  },
);

export const ControllerRegistrationResponse = message(
  'ControllerRegistrationResponse',
  { key: 70, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
  },
);

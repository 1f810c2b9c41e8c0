/** PushTelemetry: a client's metrics (KIP-714). */
import { bool, bytes, int8, int16, int32, message, uuid } from '../schema/index.ts';

export const PushTelemetryRequest = message(
  'PushTelemetryRequest',
  { key: 72, kind: 'request', versions: '0', flexible: '0+' },
  {
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    terminating: bool('0+'),
    compressionType: int8('0+'),
    metrics: bytes('0+'),
  },
);

export const PushTelemetryResponse = message(
  'PushTelemetryResponse',
  { key: 72, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
  },
);

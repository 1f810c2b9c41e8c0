/** UpdateFeatures: finalizes feature levels (KIP-584). */
import { array, bool, int8, int16, int32, message, string } from '../schema/index.ts';

export const UpdateFeaturesRequest = message(
  'UpdateFeaturesRequest',
  { key: 57, kind: 'request', versions: '0-2', flexible: '0+' },
  {
    timeoutMs: int32('0+', { default: 60_000 }),
    featureUpdates: array('0+', {
      feature: string('0+'),
      maxVersionLevel: int16('0+'),
      allowDowngrade: bool('0'),
      upgradeType: int8('1+', { default: 1 }),
    }),
    validateOnly: bool('1+', { default: false }),
  },
);

export const UpdateFeaturesResponse = message(
  'UpdateFeaturesResponse',
  { key: 57, kind: 'response', versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array(
      '0-1',
      {
        feature: string('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      },
      { ignorable: true },
    ),
  },
);

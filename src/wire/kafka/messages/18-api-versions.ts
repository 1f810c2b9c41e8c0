/**
 * ApiVersions: which APIs and versions a broker speaks, and its features (KIP-511, KIP-584).
 *
 * The response header is always version 0, and an unsupported version is answered in the version 0 format, so that
 * any client can read the answer.
 */
import { array, bool, int16, int32, int64, message, string } from '../schema/index.ts';

export const ApiVersionsRequest = message(
  'ApiVersionsRequest',
  { key: 18, kind: 'request', versions: '0-4', flexible: '3+' },
  {
    clientSoftwareName: string('3+', { ignorable: true }),
    clientSoftwareVersion: string('3+', { ignorable: true }),
  },
);

export const ApiVersionsResponse = message(
  'ApiVersionsResponse',
  { key: 18, kind: 'response', versions: '0-4', flexible: '3+' },
  {
    errorCode: int16('0+'),
    apiKeys: array('0+', {
      apiKey: int16('0+'),
      minVersion: int16('0+'),
      maxVersion: int16('0+'),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    supportedFeatures: array(
      '3+',
      {
        name: string('3+'),
        minVersion: int16('3+'),
        maxVersion: int16('3+'),
      },
      { tag: 0, ignorable: true },
    ),
    finalizedFeaturesEpoch: int64('3+', { tag: 1, default: -1, ignorable: true }),
    finalizedFeatures: array(
      '3+',
      {
        name: string('3+'),
        maxVersionLevel: int16('3+'),
        minVersionLevel: int16('3+'),
      },
      { tag: 2, ignorable: true },
    ),
    zkMigrationReady: bool('3+', { tag: 3, default: false, ignorable: true }),
  },
);

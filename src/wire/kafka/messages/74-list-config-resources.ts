/**
 * ListConfigResources: the resources that have configs (KIP-1142).
 *
 * Up to 3.9 this key was ListClientMetricsResources, whose version 0 has the same bytes.
 */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const ListConfigResourcesRequest = message(
  'ListConfigResourcesRequest',
  { key: 74, kind: 'request', versions: '0-1', flexible: '0+' },
  {
    resourceTypes: array('1+', 'int8'),
  },
);

export const ListConfigResourcesResponse = message(
  'ListConfigResourcesResponse',
  { key: 74, kind: 'response', versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    configResources: array('0+', {
      resourceName: string('0+'),
      resourceType: int8('1+', { default: 16, ignorable: true }),
    }),
  },
);

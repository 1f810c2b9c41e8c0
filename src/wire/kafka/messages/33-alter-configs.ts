/** AlterConfigs: replaces all overrides of a resource (KIP-133); IncrementalAlterConfigs is its successor. */
import { array, bool, int8, int16, int32, message, string } from '../schema/index.ts';

export const AlterConfigsRequest = message(
  'AlterConfigsRequest',
  { key: 33, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    validateOnly: bool('0+'),
  },
);

export const AlterConfigsResponse = message(
  'AlterConfigsResponse',
  { key: 33, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    responses: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8('0+'),
      resourceName: string('0+'),
    }),
  },
);

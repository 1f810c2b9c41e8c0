/** CreateAcls: new ACL bindings (KIP-140); pattern types from version 1 on (KIP-290). */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const CreateAclsRequest = message(
  'CreateAclsRequest',
  { key: 30, kind: 'request', versions: '0-3', flexible: '2+' },
  {
    creations: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      resourcePatternType: int8('1+', { default: 3 }),
      principal: string('0+'),
      host: string('0+'),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
);

export const CreateAclsResponse = message(
  'CreateAclsResponse',
  { key: 30, kind: 'response', versions: '0-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
);

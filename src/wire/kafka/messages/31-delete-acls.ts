/** DeleteAcls: removes the ACL bindings that match filters (KIP-140). */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const DeleteAclsRequest = message(
  'DeleteAclsRequest',
  { key: 31, kind: 'request', versions: '0-3', flexible: '2+' },
  {
    filters: array('0+', {
      resourceTypeFilter: int8('0+'),
      resourceNameFilter: string('0+', { nullable: '0+' }),
      patternTypeFilter: int8('1+', { default: 3 }),
      principalFilter: string('0+', { nullable: '0+' }),
      hostFilter: string('0+', { nullable: '0+' }),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
);

export const DeleteAclsResponse = message(
  'DeleteAclsResponse',
  { key: 31, kind: 'response', versions: '0-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    filterResults: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      matchingAcls: array('0+', {
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
        resourceType: int8('0+'),
        resourceName: string('0+'),
        patternType: int8('1+', { default: 3 }),
        principal: string('0+'),
        host: string('0+'),
        operation: int8('0+'),
        permissionType: int8('0+'),
      }),
    }),
  },
);

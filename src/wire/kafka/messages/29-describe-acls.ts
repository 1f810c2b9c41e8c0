/** DescribeAcls: ACL bindings that match a filter (KIP-140); pattern types from version 1 on (KIP-290). */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const DescribeAclsRequest = message(
  'DescribeAclsRequest',
  { key: 29, kind: 'request', versions: '0-3', flexible: '2+' },
  {
    resourceTypeFilter: int8('0+'),
    resourceNameFilter: string('0+', { nullable: '0+' }),
    patternTypeFilter: int8('1+', { default: 3 }),
    principalFilter: string('0+', { nullable: '0+' }),
    hostFilter: string('0+', { nullable: '0+' }),
    operation: int8('0+'),
    permissionType: int8('0+'),
  },
);

export const DescribeAclsResponse = message(
  'DescribeAclsResponse',
  { key: 29, kind: 'response', versions: '0-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      patternType: int8('1+', { default: 3 }),
      acls: array('0+', {
        principal: string('0+'),
        host: string('0+'),
        operation: int8('0+'),
        permissionType: int8('0+'),
      }),
    }),
  },
);

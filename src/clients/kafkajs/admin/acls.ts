import { DescribeAclsRequest, DescribeAclsResponse } from '../../../wire/kafka/messages/29-describe-acls.ts';
import { CreateAclsRequest, CreateAclsResponse } from '../../../wire/kafka/messages/30-create-acls.ts';
import { DeleteAclsRequest, DeleteAclsResponse } from '../../../wire/kafka/messages/31-delete-acls.ts';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from '../constants.ts';
import { throwIfCode } from '../error-types.ts';
import type { AclEntry, AclFilter, DeleteAclResponse, DescribeAclResponse } from '../types/admin.ts';
import { type AdminCalls, check } from './admin-calls.ts';

export async function createAcls(calls: AdminCalls, { acl }: { acl: AclEntry[] }): Promise<boolean> {
  check(Array.isArray(acl), `Invalid ACL array ${acl}`);
  check(acl.length > 0, 'Empty ACL array');
  for (const entry of acl) {
    check(typeof entry.principal === 'string', 'Invalid ACL array, the principals have to be a valid string');
    check(typeof entry.host === 'string', 'Invalid ACL array, the hosts have to be a valid string');
    check(
      typeof entry.resourceName === 'string',
      'Invalid ACL array, the resourceNames have to be a valid string',
    );
    checkTypes(entry);
  }
  return calls.atController('create ACL', async () => {
    const { results } = await calls.cluster.request(
      'controller',
      { request: CreateAclsRequest, response: CreateAclsResponse },
      { creations: acl },
    );
    for (const { errorCode } of results) throwIfCode(errorCode);
    return true;
  });
}

export async function describeAcls(calls: AdminCalls, filter: AclFilter): Promise<DescribeAclResponse> {
  checkFilter(filter, 'Invalid');
  return calls.atController('describe ACL', async () => {
    const answer = await calls.cluster.request(
      'controller',
      { request: DescribeAclsRequest, response: DescribeAclsResponse },
      filterOf(filter),
    );
    throwIfCode(answer.errorCode);
    const resources = answer.resources.map(({ resourceType, resourceName, patternType, acls }) => ({
      resourceType,
      resourceName,
      resourcePatternType: patternType,
      acls,
    }));
    return { resources } as unknown as DescribeAclResponse;
  });
}

export async function deleteAcls(
  calls: AdminCalls,
  { filters }: { filters: AclFilter[] },
): Promise<DeleteAclResponse> {
  check(Array.isArray(filters), `Invalid ACL Filter array ${filters}`);
  check(filters.length > 0, 'Empty ACL Filter array');
  for (const filter of filters) checkFilter(filter, 'Invalid ACL Filter array, the');
  return calls.atController('delete ACL', async () => {
    const { filterResults } = await calls.cluster.request(
      'controller',
      { request: DeleteAclsRequest, response: DeleteAclsResponse },
      { filters: filters.map(filterOf) },
    );
    const filterResponses = filterResults.map(({ errorCode, errorMessage, matchingAcls }) => {
      throwIfCode(errorCode);
      return {
        errorCode,
        errorMessage,
        matchingAcls: matchingAcls.map(({ patternType, ...acl }) => ({
          ...acl,
          resourcePatternType: patternType,
        })),
      };
    });
    return { filterResponses } as unknown as DeleteAclResponse;
  });
}

function filterOf(filter: AclFilter) {
  return {
    resourceTypeFilter: filter.resourceType,
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: filter.resourcePatternType,
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: filter.operation,
    permissionType: filter.permissionType,
  };
}

function checkFilter(filter: AclFilter, problem: string): void {
  for (const name of ['principal', 'host', 'resourceName'] as const) {
    const value: unknown = filter[name];
    check(value === undefined || typeof value === 'string', `${problem} ${name} has to be a valid string`);
  }
  checkTypes(filter);
}

function checkTypes(entry: AclFilter | AclEntry): void {
  const text = JSON.stringify(entry);
  for (const [value, types, what] of [
    [entry.operation, AclOperationTypes, 'operation'],
    [entry.resourcePatternType, ResourcePatternTypes, 'resource pattern'],
    [entry.permissionType, AclPermissionTypes, 'permission'],
    [entry.resourceType, AclResourceTypes, 'resource'],
  ] as const) {
    check((Object.values(types) as number[]).includes(value), `Invalid ${what} type ${value}: ${text}`);
  }
}

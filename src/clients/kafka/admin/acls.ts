import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { DescribeAclsRequest, DescribeAclsResponse } from '../../../wire/kafka/messages/29-describe-acls.ts';
import { CreateAclsRequest, CreateAclsResponse } from '../../../wire/kafka/messages/30-create-acls.ts';
import { DeleteAclsRequest, DeleteAclsResponse } from '../../../wire/kafka/messages/31-delete-acls.ts';
import { BrokerError, type KafkaError, throwIfError } from '../kafka-error.ts';
import { type AdminCall, outcomeOf } from './admin-call.ts';
import type { ItemResults } from './item-results.ts';
import { type AclOperation, operationCode, operationOf } from './operations.ts';

/** The protocol's numbers of these are their places. */
const RESOURCE_TYPES = [
  'UNKNOWN',
  'ANY',
  'TOPIC',
  'GROUP',
  'CLUSTER',
  'TRANSACTIONAL_ID',
  'DELEGATION_TOKEN',
  'USER',
] as const;
const PATTERN_TYPES = ['UNKNOWN', 'ANY', 'MATCH', 'LITERAL', 'PREFIXED'] as const;
const PERMISSION_TYPES = ['UNKNOWN', 'ANY', 'DENY', 'ALLOW'] as const;

export type AclResourceType = (typeof RESOURCE_TYPES)[number];
export type AclPatternType = (typeof PATTERN_TYPES)[number];
export type AclPermissionType = (typeof PERMISSION_TYPES)[number];

/** Who may, or may not, do what to which resource. */
export interface AclBinding {
  readonly resourceType: AclResourceType;
  /** `*` for all, `kafka-cluster` for the cluster. */
  readonly resourceName: string;
  /** LITERAL is this very name, PREFIXED all names that begin with it. */
  readonly patternType: AclPatternType;
  /** `User:alice`, `User:*`. */
  readonly principal: string;
  /** An address, or `*`. */
  readonly host: string;
  readonly operation: AclOperation;
  readonly permissionType: AclPermissionType;
}

/** Which bindings are meant; what is left out can be anything. */
export interface AclBindingFilter {
  readonly resourceType?: AclResourceType;
  readonly resourceName?: string;
  /** MATCH: all patterns that the resource name falls under. Default ANY. */
  readonly patternType?: AclPatternType;
  readonly principal?: string;
  readonly host?: string;
  readonly operation?: AclOperation;
  readonly permissionType?: AclPermissionType;
}

const ACL_PATTERN_VERSION = 1;

function wireFilter(filter: AclBindingFilter, version: number) {
  const { resourceType = 'ANY', patternType = 'ANY', operation = 'ANY', permissionType = 'ANY' } = filter;
  // Version 0 knows literal patterns alone: any of them is a literal one.
  const pattern = version < ACL_PATTERN_VERSION && patternType === 'ANY' ? 'LITERAL' : patternType;
  return {
    resourceTypeFilter: RESOURCE_TYPES.indexOf(resourceType),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: PATTERN_TYPES.indexOf(pattern),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: operationCode(operation),
    permissionType: PERMISSION_TYPES.indexOf(permissionType),
  };
}

interface BindingAnswer {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

function bindingOf(answer: BindingAnswer): AclBinding {
  return {
    resourceType: RESOURCE_TYPES[answer.resourceType] ?? 'UNKNOWN',
    resourceName: answer.resourceName,
    patternType: PATTERN_TYPES[answer.patternType] ?? 'UNKNOWN',
    principal: answer.principal,
    host: answer.host,
    operation: operationOf(answer.operation),
    permissionType: PERMISSION_TYPES[answer.permissionType] ?? 'UNKNOWN',
  };
}

/** @internal */
export function describeAcls(call: AdminCall, filter: AclBindingFilter): Promise<readonly AclBinding[]> {
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: DescribeAclsRequest, response: DescribeAclsResponse },
      (version) => wireFilter(filter, version),
    );
    throwIfError(response.errorCode, 'ACLs', response.errorMessage);
    return response.resources.flatMap(({ acls, ...resource }) =>
      acls.map((acl) => bindingOf({ ...resource, ...acl })),
    );
  });
}

/** @internal */
export function createAcls(call: AdminCall, bindings: readonly AclBinding[]): ItemResults<number, undefined> {
  return call.toAny(new Map(bindings.entries()), async (target, open) => {
    const { results } = await call.request(
      target,
      { request: CreateAclsRequest, response: CreateAclsResponse },
      {
        creations: [...open.values()].map((binding) => ({
          resourceType: RESOURCE_TYPES.indexOf(binding.resourceType),
          resourceName: binding.resourceName,
          resourcePatternType: PATTERN_TYPES.indexOf(binding.patternType),
          principal: binding.principal,
          host: binding.host,
          operation: operationCode(binding.operation),
          permissionType: PERMISSION_TYPES.indexOf(binding.permissionType),
        })),
      },
    );
    return inOrder(open, results, ({ errorCode, errorMessage }, { resourceType, resourceName }) =>
      outcomeOf(errorCode, `ACL of ${resourceType} ${resourceName}`, errorMessage, () => undefined),
    );
  });
}

/** @internal */
export function deleteAcls(
  call: AdminCall,
  filters: readonly AclBindingFilter[],
): ItemResults<number, readonly AclBinding[]> {
  return call.toAny(new Map(filters.entries()), async (target, open) => {
    const { filterResults } = await call.request(
      target,
      { request: DeleteAclsRequest, response: DeleteAclsResponse },
      (version) => ({ filters: [...open.values()].map((filter) => wireFilter(filter, version)) }),
    );
    return inOrder(open, filterResults, (answer): readonly AclBinding[] | KafkaError => {
      const { errorCode, errorMessage, matchingAcls } = answer;
      if (errorCode !== ErrorCode.NONE) return new BrokerError(errorCode, 'ACLs', errorMessage);
      const failed = matchingAcls.find((acl) => acl.errorCode !== ErrorCode.NONE);
      if (failed === undefined) return matchingAcls.map(bindingOf);
      return new BrokerError(failed.errorCode, `ACL of ${failed.resourceName}`, failed.errorMessage);
    });
  });
}

/** Answers that come in the order of the questions. */
function inOrder<T, A, V>(
  items: ReadonlyMap<number, T>,
  answers: readonly A[],
  outcome: (answer: A, item: T) => V | KafkaError,
): ReadonlyMap<number, V | KafkaError> {
  const outcomes = new Map<number, V | KafkaError>();
  for (const [index, [key, item]] of [...items].entries()) {
    const answer = answers[index];
    if (answer !== undefined) outcomes.set(key, outcome(answer, item));
  }
  return outcomes;
}

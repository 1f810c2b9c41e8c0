import type { AclPatternType, AclPermissionType, AclResourceType } from '../../clients/kafka/admin/acls.ts';
import type { AclOperation } from '../../clients/kafka/admin/operations.ts';
import { OptionError } from '../jopt/option-error.ts';
import type { AclsOptions } from '../kafka-acls.ts';
import type { ToolExit } from '../tool.ts';
import { principalOf } from './principal.ts';

export interface ResourceFilter {
  readonly resourceType: AclResourceType;
  readonly resourceName: string;
  readonly patternType: AclPatternType;
}

export interface AclEntry {
  readonly principal: string;
  readonly host: string;
  readonly operation: AclOperation;
  readonly permissionType: AclPermissionType;
}

/** Resources, and the entries that a command line means for each. */
export type ResourceEntries = readonly (readonly [ResourceFilter, readonly AclEntry[]])[];

const CLUSTER: ResourceFilter = {
  resourceType: 'CLUSTER',
  resourceName: 'kafka-cluster',
  patternType: 'LITERAL',
};

/** What may be granted on each type of resource, besides ALL. */
const SUPPORTED: Readonly<Record<string, readonly AclOperation[]>> = {
  TOPIC: ['READ', 'WRITE', 'CREATE', 'DESCRIBE', 'DELETE', 'ALTER', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS'],
  GROUP: ['READ', 'DESCRIBE', 'DELETE'],
  CLUSTER: [
    'CREATE',
    'CLUSTER_ACTION',
    'DESCRIBE_CONFIGS',
    'ALTER_CONFIGS',
    'IDEMPOTENT_WRITE',
    'ALTER',
    'DESCRIBE',
  ],
  TRANSACTIONAL_ID: ['DESCRIBE', 'WRITE'],
  DELEGATION_TOKEN: ['DESCRIBE'],
  USER: ['CREATE_TOKENS', 'DESCRIBE_TOKENS'],
};

const OPERATIONS: readonly AclOperation[] = [
  ...new Set(['ANY', 'ALL', ...Object.values(SUPPORTED).flat()] as const),
];

/** `DescribeConfigs` for DESCRIBE_CONFIGS. */
function pascal(name: string): string {
  const words = name.toLowerCase().split('_');
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

/** `DescribeConfigs`, or in capitals. */
function operationOf(text: string): AclOperation {
  const named = OPERATIONS.find((name) => [pascal(name), pascal(name).toUpperCase()].includes(text));
  return named ?? 'UNKNOWN';
}

/** What the options of a command line say. Its methods throw JavaError, OptionError and {@link ToolExit}. */
export class AclArguments {
  private readonly options: AclsOptions;
  private readonly usage: (message: string) => ToolExit;

  constructor(options: AclsOptions, usage: (message: string) => ToolExit) {
    this.options = options;
    this.usage = usage;
  }

  /** The entries to add: resources and patterns have to be definite. */
  toAdd(): ResourceEntries {
    const patternType = this.patternType();
    if (patternType === 'ANY' || patternType === 'MATCH') {
      const value = `A '--resource-pattern-type' value of '${patternType}'`;
      throw this.usage(`${value} is not valid when adding acls.`);
    }
    const entries = this.entries();
    if (entries.some(([, acls]) => acls.length === 0)) {
      throw this.usage(
        'You must specify one of: --allow-principal, --deny-principal when trying to add ACLs.',
      );
    }
    return entries;
  }

  entries(): ResourceEntries {
    const { options } = this;
    const byRole = options.has('producer') || options.has('consumer');
    const entries = new Map<string, readonly [ResourceFilter, readonly AclEntry[]]>();
    const add = (filter: ResourceFilter, acls: readonly AclEntry[]): void => {
      const key = JSON.stringify(filter);
      entries.set(key, [filter, unique([...acls, ...(entries.get(key)?.[1] ?? [])])]);
    };
    if (!byRole) {
      const acls = this.granted(options.all('operation').map((text) => operationOf(text.trim())));
      for (const filter of this.resources()) add(filter, acls);
    }
    if (options.has('producer')) this.addProducer(add);
    if (options.has('consumer')) this.addConsumer(add);
    for (const [filter, acls] of entries.values()) this.checkOperations(filter, acls);
    return [...entries.values()];
  }

  /** The resources of a command line; `isOptional` when there may be none. */
  resources(isOptional = false): readonly ResourceFilter[] {
    const { options } = this;
    const patternType = this.patternType();
    const named = (
      name: 'topic' | 'group' | 'transactional-id' | 'delegation-token' | 'user-principal',
      resourceType: AclResourceType,
    ): ResourceFilter[] =>
      options.all(name).map((text) => {
        const resourceName = name === 'transactional-id' ? text : text.trim();
        return { resourceType, resourceName, patternType };
      });
    const isCluster = options.has('cluster') || options.has('idempotent');
    const filters = [
      ...named('topic', 'TOPIC'),
      ...(patternType === 'LITERAL' && isCluster ? [CLUSTER] : []),
      ...named('group', 'GROUP'),
      ...named('transactional-id', 'TRANSACTIONAL_ID'),
      ...named('delegation-token', 'DELEGATION_TOKEN'),
      ...named('user-principal', 'USER'),
    ];
    if (filters.length === 0 && !isOptional) {
      throw this.usage(
        'You must provide at least one resource: --topic <topic> or --cluster or --group <group> or --delegation-token <Delegation Token ID>',
      );
    }
    return unique(filters);
  }

  principals(name: 'principal' | 'allow-principal' | 'deny-principal'): readonly string[] {
    return unique(this.options.all(name).map((text) => principalOf(text.trim())));
  }

  private addProducer(add: (filter: ResourceFilter, acls: readonly AclEntry[]) => void): void {
    for (const filter of this.resources()) {
      if (filter.resourceType === 'TOPIC') add(filter, this.granted(['WRITE', 'DESCRIBE', 'CREATE']));
      if (filter.resourceType === 'TRANSACTIONAL_ID') add(filter, this.granted(['WRITE', 'DESCRIBE']));
    }
    if (this.options.has('idempotent')) add(CLUSTER, this.granted(['IDEMPOTENT_WRITE']));
  }

  private addConsumer(add: (filter: ResourceFilter, acls: readonly AclEntry[]) => void): void {
    for (const filter of this.resources()) {
      if (filter.resourceType === 'TOPIC') add(filter, this.granted(['READ', 'DESCRIBE']));
      if (filter.resourceType === 'GROUP') add(filter, this.granted(['READ']));
    }
  }

  /** Operations for the principals and hosts that are allowed, and for those that are denied. */
  private granted(operations: readonly AclOperation[]): readonly AclEntry[] {
    const entries = (permissionType: 'ALLOW' | 'DENY', role: 'allow' | 'deny'): AclEntry[] =>
      this.principals(`${role}-principal`).flatMap((principal) =>
        unique(operations).flatMap((operation) =>
          this.hosts(role).map((host) => ({ principal, host, operation, permissionType })),
        ),
      );
    return [...entries('ALLOW', 'allow'), ...entries('DENY', 'deny')];
  }

  private hosts(role: 'allow' | 'deny'): readonly string[] {
    const given = this.options.all(`${role}-host`);
    return given.length > 0 ? unique(given.map((host) => host.trim())) : ['*'];
  }

  private patternType(): AclPatternType {
    const text = this.options.required('resource-pattern-type');
    const types = ['ANY', 'MATCH', 'LITERAL', 'PREFIXED'] as const;
    const type = types.find((name) => name === text.toUpperCase());
    if (type === undefined) throw OptionError.notOneOf('resource-pattern-type', text, types.join('|'));
    return type;
  }

  private checkOperations({ resourceType }: ResourceFilter, acls: readonly AclEntry[]): void {
    const valid = [...(SUPPORTED[resourceType] ?? []), 'ALL' as const];
    if (acls.every(({ operation }) => valid.some((name) => name === operation))) return;
    const names = valid.map(pascal).join(', ');
    throw this.usage(`ResourceType ${resourceType} only supports operations ${names}`);
  }
}

/** Without repetitions. */
function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

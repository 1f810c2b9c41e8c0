import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../../wire/kafka/messages/32-describe-configs.ts';
import { AlterConfigsRequest, AlterConfigsResponse } from '../../../wire/kafka/messages/33-alter-configs.ts';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../../wire/kafka/messages/44-incremental-alter-configs.ts';
import {
  ListConfigResourcesRequest,
  ListConfigResourcesResponse,
} from '../../../wire/kafka/messages/74-list-config-resources.ts';
import type { Target } from '../cluster/cluster.ts';
import { throwIfError } from '../kafka-error.ts';
import { type AdminCall, keyed, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ConfigEntry, configEntry } from './config-entry.ts';
import type { ItemResults } from './item-results.ts';

const RESOURCE_TYPES = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const;

const OPERATIONS = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

export type ConfigResourceType = keyof typeof RESOURCE_TYPES;

/** What has configurations. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  /** A topic's or group's name, a broker's id; empty for the default of all brokers. */
  readonly name: string;
}

export interface DescribedConfigs extends ConfigResource {
  readonly entries: readonly ConfigEntry[];
}

export interface DescribeConfigsOptions extends CallOptions {
  readonly includeSynonyms?: boolean;
  readonly includeDocumentation?: boolean;
}

export interface ConfigsToDescribe extends ConfigResource {
  /** Default: all. */
  readonly keys?: readonly string[];
}

/** One change of one configuration; APPEND and SUBTRACT are for lists, DELETE goes back to the default. */
export type ConfigChange =
  | { readonly name: string; readonly operation: 'SET' | 'APPEND' | 'SUBTRACT'; readonly value: string }
  | { readonly name: string; readonly operation: 'DELETE' };

export interface ConfigChanges extends ConfigResource {
  readonly changes: readonly ConfigChange[];
}

export interface ConfigReplacement extends ConfigResource {
  /** All that is set afterwards. */
  readonly configs: Readonly<Record<string, string>>;
}

export interface AlterConfigsOptions extends CallOptions {
  /** Checks whether it could be done, and changes nothing. */
  readonly validateOnly?: boolean;
}

export interface ListConfigResourcesOptions extends CallOptions {
  /** Default: all. */
  readonly types?: readonly ConfigResourceType[];
}

/** A resource as results are keyed by: `TOPIC:orders`. */
export function configResourceKey({ type, name }: ConfigResource): string {
  return `${type}:${name}`;
}

/** Configurations and loggers of one broker are known to that broker alone. */
function brokerOf({ type, name }: ConfigResource): Target {
  const isOfOne = (type === 'BROKER' && name !== '') || type === 'BROKER_LOGGER';
  const id = Number(name);
  return isOfOne && Number.isSafeInteger(id) ? id : 'any';
}

function resourceTypeOf(code: number): ConfigResourceType | undefined {
  const types = Object.keys(RESOURCE_TYPES) as ConfigResourceType[];
  return types.find((type) => RESOURCE_TYPES[type] === code);
}

const wireResource = ({ type, name }: ConfigResource) => ({
  resourceType: RESOURCE_TYPES[type],
  resourceName: name,
});

function outcomes<A extends ResourceAnswer, V>(
  answers: readonly A[],
  value: (answer: A, resource: ConfigResource) => V,
): Outcomes<string, V> {
  return new Map(
    answers.map((answer) => {
      // A type that was not asked about has a key that nobody looks for.
      const type = resourceTypeOf(answer.resourceType) ?? 'TOPIC';
      const resource = { type, name: answer.resourceName };
      const what = `${type.toLowerCase().replace('_', ' ')} ${answer.resourceName}`;
      return [
        configResourceKey(resource),
        outcomeOf(answer.errorCode, what, answer.errorMessage, () => value(answer, resource)),
      ];
    }),
  );
}

interface ResourceAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

/** @internal */
export function describeConfigs(
  call: AdminCall,
  resources: readonly ConfigsToDescribe[],
  { includeSynonyms = false, includeDocumentation = false }: DescribeConfigsOptions,
): ItemResults<string, DescribedConfigs> {
  return call.toBrokers(keyed(resources, configResourceKey), brokerOf, async (target, open) => {
    const { results } = await call.request(
      target,
      { request: DescribeConfigsRequest, response: DescribeConfigsResponse },
      {
        resources: [...open.values()].map((resource) => ({
          ...wireResource(resource),
          configurationKeys: resource.keys === undefined ? null : [...resource.keys],
        })),
        ...(includeSynonyms ? { includeSynonyms } : {}),
        ...(includeDocumentation ? { includeDocumentation } : {}),
      },
    );
    return outcomes(results, ({ configs }, resource) => ({ ...resource, entries: configs.map(configEntry) }));
  });
}

/** @internal */
export function incrementalAlterConfigs(
  call: AdminCall,
  resources: readonly ConfigChanges[],
  { validateOnly = false }: AlterConfigsOptions,
): ItemResults<string, undefined> {
  return call.toBrokers(keyed(resources, configResourceKey), brokerOf, async (target, open) => {
    const { responses } = await call.request(
      target,
      { request: IncrementalAlterConfigsRequest, response: IncrementalAlterConfigsResponse },
      {
        resources: [...open.values()].map((resource) => ({
          ...wireResource(resource),
          configs: resource.changes.map((change) => ({
            name: change.name,
            configOperation: OPERATIONS[change.operation],
            value: change.operation === 'DELETE' ? null : change.value,
          })),
        })),
        validateOnly,
      },
    );
    return outcomes(responses, () => undefined);
  });
}

/** @internal */
export function alterConfigs(
  call: AdminCall,
  resources: readonly ConfigReplacement[],
  { validateOnly = false }: AlterConfigsOptions,
): ItemResults<string, undefined> {
  return call.toBrokers(keyed(resources, configResourceKey), brokerOf, async (target, open) => {
    const { responses } = await call.request(
      target,
      { request: AlterConfigsRequest, response: AlterConfigsResponse },
      {
        resources: [...open.values()].map((resource) => ({
          ...wireResource(resource),
          configs: Object.entries(resource.configs).map(([name, value]) => ({ name, value })),
        })),
        validateOnly,
      },
    );
    return outcomes(responses, () => undefined);
  });
}

/** @internal */
export function listConfigResources(
  call: AdminCall,
  { types = [] }: ListConfigResourcesOptions,
): Promise<readonly ConfigResource[]> {
  // Version 0 knows of client metrics alone.
  const onlyMetrics = types.length === 1 && types[0] === 'CLIENT_METRICS';
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: ListConfigResourcesRequest, response: ListConfigResourcesResponse },
      (version) => (version >= 1 ? { resourceTypes: types.map((type) => RESOURCE_TYPES[type]) } : {}),
      { min: onlyMetrics ? 0 : 1 },
    );
    throwIfError(response.errorCode, 'list of resources with configurations');
    return response.configResources.flatMap(({ resourceType, resourceName }) => {
      const type = resourceTypeOf(resourceType);
      return type === undefined ? [] : [{ type, name: resourceName }];
    });
  });
}

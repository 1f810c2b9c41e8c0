import { getOrPut } from '../../../base/get-or-put.ts';
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from '../../../wire/kafka/messages/32-describe-configs.ts';
import { AlterConfigsRequest, AlterConfigsResponse } from '../../../wire/kafka/messages/33-alter-configs.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import type { Target } from '../../kafka/cluster/cluster.ts';
import { ConfigResourceTypes, ConfigSource } from '../constants.ts';
import { throwIfCode } from '../error-types.ts';
import type {
  AlteredConfigs,
  DescribeConfigResponse,
  IResourceConfig,
  ResourceConfigQuery,
} from '../types/admin.ts';
import { type AdminCalls, check } from './admin-calls.ts';

export async function describeConfigs(
  calls: AdminCalls,
  { resources, includeSynonyms = false }: { resources: ResourceConfigQuery[]; includeSynonyms?: boolean },
): Promise<DescribeConfigResponse> {
  checkResources(resources);
  for (const resource of resources) {
    const { configNames } = resource;
    check(
      configNames === undefined || configNames === null || Array.isArray(configNames),
      `Invalid resource configNames ${configNames}: ${JSON.stringify(resource)}`,
    );
  }
  return calls.atController('describe configs', async () => {
    const answers = await Promise.all(
      [...byTarget(resources)].map(([target, wanted]) =>
        calls.cluster.request(
          target,
          { request: DescribeConfigsRequest, response: DescribeConfigsResponse },
          {
            resources: wanted.map(({ type, name, configNames }) => ({
              resourceType: type,
              resourceName: name,
              configurationKeys: configNames !== undefined && configNames.length > 0 ? configNames : null,
            })),
            includeSynonyms,
          },
          { versions: { min: 1, max: 2 } },
        ),
      ),
    );
    const found = answers.flatMap(({ results }) => results).map(described);
    return { resources: found } as unknown as DescribeConfigResponse;
  });
}

type Result = Infer<typeof DescribeConfigsResponse>['results'][number];

function described({ errorCode, errorMessage, resourceType, resourceName, configs }: Result): object {
  throwIfCode(errorCode);
  return {
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
    configEntries: configs.map((entry) => ({
      configName: entry.name,
      configValue: entry.value,
      readOnly: entry.readOnly,
      isDefault: entry.configSource === ConfigSource.DEFAULT_CONFIG,
      configSource: entry.configSource,
      isSensitive: entry.isSensitive,
      configSynonyms: entry.synonyms.map(({ name, value, source }) => ({
        configName: name,
        configValue: value,
        configSource: source,
      })),
    })),
  };
}

export async function alterConfigs(
  calls: AdminCalls,
  { resources, validateOnly = false }: { resources: IResourceConfig[]; validateOnly?: boolean },
): Promise<AlteredConfigs> {
  checkResources(resources);
  for (const resource of resources) {
    const { configEntries } = resource;
    check(
      Array.isArray(configEntries),
      `Invalid resource configEntries ${configEntries}: ${JSON.stringify(resource)}`,
    );
    check(
      configEntries.every(({ name, value }) => typeof name === 'string' && typeof value === 'string'),
      `Invalid resource config value: ${JSON.stringify(resource)}`,
    );
  }
  return calls.atController('alter configs', async () => {
    const answers = await Promise.all(
      [...byTarget(resources)].map(([target, wanted]) =>
        calls.cluster.request(
          target,
          { request: AlterConfigsRequest, response: AlterConfigsResponse },
          {
            resources: wanted.map(({ type, name, configEntries }) => ({
              resourceType: type,
              resourceName: name,
              configs: configEntries,
            })),
            validateOnly: Boolean(validateOnly),
          },
        ),
      ),
    );
    const altered = answers.flatMap(({ responses }) => responses);
    return {
      resources: altered.map((resource) => {
        throwIfCode(resource.errorCode);
        return resource;
      }),
    };
  });
}

/** A broker's own settings only that broker knows; everything else the controller does. */
function byTarget<R extends { type: ConfigResourceTypes; name: string }>(
  resources: readonly R[],
): Map<Target, R[]> {
  const targets = new Map<Target, R[]>();
  for (const resource of resources) {
    const isOfBroker =
      resource.type === ConfigResourceTypes.BROKER || resource.type === ConfigResourceTypes.BROKER_LOGGER;
    getOrPut(targets, isOfBroker ? Number(resource.name) : 'controller', () => []).push(resource);
  }
  return targets;
}

function checkResources(resources: readonly { type: ConfigResourceTypes; name: string }[]): void {
  check(Array.isArray(resources), `Invalid resources array ${resources}`);
  check(resources.length > 0, 'Resources array cannot be empty');
  for (const resource of resources) {
    check(
      Object.values(ConfigResourceTypes).includes(resource.type),
      `Invalid resource type ${resource.type}: ${JSON.stringify(resource)}`,
    );
    check(
      typeof resource.name === 'string' && resource.name !== '',
      `Invalid resource name ${resource.name}: ${JSON.stringify(resource)}`,
    );
  }
}

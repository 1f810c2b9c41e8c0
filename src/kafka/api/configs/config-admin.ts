import type { Log } from '../../../env/log.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { MetadataCache } from '../../metadata/metadata-cache.ts';
import { topicNameError } from '../../metadata/topic-name.ts';
import { ControllerMovedError } from '../../zk/guarded.ts';
import type { ZkStores } from '../../zk/stores.ts';
import { defaultEntity } from '../../zk/znodes/entity-config.ts';
import { type ApiError, apiError, isApiError, noError } from '../api-error.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import { configSizeError } from '../znode-size.ts';
import {
  type AlterOutcome,
  type ConfigAlteration,
  type ConfigEntry,
  type ConfigRules,
  type DescribeOptions,
  type GivenConfig,
  ResourceType,
} from './config-rules.ts';

export interface Resource {
  resourceType: number;
  resourceName: string;
}

export interface ConfigAdminParts {
  brokerId: number;
  metadata: MetadataCache;
  configs: Pick<ZkStores['configs'], 'get' | 'set' | 'notify'>;
  rules: ConfigRules;
  log: Log;
}

/** Where the overrides of a resource are kept. */
type Target =
  | { type: 'topics'; entity: string }
  | { type: 'brokers'; entity: string; scope: 'broker' | 'default' };

/**
 * Describes and alters configuration (`ConfigHelper`, `ConfigAdminManager` and `ZkAdminManager`, 3.9). Changes are
 * written to ZooKeeper and take effect when their notification comes back, here as on every broker. Alterations
 * are done one at a time, for an incremental one starts from what is there.
 */
export class ConfigAdmin {
  readonly #parts: ConfigAdminParts;
  readonly #alterations = new OneAtATime();

  constructor(parts: ConfigAdminParts) {
    this.#parts = parts;
  }

  async describe(resource: Resource, options: DescribeOptions): Promise<readonly ConfigEntry[] | ApiError> {
    const { rules, metadata, configs, brokerId } = this.#parts;
    const { resourceType, resourceName } = resource;
    if (resourceType === ResourceType.topic) {
      const nameError = topicNameError(resourceName);
      if (nameError !== null) return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, nameError);
      if (metadata.image.topic(resourceName) === undefined) {
        return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, '');
      }
      return rules.describeTopic(await configs.get('topics', resourceName), options);
    }
    if (resourceType !== ResourceType.broker && resourceType !== ResourceType.brokerLogger) {
      return apiError(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${resourceType}`);
    }
    const isLogger = resourceType === ResourceType.brokerLogger;
    if (resourceName === '') {
      if (isLogger) return apiError(ErrorCode.INVALID_REQUEST, 'Broker id must not be empty');
      return rules.describeBrokerDefaults(options);
    }
    const expected = isLogger ? `${brokerId} but` : `${brokerId} or empty string, but`;
    const wrongBroker = brokerError(resourceName, brokerId, 'Broker id', expected);
    if (wrongBroker !== null) return wrongBroker;
    return isLogger ? [] : rules.describeBroker(options);
  }

  /** IncrementalAlterConfigs of one resource. */
  alter(
    resource: Resource,
    alterations: readonly ConfigAlteration[],
    validateOnly: boolean,
  ): Promise<ApiError> {
    return this.#change(resource, validateOnly, async (target) => {
      const { rules, configs } = this.#parts;
      const current = await configs.get(target.type, target.entity);
      const outcome =
        target.type === 'topics'
          ? rules.alterTopic(target.entity, current, alterations)
          : rules.alterBroker(target.scope, current, alterations);
      return { current, outcome };
    });
  }

  /** AlterConfigs of one resource: what is not given goes back to its default. */
  replace(resource: Resource, given: readonly GivenConfig[], validateOnly: boolean): Promise<ApiError> {
    return this.#change(resource, validateOnly, async (target) => {
      const { rules } = this.#parts;
      const outcome =
        target.type === 'topics'
          ? rules.replaceTopic(target.entity, given)
          : rules.replaceBroker(target.scope, given);
      return { current: new Map(), outcome };
    });
  }

  #change(
    resource: Resource,
    validateOnly: boolean,
    decide: (target: Target) => Promise<{ current: ReadonlyMap<string, string>; outcome: AlterOutcome }>,
  ): Promise<ApiError> {
    return this.#alterations.run(async () => {
      const target = this.#target(resource);
      if (isApiError(target)) return target;
      const { current, outcome } = await decide(target);
      if ('errorCode' in outcome) return apiError(outcome.errorCode, outcome.message);
      // What an Apache broker has written there is encrypted, and may stay.
      const secret = Array.from(outcome.configs).find(
        ([name, value]) => this.#parts.rules.isSecret(name) && current.get(name) !== value,
      )?.[0];
      if (target.type === 'brokers' && secret !== undefined) {
        return apiError(
          ErrorCode.INVALID_REQUEST,
          `${secret} would stand in ZooKeeper for all to read: set it in server.properties`,
        );
      }
      const sizeError = configSizeError(outcome.configs);
      if (sizeError !== null) return sizeError;
      return validateOnly ? noError : this.#write(target, outcome.configs);
    });
  }

  async #write(target: Target, values: ReadonlyMap<string, string>): Promise<ApiError> {
    const { configs, log } = this.#parts;
    const { type, entity } = target;
    try {
      await configs.set(type, entity, values);
    } catch (error) {
      if (error instanceof ControllerMovedError) return apiError(ErrorCode.NOT_CONTROLLER, error.message);
      throw error;
    }
    await configs.notify({ type, entity });
    log.info('changed configuration', { type, entity, keys: [...values.keys()] });
    return noError;
  }

  #target({ resourceType, resourceName }: Resource): Target | ApiError {
    const { metadata, brokerId } = this.#parts;
    if (resourceType === ResourceType.topic) {
      if (resourceName === '') {
        return apiError(ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.');
      }
      if (metadata.image.topic(resourceName) === undefined) {
        return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${resourceName}' does not exist.`);
      }
      return { type: 'topics', entity: resourceName };
    }
    if (resourceType !== ResourceType.broker) {
      return apiError(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`);
    }
    if (resourceName === '') return { type: 'brokers', entity: defaultEntity, scope: 'default' };
    const wrongBroker = brokerError(resourceName, brokerId, 'Node id', `${brokerId}, but`);
    return wrongBroker ?? { type: 'brokers', entity: resourceName, scope: 'broker' };
  }
}

/** Only a broker itself knows (and changes) its own configuration. */
function brokerError(name: string, brokerId: number, what: string, expected: string): ApiError | null {
  if (!/^[+-]?\d+$/.test(name)) {
    return apiError(ErrorCode.INVALID_REQUEST, `${what} must be an integer, but it is: ${name}`);
  }
  if (Number(name) === brokerId) return null;
  return apiError(ErrorCode.INVALID_REQUEST, `Unexpected broker id, expected ${expected} received ${name}`);
}

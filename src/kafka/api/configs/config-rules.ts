import type { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { DescribeConfigsResponse } from '../../../wire/kafka/messages/32-describe-configs.ts';
import type { Draft } from '../../../wire/kafka/schema/index.ts';

export type ConfigEntry = Draft<typeof DescribeConfigsResponse>['results'][number]['configs'][number];

export interface GivenConfig {
  readonly name: string;
  readonly value: string | null;
}

export interface ConfigAlteration extends GivenConfig {
  /** 0 set, 1 delete, 2 append, 3 subtract. */
  readonly operation: number;
}

/** The overrides that result, or why there are none. */
export type AlterOutcome =
  | { readonly configs: ReadonlyMap<string, string> }
  | { readonly errorCode: ErrorCode; readonly message: string };

export interface DescribeOptions {
  /** Null or empty for all keys. */
  readonly keys: readonly string[] | null;
  readonly includeSynonyms: boolean;
  readonly includeDocumentation: boolean;
}

/** What the broker knows about configuration keys, given its own configuration as it is now. */
export interface ConfigRules {
  describeTopic(overrides: ReadonlyMap<string, string>, options: DescribeOptions): readonly ConfigEntry[];
  describeBroker(options: DescribeOptions): readonly ConfigEntry[];
  describeBrokerDefaults(options: DescribeOptions): readonly ConfigEntry[];
  alterTopic(
    topic: string,
    current: ReadonlyMap<string, string>,
    alterations: readonly ConfigAlteration[],
  ): AlterOutcome;
  replaceTopic(topic: string, given: readonly GivenConfig[]): AlterOutcome;
  alterBroker(
    scope: 'broker' | 'default',
    current: ReadonlyMap<string, string>,
    alterations: readonly ConfigAlteration[],
  ): AlterOutcome;
  replaceBroker(scope: 'broker' | 'default', given: readonly GivenConfig[]): AlterOutcome;
  /** A key whose value must not stand in the clear in ZooKeeper. */
  isSecret(name: string): boolean;
}

/** Kinds of resources (`org.apache.kafka.common.config.ConfigResource.Type`). */
export const ResourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16 } as const;

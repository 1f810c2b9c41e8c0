import { strict as assert } from 'node:assert';
import { AlterOperation, alterBroker, alterTopic } from '../../src/kafka/server/config/alter-configs.ts';
import {
  type BrokerConfig,
  loadBrokerConfig,
  withDynamicConfig,
} from '../../src/kafka/server/config/broker-config.ts';
import {
  type ConfigEntry,
  ConfigSource,
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
} from '../../src/kafka/server/config/describe-configs.ts';
import { ErrorCode } from '../../src/wire/kafka/errors.ts';
import type { GoldenCase, GoldenCheck } from './check.ts';

type Entries = readonly { readonly name: string }[];

interface Moment {
  readonly plain: Entries;
  readonly over: Entries;
  readonly broker: Entries;
  readonly default: Entries;
}

interface Alteration {
  readonly resource: 'TOPIC' | 'BROKER';
  /** Empty for the defaults of all brokers. */
  readonly name: string;
  readonly operations: readonly {
    readonly operation: string;
    readonly name: string;
    readonly value: string | null;
  }[];
  readonly error: string | null;
  readonly message?: string;
}

interface Session {
  readonly properties: Readonly<Record<string, string>>;
  readonly before: Moment;
  readonly alterations: readonly Alteration[];
  readonly after: Moment;
}

/** A broker's answers to DescribeConfigs before and after a series of IncrementalAlterConfigs. */
export const kafkaDescribeConfigs: GoldenCheck = {
  name: 'Kafka configuration as described and altered',
  matches: (path) => /^kafka\/describe-configs-[^/]*\.json(\.gz)?$/.test(path),
  *cases(file) {
    const session = file.json<Session>();
    const replay = new Replay(session);
    yield* replay.describe('before', session.before);
    for (const alteration of session.alterations) yield replay.alter(alteration);
    yield* replay.describe('after', session.after);
  },
};

/** The overrides that the topic named `over` was created with. */
const TOPIC_OVERRIDES = {
  'retention.ms': '1000',
  'min.cleanable.dirty.ratio': '0.25',
  'flush.messages': '17',
};

const sourceNames = new Map<number, string>([
  [ConfigSource.topic, 'DYNAMIC_TOPIC_CONFIG'],
  [ConfigSource.dynamicBroker, 'DYNAMIC_BROKER_CONFIG'],
  [ConfigSource.dynamicDefaultBroker, 'DYNAMIC_DEFAULT_BROKER_CONFIG'],
  [ConfigSource.staticBroker, 'STATIC_BROKER_CONFIG'],
  [ConfigSource.default, 'DEFAULT_CONFIG'],
]);
const typeNames = [
  'UNKNOWN',
  'BOOLEAN',
  'STRING',
  'INT',
  'SHORT',
  'LONG',
  'DOUBLE',
  'LIST',
  'CLASS',
  'PASSWORD',
];

const errorCodes: Readonly<Record<string, ErrorCode>> = {
  InvalidConfigurationException: ErrorCode.INVALID_CONFIG,
  InvalidRequestException: ErrorCode.INVALID_REQUEST,
};

/** Goes through the session; its cases must run in their order. */
class Replay {
  private readonly initial: BrokerConfig;
  private topic: ReadonlyMap<string, string> = new Map(Object.entries(TOPIC_OVERRIDES));
  private broker: ReadonlyMap<string, string> = new Map();
  private defaults: ReadonlyMap<string, string> = new Map();

  constructor({ properties }: Session) {
    const given = Object.entries(properties).map(([key, value]) => ({ key, value, where: 'golden' }));
    this.initial = loadBrokerConfig(given).config;
  }

  private get config(): BrokerConfig {
    return withDynamicConfig(this.initial, this.defaults, this.broker).config;
  }

  *describe(moment: string, expected: Moment): Iterable<GoldenCase> {
    const options = { keys: null, includeSynonyms: true, includeDocumentation: false };
    yield* entryCases(`${moment} plain topic`, expected.plain, () =>
      describeTopic(this.config, new Map(), options),
    );
    yield* entryCases(`${moment} topic`, expected.over, () =>
      describeTopic(this.config, this.topic, options),
    );
    yield* entryCases(`${moment} broker`, expected.broker, () => describeBroker(this.config, options));
    yield* entryCases(`${moment} defaults`, expected.default, () =>
      describeBrokerDefaults(this.config, options),
    );
  }

  alter(alteration: Alteration): GoldenCase {
    const { resource, name, operations } = alteration;
    const shown = operations.map((op) => `${op.operation} ${op.name}=${op.value}`).join(', ');
    return { label: `${resource} ${name}: ${shown}`, run: () => this.checkAlteration(alteration) };
  }

  private checkAlteration({ resource, name, operations, error, message }: Alteration): void {
    const alterations = operations.map(({ operation, name: key, value }) => ({
      name: key,
      value,
      operation: operationNumber(operation),
    }));
    const outcome =
      resource === 'TOPIC'
        ? alterTopic(this.config, name, this.topic, alterations)
        : name === ''
          ? alterBroker(this.config, 'default', this.defaults, alterations)
          : alterBroker(this.config, 'broker', this.broker, alterations);
    if ('configs' in outcome) {
      assert.equal(error, null, `accepted, but Apache says: ${message}`);
      if (resource === 'TOPIC') this.topic = outcome.configs;
      else if (name === '') this.defaults = outcome.configs;
      else this.broker = outcome.configs;
      return;
    }
    if (error === 'UnknownServerException') {
      // Apache trips over an unknown key in append and subtract; here it is an invalid configuration.
      assert.equal(outcome.errorCode, ErrorCode.INVALID_CONFIG);
      return;
    }
    assert.deepEqual(outcome, { errorCode: errorCodes[error ?? ''], message });
  }
}

function operationNumber(name: string): number {
  const entry = Object.entries(AlterOperation).find(([key]) => key.toUpperCase() === name);
  assert(entry !== undefined, `unknown operation ${name}`);
  return entry[1];
}

/** One case per key, and one for the set of keys. */
function* entryCases(label: string, expected: Entries, describe: () => ConfigEntry[]): Iterable<GoldenCase> {
  yield {
    label: `${label} keys`,
    run: () =>
      assert.deepEqual(
        describe().map(({ name }) => name),
        expected.map(({ name }) => name),
      ),
  };
  let entries: Map<string, unknown> | undefined;
  for (const fact of expected) {
    yield {
      label: `${label} ${fact.name}`,
      run() {
        entries ??= new Map(describe().map((entry) => [entry.name, shape(entry)]));
        assert.deepEqual(entries.get(fact.name), fact);
      },
    };
  }
}

/** An entry as the admin client shows it. */
function shape(entry: ConfigEntry): unknown {
  return {
    name: entry.name,
    value: entry.value,
    source: sourceNames.get(entry.configSource ?? 0),
    sensitive: entry.isSensitive,
    readOnly: entry.readOnly,
    type: typeNames[entry.configType ?? 0],
    synonyms: entry.synonyms?.map(({ name, value, source }) => ({
      name,
      value,
      source: sourceNames.get(source),
    })),
  };
}

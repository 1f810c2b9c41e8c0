import { strict as assert } from 'node:assert';
import type { ConfigDef, ConfigDefs } from '../../src/base/config-keys/config-def.ts';
import { adminDefs } from '../../src/clients/kafka/config/admin-defs.ts';
import { consumerDefs } from '../../src/clients/kafka/config/consumer-defs.ts';
import { producerDefs } from '../../src/clients/kafka/config/producer-defs.ts';
import { brokerDefs } from '../../src/kafka/server/config/broker-defs/index.ts';
import { dynamicOnlyDefs } from '../../src/kafka/server/config/dynamic-keys.ts';
import { topicDefs } from '../../src/kafka/server/config/topic-defs.ts';
import type { GoldenCase, GoldenCheck } from './check.ts';

interface ConfigFact {
  readonly name: string;
  readonly type: string;
  readonly default?: unknown;
  readonly valid?: string;
  readonly importance: string;
  readonly internal?: boolean;
  readonly updateMode?: string;
  readonly brokerSynonymChain?: readonly string[];
}

const tables: Readonly<Record<string, ConfigDefs>> = {
  'kafka/broker-configs.json': brokerDefs,
  'kafka/topic-configs.json': topicDefs,
  'kafka/producer-configs.json': producerDefs,
  'kafka/consumer-configs.json': consumerDefs,
  'kafka/admin-configs.json': adminDefs,
};

/** Keys of brokers, topics and clients: types, defaults, validators, how they can be changed, synonyms. */
export const kafkaConfigs: GoldenCheck = {
  name: 'Kafka configuration keys',
  matches: (path) => Object.hasOwn(tables, path),
  *cases(file) {
    const defs = tables[file.path] ?? {};
    const facts = file.json<ConfigFact[]>();
    yield sameNames(defs, facts);
    for (const fact of facts) yield { label: fact.name, run: () => checkKey(fact, defs[fact.name]) };
  },
};

/** Dynamic keys of brokers that are in no other table. */
export const kafkaBrokerQuotas: GoldenCheck = {
  name: 'Kafka quotas of brokers',
  matches: (path) => path === 'kafka/quota-configs.json',
  *cases(file) {
    const facts = file.json<{ brokerQuotaConfigs: ConfigFact[] }>().brokerQuotaConfigs;
    yield sameNames(dynamicOnlyDefs, facts);
    for (const { name, type, valid } of facts) {
      yield {
        label: name,
        run() {
          assert.equal(dynamicOnlyDefs[name]?.type, type);
          assert.equal(dynamicOnlyDefs[name]?.valid?.text, valid);
        },
      };
    }
  },
};

/** Keys that came with a later patch release than the tables. */
const laterKeys = ['alter.config.policy.kraft.compatibility.enable'];

function sameNames(defs: ConfigDefs, facts: readonly ConfigFact[]): GoldenCase {
  return {
    label: 'these keys and no others',
    run() {
      const expected = facts.map(({ name }) => name);
      const actual = Object.keys(defs).filter((name) => expected.includes(name) || !laterKeys.includes(name));
      assert.deepEqual(actual.sort(), expected.sort());
    },
  };
}

function checkKey(fact: ConfigFact, definition: ConfigDef | undefined): void {
  assert(definition !== undefined, 'unknown key');
  assert.equal(definition.type, fact.type, 'type');
  checkDefault(fact.default, definition);
  // One validator's text is a sentence of Apache's; the others are notations.
  if (fact.valid?.startsWith('The default value') !== true) {
    assert.equal(definition.valid?.text, fact.valid, 'valid');
  }
  assert.equal(definition.importance ?? 'MEDIUM', fact.importance, 'importance');
  assert.equal(definition.internal ?? false, fact.internal ?? false, 'internal');
  if (fact.updateMode !== undefined)
    assert.equal(definition.update ?? 'read-only', fact.updateMode, 'update mode');
  const chain = definition.synonyms?.map(({ name, unitMs = 1 }) => `${name} (1 -> ${unitMs})`);
  assert.deepEqual(chain, fact.brokerSynonymChain, 'synonyms');
}

function checkDefault(expected: unknown, { type, defaultText }: ConfigDef): void {
  if (expected === null || expected === undefined) {
    assert.equal(defaultText, null, 'default');
  } else if (Array.isArray(expected)) {
    assert.equal(defaultText, expected.join(','), 'default');
  } else if (typeof expected === 'number') {
    assert.equal(Number(defaultText), expected, 'default');
    if (type !== 'DOUBLE') assert.match(String(defaultText), /^-?\d+$/, 'an integer has the digits of one');
  } else {
    assert.equal(defaultText, String(expected), 'default');
  }
}

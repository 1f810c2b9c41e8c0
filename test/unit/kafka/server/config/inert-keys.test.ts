import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ConfigDef, camelCase } from '../../../../../src/base/config-keys/config-def.ts';
import { brokerDefs } from '../../../../../src/kafka/server/config/broker-defs/index.ts';
import { topicDefs } from '../../../../../src/kafka/server/config/topic-defs.ts';

const root = new URL('../../../../../../', import.meta.url);

test('docs/kafka-config.md lists the keys without effect', () => {
  const page = readFileSync(new URL('docs/kafka-config.md', root), 'utf8');
  const listed = [...page.matchAll(/^- `([a-zA-Z0-9.]+)`$/gm)].map(([, key]) => key);
  const inert = Object.entries<ConfigDef>(brokerDefs).filter(([, definition]) => definition.inert);
  assert.deepEqual(listed, inert.map(([key]) => key).sort());
});

test('keys that are not listed there are asked for somewhere', () => {
  const folder = new URL('src/kafka/', root);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (path) =>
        path.endsWith('.ts') && !/server\/config\/(broker-defs\/|topic-defs|reconfiguration)/.test(path),
    )
    .map((path) => readFileSync(new URL(path, folder), 'utf8'))
    .join('\n');
  const ofTopics = new Set(
    Object.values<ConfigDef>(topicDefs).flatMap(({ synonyms = [] }) => synonyms.map(({ name }) => name)),
  );
  const unused = Object.entries<ConfigDef>(brokerDefs).filter(
    ([key, { inert }]) =>
      inert !== true &&
      !ofTopics.has(key) &&
      !sources.includes(`'${key}'`) &&
      !new RegExp(`\\b${camelCase(key)}\\b`).test(sources),
  );
  assert.deepEqual(
    unused.map(([key]) => key),
    [],
  );
});

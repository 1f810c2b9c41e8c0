import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brokerDefs } from '../../../../../src/kafka/server/config/broker-defs/index.ts';
import type { ConfigDef } from '../../../../../src/kafka/server/config/config-def.ts';

test('docs/kafka-config.md lists the keys without effect', () => {
  const page = readFileSync(new URL('../../../../../../docs/kafka-config.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^- `([a-zA-Z0-9.]+)`$/gm)].map(([, key]) => key);
  const inert = Object.entries<ConfigDef>(brokerDefs).filter(([, definition]) => definition.inert);
  assert.deepEqual(listed, inert.map(([key]) => key).sort());
});

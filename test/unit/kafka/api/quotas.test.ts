import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { OneAtATime } from '../../../../src/kafka/api/one-at-a-time.ts';
import { ClientQuotaAdmin } from '../../../../src/kafka/api/quotas/client-quota-admin.ts';
import { readFilter } from '../../../../src/kafka/api/quotas/quota-filter.ts';
import { quotaText } from '../../../../src/kafka/api/quotas/quota-keys.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

test('a quota is written as its type wants it, or not at all', () => {
  const cases = [
    ['LONG', 5, '5'],
    ['LONG', 2 ** 63, '9223372036854775807'],
    ['LONG', -(2 ** 63), '-9223372036854775808'],
    ['LONG', 2 ** 64, undefined],
    ['LONG', Number.NaN, undefined],
    ['LONG', Number.POSITIVE_INFINITY, undefined],
    ['INT', 2 ** 31 - 1, '2147483647'],
    ['INT', 2 ** 31, undefined],
    ['DOUBLE', 2e9, '2.0E9'],
    ['DOUBLE', 0.00025, '2.5E-4'],
    ['DOUBLE', Number.NaN, undefined],
  ] as const;
  for (const [type, value, text] of cases) assert.equal(quotaText(type, value), text, `${type} ${value}`);
});

test('a filter that asks for nothing in particular is refused', () => {
  const read = (matchType: number, match: string | null) =>
    readFilter([{ entityType: 'user', matchType, match }], false);
  for (const filter of [read(0, null), read(3, 'alice'), read(-1, null)]) {
    assert('errorCode' in filter);
    assert.equal(filter.errorCode, ErrorCode.INVALID_REQUEST);
  }
});

function admin(stored: Readonly<Record<string, Record<string, string>>>) {
  const env = memoryEnv();
  const written: string[] = [];
  const quotas = new ClientQuotaAdmin({
    configs: {
      get: async (type, entity) => new Map(Object.entries(stored[`${type}/${entity}`] ?? {})),
      entities: async (type) =>
        Object.keys(stored).flatMap((path) =>
          path.startsWith(`${type}/`) ? [path.slice(type.length + 1)] : [],
        ),
      clientsOf: async () => [],
      setOrRemove: async (type, entity) => void written.push(`${type}/${entity}`),
      notify: async () => undefined,
    },
    net: env.net,
    alterations: new OneAtATime(),
    log: env.log,
  });
  return { quotas, written };
}

test('what was written past the brokers and is no number is an error, not a quota', async () => {
  const { quotas } = admin({ 'users/alice': { producer_byte_rate: 'fast' } });
  const filter = { user: undefined, clientId: undefined, ip: undefined, strict: false };
  const found = await quotas.describe(filter);
  assert('errorCode' in found);
  assert.equal(found.errorCode, ErrorCode.UNKNOWN_SERVER_ERROR);
  assert.match(found.errorMessage ?? '', /producer_byte_rate.*fast/);
});

test('nothing has the empty name', async () => {
  const { quotas } = admin({ 'users/': { producer_byte_rate: '1' } });
  const filter = { user: { name: '' }, clientId: undefined, ip: undefined, strict: false };
  assert.deepEqual(await quotas.describe(filter), []);
});

test('fewer than no connections cannot be allowed', async () => {
  const { quotas, written } = admin({});
  const entity = [{ entityType: 'ip', entityName: null }];
  const refused = await quotas.alter(entity, [{ key: 'connection_creation_rate', value: -1 }], false);
  assert.equal(refused.errorCode, ErrorCode.INVALID_REQUEST);
  assert.deepEqual(written, []);
});

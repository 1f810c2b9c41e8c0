import type { Conversation } from '../conversation.ts';
import {
  AlterClientQuotas,
  AlterUserScramCredentials,
  DescribeClientQuotas,
  DescribeUserScramCredentials,
} from '../pairs.ts';
import type { Talk } from '../talk.ts';

/** Names by type; null is the default entity. */
type Entity = Readonly<Record<string, string | null>>;
/** New values by key; null removes. */
type Values = Readonly<Record<string, number | null>>;

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

function parts(entity: Entity) {
  return Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }));
}

function quotaTalk(talk: Talk) {
  const entry = (entity: Entity, values: Values) => ({
    entity: parts(entity),
    ops: Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
  });
  return {
    alter: (step: string, entity: Entity, values: Values, { validateOnly = false, version = 1 } = {}) =>
      talk.ask(step, AlterClientQuotas, version, { entries: [entry(entity, values)], validateOnly }),
    alterAll: (step: string, ...entries: readonly (readonly [Entity, Values])[]) =>
      talk.ask(step, AlterClientQuotas, 1, {
        entries: entries.map((each) => entry(...each)),
        validateOnly: false,
      }),
    describe: (
      step: string,
      components: readonly (readonly [type: string, matchType: number, match?: string])[],
      { strict = false, version = 1 } = {},
    ) =>
      talk.ask(step, DescribeClientQuotas, version, {
        components: components.map(([entityType, matchType, match = null]) => ({
          entityType,
          matchType,
          match,
        })),
        strict,
      }),
  };
}

export const quotas: Conversation = {
  name: 'quotas',
  znodes: true,
  async hold(talk) {
    const { alter, alterAll, describe } = quotaTalk(talk);
    await describe('nothing is there', []);
    for (const version of [0, 1]) {
      await alter(
        `a user, ${version}`,
        { user: 'alice' },
        { producer_byte_rate: 1000 + version },
        { version },
      );
    }
    await alter('a user of odd letters', { user: 'CN=Bob *+~%, O=ä/b' }, { consumer_byte_rate: 7 });
    await alter('the default user', { user: null }, { request_percentage: 12.5 });
    await alter('a user named as the default is', { user: '<default>' }, { request_percentage: 1 });
    await alter(
      'a client',
      { 'client-id': 'app 1' },
      { controller_mutation_rate: 1e-5, producer_byte_rate: 5 },
    );
    await alter('the default client', { 'client-id': null }, { request_percentage: 2e9 });
    await alter('a user with a client', { user: 'alice', 'client-id': 'app 1' }, { consumer_byte_rate: 99 });
    await alter(
      'the same the other way',
      { 'client-id': 'app 2', user: 'carol' },
      { consumer_byte_rate: 98 },
    );
    await alter(
      'a user with the default client',
      { user: 'alice', 'client-id': null },
      { consumer_byte_rate: 1 },
    );
    await alter(
      'the default user with a client',
      { user: null, 'client-id': 'x' },
      { consumer_byte_rate: 2 },
    );
    await alter('both defaults', { user: null, 'client-id': null }, { consumer_byte_rate: 3 });
    await alter('an address', { ip: '127.0.0.1' }, { connection_creation_rate: 10 });
    await alter('the default address', { ip: null }, { connection_creation_rate: 20 });
    await alter('an address of the sixth kind', { ip: '::1' }, { connection_creation_rate: 10 });
    await alter('no address', { ip: 'not an address' }, { connection_creation_rate: 10 });
    await alter('an unknown key', { user: 'alice' }, { nonsense: 1 });
    await alter('removing an unknown key', { user: 'alice' }, { nonsense: null });
    await alter('a key of addresses for a user', { user: 'alice' }, { connection_creation_rate: 1 });
    await alter('a key of users for an address', { ip: '127.0.0.1' }, { producer_byte_rate: 1 });
    await alter('half a byte', { user: 'alice' }, { producer_byte_rate: 0.5 });
    await alter('nearly a whole byte', { user: 'dave' }, { producer_byte_rate: 6.9999999 });
    await alter('a little more than whole', { user: 'dave' }, { consumer_byte_rate: 6.0000001 });
    await alter('a negative rate', { user: 'erin' }, { producer_byte_rate: -5, request_percentage: -0.25 });
    await alter('the largest rate', { user: 'frank' }, { producer_byte_rate: 2 ** 63 });
    await alter('beyond the largest rate', { user: 'frank' }, { producer_byte_rate: 1e30 });
    await alter('no end of a rate', { user: 'frank' }, { producer_byte_rate: Number.POSITIVE_INFINITY });
    await alter(
      'no end of a percentage',
      { user: 'frank' },
      { request_percentage: Number.POSITIVE_INFINITY },
    );
    await alter('an address of too many', { ip: '127.0.0.1' }, { connection_creation_rate: 3e9 });
    await alter('an empty entity', {}, { producer_byte_rate: 1 });
    await alter('an empty user', { user: '' }, { producer_byte_rate: 1 });
    await alter('an empty client', { user: 'alice', 'client-id': '' }, { producer_byte_rate: 1 });
    await alter('an empty address', { ip: '' }, { connection_creation_rate: 1 });
    await alter('a strange type', { group: 'g' }, { producer_byte_rate: 1 });
    await alter('an address with a user', { ip: '127.0.0.1', user: 'alice' }, { producer_byte_rate: 1 });
    await alter('nothing to do', { user: 'grace' }, {});
    const validateOnly = { validateOnly: true };
    await alter('validate', { user: 'heidi' }, { producer_byte_rate: 1 }, validateOnly);
    await alter('validate what is bad', { user: 'heidi' }, { producer_byte_rate: 0.1 }, validateOnly);
    await alterAll(
      'some good and some bad',
      [{ user: 'ivan' }, { producer_byte_rate: 1 }],
      [{ user: 'judy' }, { nonsense: 1 }],
      [{ user: 'ivan' }, { producer_byte_rate: 2 }],
    );
    await alterAll('nothing at all');

    await describe('everything', []);
    await describe('everything, version 0', [], { version: 0 });
    await describe('strictly nothing', [], { strict: true });
    for (const strict of [false, true]) {
      const by = (step: string, ...components: readonly (readonly [string, number, string?])[]) =>
        describe(`${strict ? 'strictly ' : ''}${step}`, components, { strict });
      await by('alice', ['user', EXACT, 'alice']);
      await by('the odd user', ['user', EXACT, 'CN=Bob *+~%, O=ä/b']);
      await by('the user <default>', ['user', EXACT, '<default>']);
      await by('an unknown user', ['user', EXACT, 'nobody']);
      await by('the default user', ['user', DEFAULT]);
      await by('any user', ['user', ANY]);
      await by('a client', ['client-id', EXACT, 'app 1']);
      await by('the default client', ['client-id', DEFAULT]);
      await by('any client', ['client-id', ANY]);
      await by('alice with a client', ['user', EXACT, 'alice'], ['client-id', EXACT, 'app 1']);
      await by('alice with the default client', ['user', EXACT, 'alice'], ['client-id', DEFAULT]);
      await by('alice with any client', ['user', EXACT, 'alice'], ['client-id', ANY]);
      await by('any user with a client', ['client-id', EXACT, 'app 1'], ['user', ANY]);
      await by('any user with any client', ['user', ANY], ['client-id', ANY]);
      await by('both defaults', ['user', DEFAULT], ['client-id', DEFAULT]);
      await by('an address', ['ip', EXACT, '127.0.0.1']);
      await by('an unknown address', ['ip', EXACT, '10.0.0.1']);
      await by('the default address', ['ip', DEFAULT]);
      await by('any address', ['ip', ANY]);
      await by('an address with a user', ['ip', ANY], ['user', ANY]);
      await by('a user twice', ['user', ANY], ['user', EXACT, 'alice']);
      await by('a strange type', ['group', ANY]);
      await by('an empty type', ['', ANY]);
    }

    await alter('removing one of two', { 'client-id': 'app 1' }, { producer_byte_rate: null });
    await alter('removing the other', { 'client-id': 'app 1' }, { controller_mutation_rate: null });
    await alter('removing what is not there', { 'client-id': 'app 9' }, { producer_byte_rate: null });
    await alter('a user without its own', { user: 'alice' }, { producer_byte_rate: null });
    await alter('a client of several', { user: 'alice', 'client-id': 'app 1' }, { consumer_byte_rate: null });
    await alter(
      'the last client of a user',
      { user: 'carol', 'client-id': 'app 2' },
      { consumer_byte_rate: null },
    );
    await alter('an address, removed', { ip: '127.0.0.1' }, { connection_creation_rate: null });
    await alter(
      'removed and set at once',
      { user: 'dave' },
      { producer_byte_rate: null, request_percentage: 3 },
    );
    await describe('what is left', []);
  },
};

export const scramCredentials: Conversation = {
  name: 'scram-credentials',
  znodes: true,
  async hold(talk) {
    const salt = Buffer.from('a little salt');
    const saltedPassword = Buffer.from('0123456789abcdef0123456789abcdef');
    const upsertion = (name: string, mechanism: number, iterations = 4096) => ({
      name,
      mechanism,
      iterations,
      salt,
      saltedPassword,
    });
    type Upsertion = ReturnType<typeof upsertion>;
    const alter = (
      step: string,
      upsertions: Upsertion[],
      deletions: { name: string; mechanism: number }[] = [],
    ) => talk.ask(step, AlterUserScramCredentials, 0, { deletions, upsertions });
    const describe = (step: string, users: string[] | null) =>
      talk.ask(step, DescribeUserScramCredentials, 0, { users: users?.map((name) => ({ name })) ?? null });
    await describe('nobody is there', null);
    await alter('a user', [upsertion('alice', 1)]);
    await alter('another mechanism', [upsertion('alice', 2, 16_384)]);
    await alter('two users', [upsertion('bob', 1, 8192), upsertion('odd name, ä/b', 2)]);
    await alter('too few iterations', [upsertion('carol', 1, 4095)]);
    await alter('too many iterations', [upsertion('carol', 2, 16_385)]);
    await alter('an unknown mechanism', [upsertion('carol', 3)]);
    await alter('mechanism 0', [upsertion('carol', 0)]);
    await alter('an empty name', [upsertion('', 1)]);
    await alter('one good and one bad', [upsertion('dave', 1), upsertion('carol', 1, 1)]);
    await alter('a good and a bad one for one user', [upsertion('erin', 1), upsertion('erin', 2, 1)]);
    await alter('two bad ones for one user', [upsertion('erin', 9), upsertion('erin', 2, 1)]);
    await alter('one twice', [upsertion('frank', 1), upsertion('frank', 1, 5000)]);
    await alter('one set and deleted', [upsertion('alice', 1)], [{ name: 'alice', mechanism: 1 }]);
    await alter('deleting of nobody', [], [{ name: 'nobody', mechanism: 1 }]);
    await alter('deleting what bob has not', [], [{ name: 'bob', mechanism: 2 }]);
    await alter('deleting of an unknown mechanism', [], [{ name: 'bob', mechanism: 7 }]);
    await alter('deleting of the empty name', [], [{ name: '', mechanism: 1 }]);
    await alter('a bad deletion and a good setting', [upsertion('bob', 2)], [{ name: 'bob', mechanism: 9 }]);
    await alter(
      'a deletion in vain and a good setting',
      [upsertion('grace', 2)],
      [{ name: 'grace', mechanism: 1 }],
    );
    await alter('one for the other', [upsertion('bob', 2)], [{ name: 'bob', mechanism: 1 }]);
    await alter('nothing', []);
    await describe('all', null);
    await describe('all, by an empty list', []);
    await describe('alice and bob', ['bob', 'alice']);
    await describe('an odd name', ['odd name, ä/b']);
    await describe('nobody', ['nobody', 'alice']);
    await describe('the empty name', ['', 'alice']);
    await describe('one twice', ['alice', 'bob', 'alice']);
    await describe('the empty name twice', ['', '']);
    const { alter: alterQuota, describe: describeQuotas } = quotaTalk(talk);
    await alterQuota('a quota beside credentials', { user: 'alice' }, { producer_byte_rate: 1000 });
    await describeQuotas('which quotas there are', []);
    await alterQuota(
      'a quota with a client',
      { user: 'dave', 'client-id': 'app' },
      { producer_byte_rate: 1 },
    );
    await alter(
      'deleting',
      [],
      [
        { name: 'alice', mechanism: 1 },
        { name: 'alice', mechanism: 2 },
        { name: 'dave', mechanism: 1 },
        { name: 'bob', mechanism: 2 },
      ],
    );
    await describe('all that is left', null);
    await describe('alice, who has a quota alone', ['alice']);
  },
};

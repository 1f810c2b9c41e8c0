import { strict as assert } from 'node:assert';
import { pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { alterUserScramCredentialsHandler } from '../../../../src/kafka/api/51-alter-user-scram-credentials.ts';
import { OneAtATime } from '../../../../src/kafka/api/one-at-a-time.ts';
import { ScramAdmin } from '../../../../src/kafka/api/scram/scram-admin.ts';
import {
  credentialText,
  iterationsOf,
  scramMechanism,
} from '../../../../src/kafka/api/scram/scram-credential.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { callHandler } from '../../../support/kafka/call-handler.ts';
import { AlterUserScramCredentials } from '../../../support/kafka/pairs.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

test('a credential holds the keys of RFC 5802, and its iterations can be read back', () => {
  // The salt and the password ("pencil") of RFC 7677, section 3.
  const saltedPassword = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256');
  const mechanism = scramMechanism(1);
  assert(mechanism !== undefined);
  const text = credentialText(mechanism, { salt, saltedPassword, iterations: 4096 });
  const storedKey = 'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=';
  const serverKey = 'wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
  assert.equal(
    text,
    `salt=W22ZaJ0SNY7soEsUEjb6gQ==,stored_key=${storedKey},server_key=${serverKey},iterations=4096`,
  );
  assert.equal(iterationsOf(text), 4096);
});

test('what is no credential has no iterations', () => {
  const good = 'salt=YQ==,stored_key=YQ==,server_key=YQ==,iterations=4096';
  assert.equal(iterationsOf(good), 4096);
  for (const bad of [
    '',
    'nonsense',
    `${good},more=1`,
    good.replace('4096', 'many'),
    good.replace('YQ==', '!'),
  ]) {
    assert.equal(iterationsOf(bad), undefined, bad);
  }
});

function admin(stored: Readonly<Record<string, string>>) {
  const { log } = memoryEnv();
  return new ScramAdmin({
    configs: {
      get: async () => new Map(Object.entries(stored)),
      entities: async () => ['alice'],
      setOrRemove: () => assert.fail('nothing may be written'),
      notify: async () => undefined,
    },
    alterations: new OneAtATime(),
    log,
  });
}

test('a damaged credential is an error of its user alone', async () => {
  const [alice] = await admin({ 'SCRAM-SHA-256': 'nonsense' }).describe(null);
  assert.deepEqual([alice?.user, alice?.errorCode], ['alice', ErrorCode.UNKNOWN_SERVER_ERROR]);
});

test('an empty salted password is no credential', async () => {
  const upsertion = { name: 'alice', mechanism: 1, iterations: 4096, salt, saltedPassword: Buffer.alloc(0) };
  const results = await admin({}).alter([], [upsertion]);
  assert.equal(results.get('alice')?.errorCode, ErrorCode.UNACCEPTABLE_CREDENTIAL);
});

test('only the controller alters credentials', async () => {
  const handler = alterUserScramCredentialsHandler({ scram: admin({}), isController: () => false });
  const deletions = [
    { name: 'bob', mechanism: 1 },
    { name: 'alice', mechanism: 1 },
    { name: 'bob', mechanism: 2 },
  ];
  const answer = await callHandler(handler, AlterUserScramCredentials, 0, { deletions, upsertions: [] });
  assert.deepEqual(
    answer?.results.map(({ user, errorCode }) => [user, errorCode]),
    [
      ['alice', ErrorCode.NOT_CONTROLLER],
      ['bob', ErrorCode.NOT_CONTROLLER],
    ],
  );
});

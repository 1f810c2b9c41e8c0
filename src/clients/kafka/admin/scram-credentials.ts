import { pbkdf2Sync } from 'node:crypto';
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from '../../../wire/kafka/messages/50-describe-user-scram-credentials.ts';
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../../../wire/kafka/messages/51-alter-user-scram-credentials.ts';
import { KafkaError, throwIfError } from '../kafka-error.ts';
import { type AdminCall, keyed, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ItemResults, itemResults } from './item-results.ts';

const MECHANISMS = {
  'SCRAM-SHA-256': { code: 1, digest: 'sha256', keyLength: 32 },
  'SCRAM-SHA-512': { code: 2, digest: 'sha512', keyLength: 64 },
} as const;

const SALT_LENGTH = 32;

export type ScramMechanism = keyof typeof MECHANISMS;

export interface ScramCredential {
  /** UNKNOWN is one that this client does not know. */
  readonly mechanism: ScramMechanism | 'UNKNOWN';
  readonly iterations: number;
}

export interface DescribeScramOptions extends CallOptions {
  /** Default: all that have credentials. */
  readonly users?: readonly string[];
}

/** A credential that a user gets, in the place of that of the same mechanism, or loses. */
export type ScramAlteration =
  | {
      readonly user: string;
      readonly mechanism: ScramMechanism;
      readonly password: string | Buffer;
      /** From 4096 to 16384, says the broker. */
      readonly iterations: number;
      /** Default: random. */
      readonly salt?: Buffer;
    }
  | { readonly user: string; readonly mechanism: ScramMechanism; readonly remove: true };

/** @internal */
export function describeScramCredentials(
  call: AdminCall,
  { users }: DescribeScramOptions,
): ItemResults<string, readonly ScramCredential[]> {
  const ask = async (names: readonly string[] | undefined): Promise<Outcomes<string, ScramCredential[]>> => {
    const response = await call.request(
      'any',
      { request: DescribeUserScramCredentialsRequest, response: DescribeUserScramCredentialsResponse },
      { users: names === undefined ? null : names.map((name) => ({ name })) },
    );
    throwIfError(response.errorCode, 'SCRAM credentials', response.errorMessage);
    return new Map(
      response.results.map(({ user, errorCode, errorMessage, credentialInfos }) => [
        user,
        outcomeOf(errorCode, `user ${user}`, errorMessage, () =>
          credentialInfos.map(({ mechanism, iterations }) => ({
            mechanism: mechanismOf(mechanism),
            iterations,
          })),
        ),
      ]),
    );
  };
  if (users === undefined) return itemResults(call.whole(() => ask(undefined)));
  return call.toAny(
    keyed(users, (user) => user),
    (_, open) => ask([...open.keys()]),
  );
}

function mechanismOf(code: number): ScramMechanism | 'UNKNOWN' {
  const names = Object.keys(MECHANISMS) as ScramMechanism[];
  return names.find((name) => MECHANISMS[name].code === code) ?? 'UNKNOWN';
}

/** @internal The password itself does not leave this process: brokers get what SCRAM makes of it. */
export function alterScramCredentials(
  call: AdminCall,
  alterations: readonly ScramAlteration[],
): ItemResults<string, undefined> {
  const users = keyed(
    alterations.map(({ user }) => user),
    (user) => user,
  );
  return call.toController(users, async (target, open) => {
    const { request, refused } = wireAlterations(
      call,
      alterations.filter(({ user }) => open.has(user)),
    );
    const isEmpty = request.deletions.length === 0 && request.upsertions.length === 0;
    if (isEmpty) return refused;
    const { results } = await call.request(
      target,
      { request: AlterUserScramCredentialsRequest, response: AlterUserScramCredentialsResponse },
      request,
    );
    return new Map<string, KafkaError | undefined>([
      ...results.map(({ user, errorCode, errorMessage }): [string, KafkaError | undefined] => [
        user,
        outcomeOf(errorCode, `user ${user}`, errorMessage, () => undefined),
      ]),
      ...refused,
    ]);
  });
}

/** What of the alterations may be sent; a user of whom one cannot be done gets none of them. */
function wireAlterations(call: AdminCall, alterations: readonly ScramAlteration[]) {
  const refused = new Map<string, KafkaError>();
  for (const alteration of alterations) {
    const { user } = alteration;
    if (user === '') refused.set(user, new KafkaError('INVALID_ARGUMENT', 'user is empty: give a name'));
    if ('password' in alteration && alteration.password.length === 0) {
      refused.set(user, new KafkaError('INVALID_ARGUMENT', `the password of ${user} is empty: give one`));
    }
  }
  const allowed = alterations.filter(({ user }) => !refused.has(user));
  const upsertions = allowed.flatMap((alteration) => ('password' in alteration ? [alteration] : []));
  return {
    refused,
    request: {
      deletions: allowed
        .filter((alteration) => !('password' in alteration))
        .map(({ user, mechanism }) => ({ name: user, mechanism: MECHANISMS[mechanism].code })),
      upsertions: upsertions.map(({ user, mechanism, password, iterations, ...given }) => {
        const { code, digest, keyLength } = MECHANISMS[mechanism];
        const salt = given.salt ?? call.cluster.env.random.bytes(SALT_LENGTH);
        // Some milliseconds for each; off this thread they would be time that no clock of `env` knows of.
        const saltedPassword = pbkdf2Sync(password, salt, iterations, keyLength, digest);
        return { name: user, mechanism: code, iterations, salt, saltedPassword };
      }),
    },
  };
}

import type { Log } from '../../../env/log.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { ControllerMovedError } from '../../zk/guarded.ts';
import type { ZkStores } from '../../zk/stores.ts';
import { desanitize, sanitize } from '../../zk/znodes/entity-config.ts';
import { type ApiError, apiError } from '../api-error.ts';
import type { OneAtATime } from '../one-at-a-time.ts';
import {
  credentialText,
  iterationsOf,
  MAX_ITERATIONS,
  MIN_ITERATIONS,
  scramMechanism,
  scramMechanisms,
} from './scram-credential.ts';

export interface ScramDeletion {
  readonly name: string;
  readonly mechanism: number;
}

export interface ScramUpsertion extends ScramDeletion {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly saltedPassword: Buffer;
}

export interface UserCredentials extends ApiError {
  readonly user: string;
  readonly credentialInfos: readonly { readonly mechanism: number; readonly iterations: number }[];
}

export interface ScramAdminParts {
  readonly configs: Pick<ZkStores['configs'], 'get' | 'entities' | 'setOrRemove' | 'notify'>;
  /** Shared by all who change the configuration of users. */
  readonly alterations: OneAtATime;
  readonly log: Log;
}

/** Describes and alters SCRAM credentials in the configuration of users (KIP-554; `ZkAdminManager`, 3.9). */
export class ScramAdmin {
  readonly #parts: ScramAdminParts;

  constructor(parts: ScramAdminParts) {
    this.#parts = parts;
  }

  /** Null or none for all users that have credentials. */
  async describe(users: readonly string[] | null): Promise<UserCredentials[]> {
    if (users === null || users.length === 0) {
      const all = (await this.#parts.configs.entities('users')).map(desanitize).sort();
      const found = await Promise.all(all.map((user) => this.#credentials(user)));
      return found.filter((each) => each !== undefined);
    }
    const described = [...new Set(users)].map(async (user): Promise<UserCredentials> => {
      const refused = (error: ApiError) => ({ user, ...error, credentialInfos: [] });
      if (user === '') return refused(apiError(ErrorCode.RESOURCE_NOT_FOUND, EMPTY_NAME));
      if (users.indexOf(user) !== users.lastIndexOf(user)) {
        return refused(apiError(ErrorCode.DUPLICATE_RESOURCE, `The request names user ${user} twice.`));
      }
      const found = await this.#credentials(user);
      return (
        found ?? refused(apiError(ErrorCode.RESOURCE_NOT_FOUND, `User ${user} has no SCRAM credentials.`))
      );
    });
    return Promise.all(described);
  }

  async #credentials(user: string): Promise<UserCredentials | undefined> {
    const config = await this.#parts.configs.get('users', sanitize(user));
    const credentialInfos: { mechanism: number; iterations: number }[] = [];
    for (const { name, type: mechanism } of scramMechanisms) {
      const text = config.get(name);
      if (text === undefined) continue;
      const iterations = iterationsOf(text);
      if (iterations === undefined) {
        const error = apiError(
          ErrorCode.UNKNOWN_SERVER_ERROR,
          `The ${name} credential in ZooKeeper is damaged.`,
        );
        return { user, ...error, credentialInfos: [] };
      }
      credentialInfos.push({ mechanism, iterations });
    }
    return credentialInfos.length === 0 ? undefined : { user, ...done, credentialInfos };
  }

  /** Applies what is asked for user by user: all that concerns one user, or nothing. Gives the result by user. */
  alter(
    deletions: readonly ScramDeletion[],
    upsertions: readonly ScramUpsertion[],
  ): Promise<Map<string, ApiError>> {
    return this.#parts.alterations.run(async () => {
      const results = new Map<string, ApiError>();
      for (const user of new Set([...deletions, ...upsertions].map(({ name }) => name))) {
        const ofUser = ({ name }: ScramDeletion) => name === user;
        results.set(user, await this.#alterUser(user, deletions.filter(ofUser), upsertions.filter(ofUser)));
      }
      return results;
    });
  }

  async #alterUser(
    user: string,
    deletions: readonly ScramDeletion[],
    upsertions: readonly ScramUpsertion[],
  ): Promise<ApiError> {
    const refused = refusal(user, deletions, upsertions);
    if (refused !== undefined) return refused;
    const { configs, log } = this.#parts;
    const change = { type: 'users', entity: sanitize(user) } as const;
    const config = await configs.get(change.type, change.entity);
    for (const { mechanism } of deletions) {
      const name = scramMechanism(mechanism)?.name ?? '';
      if (!config.delete(name)) {
        return apiError(ErrorCode.RESOURCE_NOT_FOUND, `User ${user} has no ${name} credential to delete.`);
      }
    }
    for (const upsertion of upsertions) {
      const mechanism = scramMechanism(upsertion.mechanism);
      if (mechanism !== undefined) config.set(mechanism.name, credentialText(mechanism, upsertion));
    }
    try {
      await configs.setOrRemove(change.type, change.entity, config);
    } catch (error) {
      if (error instanceof ControllerMovedError) return apiError(ErrorCode.NOT_CONTROLLER, error.message);
      throw error;
    }
    await configs.notify(change);
    log.info('changed SCRAM credentials', { user });
    return done;
  }
}

/** No error, as answers about credentials carry it. */
const done: ApiError = { errorCode: ErrorCode.NONE, errorMessage: '' };

const EMPTY_NAME = 'The name of a user must not be empty.';

/** What is wrong with all that is asked for one user. Where several things are, the last counts, as in Apache. */
function refusal(
  user: string,
  deletions: readonly ScramDeletion[],
  upsertions: readonly ScramUpsertion[],
): ApiError | undefined {
  if (user === '') return apiError(ErrorCode.UNACCEPTABLE_CREDENTIAL, EMPTY_NAME);
  const errors = [...deletions.map(mechanismError), ...upsertions.map(upsertionError)];
  const error = errors.findLast((each) => each !== undefined);
  if (error !== undefined) return error;
  const mechanisms = [...deletions, ...upsertions].map(({ mechanism }) => mechanism);
  if (new Set(mechanisms).size === mechanisms.length) return undefined;
  return apiError(ErrorCode.DUPLICATE_RESOURCE, 'A credential cannot be altered twice in one request.');
}

function mechanismError({ mechanism }: ScramDeletion): ApiError | undefined {
  if (scramMechanism(mechanism) !== undefined) return undefined;
  return apiError(ErrorCode.UNSUPPORTED_SASL_MECHANISM, `There is no SCRAM mechanism ${mechanism}.`);
}

function upsertionError(upsertion: ScramUpsertion): ApiError | undefined {
  const unacceptable = (message: string) => apiError(ErrorCode.UNACCEPTABLE_CREDENTIAL, message);
  const { iterations, saltedPassword } = upsertion;
  const unknown = mechanismError(upsertion);
  if (unknown !== undefined) return unknown;
  if (iterations < MIN_ITERATIONS)
    return unacceptable(`Fewer than ${MIN_ITERATIONS} iterations: ${iterations}`);
  if (iterations > MAX_ITERATIONS)
    return unacceptable(`More than ${MAX_ITERATIONS} iterations: ${iterations}`);
  return saltedPassword.length > 0 ? undefined : unacceptable('The salted password is empty.');
}

import type { Log } from '../../../env/log.ts';
import type { Net } from '../../../env/net.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { ControllerMovedError } from '../../zk/guarded.ts';
import type { ZkStores } from '../../zk/stores.ts';
import { defaultEntity, desanitize, sanitize } from '../../zk/znodes/entity-config.ts';
import { type ApiError, apiError, isApiError, noError } from '../api-error.ts';
import type { OneAtATime } from '../one-at-a-time.ts';
import type { EntityMatch, QuotaFilter } from './quota-filter.ts';
import { clientQuotaKeys, ipQuotaKeys, quotaText } from './quota-keys.ts';

/** One part of what a quota is for; a null name is that of the default entity. */
export interface EntityPart {
  readonly entityType: string;
  readonly entityName: string | null;
}

export interface DescribedQuota {
  readonly entity: readonly EntityPart[];
  readonly values: readonly { readonly key: string; readonly value: number }[];
}

/** Null removes a quota. */
export interface QuotaOp {
  readonly key: string;
  readonly value: number | null;
}

export interface ClientQuotaAdminParts {
  readonly configs: Pick<ZkStores['configs'], 'get' | 'entities' | 'clientsOf' | 'setOrRemove' | 'notify'>;
  readonly net: Pick<Net, 'resolve'>;
  /** Shared by all who change the configuration of users. */
  readonly alterations: OneAtATime;
  readonly log: Log;
}

/** Where quotas of an entity are kept, and which it may have. */
interface Target {
  readonly type: 'users' | 'clients' | 'ips';
  /** Sanitized path below the type. */
  readonly entity: string;
  readonly keys: typeof clientQuotaKeys;
}

/** Describes and alters quotas in ZooKeeper (KIP-546; `ZkAdminManager`, 3.9). */
export class ClientQuotaAdmin {
  readonly #parts: ClientQuotaAdminParts;

  constructor(parts: ClientQuotaAdminParts) {
    this.#parts = parts;
  }

  /** The quotas of all entities that match. */
  async describe({ user, clientId, ip, strict }: QuotaFilter): Promise<DescribedQuota[] | ApiError> {
    const isLeftOut = (match: EntityMatch | undefined) => strict && match === undefined;
    const lookups: Promise<DescribedQuota[]>[] = [];
    if (ip === undefined) {
      if (clientId === undefined && !isLeftOut(user)) lookups.push(this.#single('users', 'user', user));
      if (user === undefined && !isLeftOut(clientId)) {
        lookups.push(this.#single('clients', 'client-id', clientId));
      }
      if (!isLeftOut(user) && !isLeftOut(clientId)) lookups.push(this.#pairs(user, clientId));
    }
    if (user === undefined && clientId === undefined && !isLeftOut(ip)) {
      lookups.push(this.#single('ips', 'ip', ip));
    }
    try {
      return (await Promise.all(lookups)).flat();
    } catch (error) {
      if (error instanceof BadQuotaError) return apiError(ErrorCode.UNKNOWN_SERVER_ERROR, error.message);
      throw error;
    }
  }

  async #single(
    type: 'users' | 'clients' | 'ips',
    entityType: string,
    match: EntityMatch | undefined,
  ): Promise<DescribedQuota[]> {
    const names = await this.#names(match, () => this.#parts.configs.entities(type));
    const keys = type === 'ips' ? ipQuotaKeys : clientQuotaKeys;
    const found = names.map((name) =>
      this.#read({ type, entity: name, keys }, [{ entityType, entityName: nameOf(name) }]),
    );
    return (await Promise.all(found)).flat();
  }

  async #pairs(
    userMatch: EntityMatch | undefined,
    clientMatch: EntityMatch | undefined,
  ): Promise<DescribedQuota[]> {
    const { configs } = this.#parts;
    const users = await this.#names(userMatch, () => configs.entities('users'));
    const found = users.map(async (user) => {
      const clients = await this.#names(clientMatch, () => configs.clientsOf(user));
      const pairs = clients.map((client) =>
        this.#read({ type: 'users', entity: `${user}/clients/${client}`, keys: clientQuotaKeys }, [
          { entityType: 'user', entityName: nameOf(user) },
          { entityType: 'client-id', entityName: nameOf(client) },
        ]),
      );
      return (await Promise.all(pairs)).flat();
    });
    return (await Promise.all(found)).flat();
  }

  /** Sanitized names that match. Nothing has the empty name. */
  async #names(match: EntityMatch | undefined, all: () => Promise<string[]>): Promise<string[]> {
    if (match === undefined || match === 'any') return all();
    return match.name === '' ? [] : [pathName(match.name)];
  }

  async #read({ type, entity, keys }: Target, parts: EntityPart[]): Promise<DescribedQuota[]> {
    const config = await this.#parts.configs.get(type, entity);
    const values = [...config].filter(([key]) => keys.has(key));
    if (values.length === 0) return [];
    return [{ entity: parts, values: values.map(([key, text]) => ({ key, value: readQuota(key, text) })) }];
  }

  /** Sets and removes quotas of one entity. */
  alter(parts: readonly EntityPart[], ops: readonly QuotaOp[], validateOnly: boolean): Promise<ApiError> {
    return this.#parts.alterations.run(async () => {
      const target = await this.#target(parts);
      if (isApiError(target)) return target;
      const config = await this.#parts.configs.get(target.type, target.entity);
      for (const { key, value } of ops) {
        const text = value === null ? null : checkedText(target, key, value);
        if (text === null) config.delete(key);
        else if (typeof text === 'string') config.set(key, text);
        else return text;
      }
      return validateOnly ? noError : this.#write(target, config);
    });
  }

  async #write({ type, entity }: Target, config: ReadonlyMap<string, string>): Promise<ApiError> {
    const { configs, log } = this.#parts;
    try {
      await configs.setOrRemove(type, entity, config);
    } catch (error) {
      if (error instanceof ControllerMovedError) return apiError(ErrorCode.NOT_CONTROLLER, error.message);
      throw error;
    }
    await configs.notify({ type, entity });
    log.info('changed quotas', { type, entity, keys: [...config.keys()] });
    return noError;
  }

  async #target(parts: readonly EntityPart[]): Promise<Target | ApiError> {
    const invalid = (message: string) => apiError(ErrorCode.INVALID_REQUEST, message);
    const names = new Map(parts.map(({ entityType, entityName }) => [entityType, entityName]));
    for (const [type, name] of names) {
      if (!['user', 'client-id', 'ip'].includes(type)) return invalid(`Unknown entity type: ${type}`);
      if (name === '') return invalid(`The empty ${type} cannot have quotas.`);
    }
    const [user, clientId, ip] = ['user', 'client-id', 'ip'].map((type) => {
      const name = names.get(type);
      return name === undefined ? undefined : pathName(name);
    });
    if (ip !== undefined) {
      if (names.size > 1) return invalid('An ip cannot have quotas together with user or client-id.');
      if (!(await this.#isAddress(ip)))
        return invalid(`${ip} is no address, and no host of that name is known.`);
      return { type: 'ips', entity: ip, keys: ipQuotaKeys };
    }
    if (user !== undefined && clientId !== undefined) {
      return { type: 'users', entity: `${user}/clients/${clientId}`, keys: clientQuotaKeys };
    }
    if (user !== undefined) return { type: 'users', entity: user, keys: clientQuotaKeys };
    if (clientId !== undefined) return { type: 'clients', entity: clientId, keys: clientQuotaKeys };
    return invalid('The entity is empty.');
  }

  /** Apache too takes the name as it stands in the path, so that IPv6 addresses are none. */
  async #isAddress(ip: string): Promise<boolean> {
    if (ip === defaultEntity) return true;
    try {
      return (await this.#parts.net.resolve(ip)).length > 0;
    } catch {
      return false;
    }
  }
}

/** A quota in ZooKeeper is no number, which only happens when it was written past the brokers. */
class BadQuotaError extends Error {
  override name = 'BadQuotaError';
}

function readQuota(key: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) {
    throw new BadQuotaError(`The quota ${key} in ZooKeeper is no number: ${text}`);
  }
  return value;
}

function checkedText({ type, keys }: Target, key: string, value: number): string | ApiError {
  const quotaType = keys.get(key);
  if (quotaType === undefined) {
    return apiError(ErrorCode.INVALID_REQUEST, `Invalid configuration key ${key}`);
  }
  const text = quotaText(quotaType, value);
  if (text === undefined) {
    return apiError(ErrorCode.INVALID_REQUEST, `Configuration ${key} must be a ${quotaType} value`);
  }
  // Apache's answer to this is UNKNOWN_SERVER_ERROR.
  if (type === 'ips' && value < 0) {
    return apiError(ErrorCode.INVALID_REQUEST, `Configuration ${key} must be at least 0`);
  }
  return text;
}

function pathName(name: string | null): string {
  return name === null ? defaultEntity : sanitize(name);
}

function nameOf(pathName: string): string | null {
  return pathName === defaultEntity ? null : desanitize(pathName);
}

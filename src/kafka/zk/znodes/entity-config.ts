import { propertiesOrder } from '../hash-order.ts';
import { encodeJson, members, ZnodeObject } from '../json.ts';

export const configPath = '/config';

/** The kinds of entities that have dynamic configuration, in the order in which Kafka creates their parents. */
export const configEntityTypes = ['topics', 'clients', 'users', 'brokers', 'ips'] as const;
export type ConfigEntityType = (typeof configEntityTypes)[number];

/** Name of the entity that stands for all entities without a configuration of their own. */
export const defaultEntity = '<default>';

export function configTypePath(type: ConfigEntityType): string {
  return `${configPath}/${type}`;
}

/** `entity` is the sanitized path below the type: `T`, `1`, `<default>`, `alice/clients/app%201`. */
export function entityConfigPath(type: ConfigEntityType, entity: string): string {
  return `${configTypePath(type)}/${entity}`;
}

/** Parent of the configurations of a user, whose name is sanitized, together with a client. */
export function clientsPath(user: string): string {
  return `${entityConfigPath('users', user)}/clients`;
}

/** `/config/TYPE/ENTITY`, version 1. */
export function encodeEntityConfig(config: ReadonlyMap<string, string>): Buffer {
  return encodeJson(
    members([
      ['version', 1],
      ['config', members(propertiesOrder(config.keys()).map((key) => [key, config.get(key) ?? '']))],
    ]),
  );
}

/** A node without data, or without `config`, is an empty configuration. */
export function decodeEntityConfig(path: string, data: Buffer | null): Map<string, string> {
  if (data === null) return new Map();
  return ZnodeObject.parse(path, data).optionalObject('config')?.textMembers() ?? new Map();
}

/**
 * Makes a user or client name safe for a path: `java.net.URLEncoder` with `+` and `*` put right
 * (`org.apache.kafka.common.utils.Sanitizer`).
 */
export function sanitize(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /[!'()*~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What is no encoded name, which only other tools write, stands for itself. */
export function desanitize(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}

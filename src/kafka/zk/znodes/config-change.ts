import { MalformedError } from '../../../base/malformed-error.ts';
import { encodeJson, members, ZnodeObject } from '../json.ts';
import { type ConfigEntityType, configEntityTypes, configPath } from './entity-config.ts';

/** `/config/changes`: a sequential child for each change of an entity's configuration. */
export const configChangesPath = `${configPath}/changes`;
export const configChangePrefix = 'config_change_';

export function configChangePath(sequenceNode = configChangePrefix): string {
  return `${configChangesPath}/${sequenceNode}`;
}

export interface ConfigChange {
  type: ConfigEntityType;
  /** Sanitized path below the type, as in {@link entityConfigPath}. */
  entity: string;
}

/** `/config/changes/config_change_N`, version 2. */
export function encodeConfigChange(change: ConfigChange): Buffer {
  return encodeJson(
    members([
      ['version', 2],
      ['entity_path', `${change.type}/${change.entity}`],
    ]),
  );
}

/** Versions 1 (entity type and name) and 2 (path). */
export function decodeConfigChange(path: string, data: Buffer | null): ConfigChange {
  const json = ZnodeObject.parse(path, data);
  const version = json.integer('version');
  if (version === 1) return change(path, json.string('entity_type'), json.string('entity_name'));
  if (version !== 2) throw new MalformedError(`znode ${path}: unsupported version ${version}`);
  const entityPath = json.string('entity_path');
  const slash = entityPath.indexOf('/');
  return change(path, entityPath.slice(0, Math.max(slash, 0)), entityPath.slice(slash + 1));
}

function change(path: string, typeName: string, entity: string): ConfigChange {
  const type = configEntityTypes.find((known) => known === typeName);
  if (type === undefined || entity === '') {
    throw new MalformedError(`znode ${path} names no entity of ${configEntityTypes.join(', ')}`);
  }
  return { type, entity };
}

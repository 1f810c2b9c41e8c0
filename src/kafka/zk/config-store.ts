import { ControllerMovedError, checkedWrite, guardedWrite } from './guarded.ts';
import { createRecursive, ensurePath } from './paths.ts';
import { isZooKeeperError, type Watch } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import {
  type ConfigChange,
  configChangePath,
  configChangePrefix,
  configChangesPath,
  decodeConfigChange,
  encodeConfigChange,
} from './znodes/config-change.ts';
import { controllerPath, decodeController } from './znodes/controller.ts';
import {
  type ConfigEntityType,
  clientsPath,
  configTypePath,
  decodeEntityConfig,
  encodeEntityConfig,
  entityConfigPath,
} from './znodes/entity-config.ts';

/** Dynamic configuration of topics, brokers, users, clients and addresses, and the news of its changes. */
export class ConfigStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  /** Empty for an entity without configuration. */
  async get(type: ConfigEntityType, entity: string): Promise<Map<string, string>> {
    const path = entityConfigPath(type, entity);
    try {
      return decodeEntityConfig(path, (await this.#zk.run((session) => session.getData(path))).data);
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return new Map();
      throw error;
    }
  }

  /** Names of the entities of a type that have configuration, as they are in the path. */
  entities(type: ConfigEntityType): Promise<string[]> {
    return this.#children(configTypePath(type));
  }

  /** Names of the clients that have configuration together with a user, all as they are in the path. */
  clientsOf(user: string): Promise<string[]> {
    return this.#children(clientsPath(user));
  }

  async #children(path: string): Promise<string[]> {
    try {
      return await this.#zk.run((session) => session.getChildren(path));
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return [];
      throw error;
    }
  }

  /**
   * Replaces the configuration of an entity, only while the controller that stood at the start still stands
   * (`KafkaZkClient.setOrCreateEntityConfigs`). Does not tell anyone: {@link ConfigStore.notify} does.
   */
  async set(type: ConfigEntityType, entity: string, config: ReadonlyMap<string, string>): Promise<void> {
    const path = entityConfigPath(type, entity);
    const data = encodeEntityConfig(config);
    const version = await this.#controllerVersion(path);
    const replace = () =>
      checkedWrite(
        this.#zk,
        { op: 'check', path: controllerPath, version },
        { op: 'setData', path, data, version: -1 },
      );
    try {
      await replace();
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      try {
        await createRecursive(this.#zk, path, data);
      } catch (raced) {
        if (!isZooKeeperError(raced, 'NODEEXISTS')) throw raced;
        await replace();
      }
    }
  }

  /**
   * As {@link ConfigStore.set}, for users, clients and addresses: nodes that then say nothing are removed, a user's with
   * them that was there for its client alone (`AdminZkClient.tryCleanQuotaNodes`).
   */
  async setOrRemove(
    type: 'users' | 'clients' | 'ips',
    entity: string,
    config: ReadonlyMap<string, string>,
  ): Promise<void> {
    const path = entityConfigPath(type, entity);
    if (config.size > 0 || (await this.#children(path)).length > 0) return this.set(type, entity, config);
    const [user = '', , client] = entity.split('/');
    await this.#remove(path);
    if (client === undefined || !(await this.#remove(clientsPath(user)))) return;
    if ((await this.get('users', user)).size === 0) await this.#remove(entityConfigPath('users', user));
  }

  /** Whether the node is gone; it stays when something is below it. */
  async #remove(path: string): Promise<boolean> {
    try {
      await this.#zk.run((session) => session.delete(path, -1));
      return true;
    } catch (error) {
      if (isZooKeeperError(error, 'NOTEMPTY')) return false;
      if (isZooKeeperError(error, 'NONODE')) return true;
      throw error;
    }
  }

  /** Tells all brokers that the configuration of an entity has changed. */
  async notify(change: ConfigChange): Promise<void> {
    await ensurePath(this.#zk, configChangesPath);
    await this.#zk.run((session) =>
      session.create(configChangePath(), encodeConfigChange(change), 'persistentSequential'),
    );
  }

  /** Removes the configuration of a topic that is being deleted, for the controller of an epoch. */
  async deleteTopicConfig(topic: string, epochZkVersion: number): Promise<void> {
    try {
      const path = entityConfigPath('topics', topic);
      await guardedWrite(this.#zk, epochZkVersion, { op: 'delete', path, version: -1 });
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
    }
  }

  /** Notifications that stand, by name of their node, in order. The watch waits for more. */
  async changeNodes(watch?: Watch): Promise<{ node: string; sequence: number }[]> {
    const names = await this.#zk.run((session) => session.getChildren(configChangesPath, watch));
    return names
      .map((node) => ({ node, sequence: Number(node.slice(configChangePrefix.length)) }))
      .filter(({ node, sequence }) => node.startsWith(configChangePrefix) && Number.isSafeInteger(sequence))
      .sort((left, right) => left.sequence - right.sequence);
  }

  /** Null when the notification has been cleaned up. */
  async change(node: string): Promise<{ change: ConfigChange; createdMs: number } | null> {
    const path = configChangePath(node);
    try {
      const { data, stat } = await this.#zk.run((session) => session.getData(path));
      return { change: decodeConfigChange(path, data), createdMs: stat.ctimeMs };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  async removeChange(node: string): Promise<void> {
    await this.#remove(configChangePath(node));
  }

  async #controllerVersion(path: string): Promise<number> {
    try {
      const node = await this.#zk.run((session) => session.getData(controllerPath));
      if (decodeController(node.data).kraftControllerEpoch > 0) {
        throw new ControllerMovedError(`cannot write ${path}: a KRaft controller has taken over`);
      }
      return node.stat.version;
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      throw new ControllerMovedError(`cannot write ${path} while there is no controller`);
    }
  }
}

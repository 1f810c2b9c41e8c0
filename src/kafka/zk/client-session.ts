import { ZooKeeperClient } from '../../clients/zookeeper/zookeeper-client.ts';
import type { Env } from '../../env/env.ts';
import {
  type CreateMode,
  isZooKeeperError,
  type OpenSession,
  type Watch,
  type Znode,
  type ZnodeStat,
  type ZooKeeperOp,
  type ZooKeeperOpResult,
  type ZooKeeperSession,
} from './port.ts';

export interface ZooKeeperOptions {
  /** `zookeeper.connect`: hosts, and a chroot if there is one. */
  connectString: string;
  sessionTimeoutMs: number;
  /** `zookeeper.connection.timeout.ms`. */
  connectTimeoutMs: number;
  /** Told of every session that was opened, so that it can be ended after a crash. */
  opened?: (session: { id: bigint; password: Buffer }) => void;
}

/** Sessions of the real client. */
export function clientSessions(env: Env, options: ZooKeeperOptions): OpenSession {
  return async (listener) => {
    let established = false;
    const client = await ZooKeeperClient.connect(env, {
      connectString: options.connectString,
      sessionTimeoutMs: options.sessionTimeoutMs,
      connectTimeoutMs: options.connectTimeoutMs,
      onEvent: (event) => {
        if (event === 'disconnected') listener.disconnected();
        if (event === 'expired') listener.expired();
        if (event === 'connected' && established) listener.reconnected();
        if (event === 'connected') established = true;
      },
    });
    options.opened?.({ id: client.sessionId, password: client.sessionPassword });
    return new ClientSession(client);
  };
}

/** Creates the chroot of a connect string, which ZooKeeper wants to exist. */
export async function ensureChroot(env: Env, options: ZooKeeperOptions): Promise<void> {
  const slash = options.connectString.indexOf('/');
  const chroot = slash < 0 ? '' : options.connectString.slice(slash).replace(/\/+$/, '');
  if (chroot === '') return;
  const client = await ZooKeeperClient.connect(env, {
    connectString: options.connectString.slice(0, slash),
    sessionTimeoutMs: options.sessionTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs,
  });
  try {
    const names = chroot.slice(1).split('/');
    for (const [index] of names.entries()) {
      const path = `/${names.slice(0, index + 1).join('/')}`;
      try {
        await client.create(path);
      } catch (error) {
        if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
      }
    }
  } finally {
    await client.close();
  }
}

/**
 * Ends a session that an earlier process left, so that its ephemeral nodes go at once. Silent when it has expired
 * by itself. Only for a session whose owner is certainly gone.
 */
export async function endSession(
  env: Env,
  options: ZooKeeperOptions,
  session: { id: bigint; password: Buffer },
): Promise<void> {
  try {
    const client = await ZooKeeperClient.connect(env, {
      connectString: options.connectString,
      sessionTimeoutMs: options.sessionTimeoutMs,
      connectTimeoutMs: options.connectTimeoutMs,
      session,
    });
    await client.close();
  } catch (error) {
    if (!isZooKeeperError(error, 'SESSIONEXPIRED')) throw error;
  }
}

class ClientSession implements ZooKeeperSession {
  readonly #client: ZooKeeperClient;

  constructor(client: ZooKeeperClient) {
    this.#client = client;
  }

  get sessionId(): bigint {
    return this.#client.sessionId;
  }

  create(path: string, data: Buffer | null, mode: CreateMode): Promise<string> {
    return this.#client.create(path, data, { mode });
  }

  delete(path: string, version: number): Promise<void> {
    return this.#client.delete(path, version);
  }

  async setData(path: string, data: Buffer | null, version: number): Promise<ZnodeStat> {
    return toStat(await this.#client.setData(path, data, version));
  }

  async getData(path: string, watch?: Watch): Promise<Znode> {
    const { data, stat } = await this.#client.getData(path, onChange(watch));
    return { data, stat: toStat(stat) };
  }

  async exists(path: string, watch?: Watch): Promise<ZnodeStat | null> {
    const stat = await this.#client.exists(path, onChange(watch));
    return stat === null ? null : toStat(stat);
  }

  getChildren(path: string, watch?: Watch): Promise<string[]> {
    return this.#client.getChildren(path, onChange(watch));
  }

  async multi(ops: readonly ZooKeeperOp[]): Promise<ZooKeeperOpResult[]> {
    const results = await this.#client.multi(ops);
    return results.map((result) => ({
      ...('path' in result ? { path: result.path } : {}),
      ...('stat' in result && result.stat !== undefined ? { stat: toStat(result.stat) } : {}),
    }));
  }

  connected(): Promise<void> {
    return this.#client.connected();
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

type ClientWatch = NonNullable<Parameters<ZooKeeperClient['getData']>[1]>;

/** A change wakes the watch; the end of the session does not, for its owner hears of that another way. */
function onChange(watch: Watch | undefined): ClientWatch | undefined {
  if (watch === undefined) return undefined;
  return ({ type }) => {
    if (type.startsWith('node')) watch();
  };
}

function toStat(stat: Omit<ZnodeStat, 'ctimeMs'> & { ctime: number }): ZnodeStat {
  const { czxid, mzxid, version, ctime, ephemeralOwner } = stat;
  return { czxid, mzxid, version, ctimeMs: ctime, ephemeralOwner };
}

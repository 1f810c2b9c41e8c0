import type { MultiOperation } from '../../clients/zookeeper/multi-operations.ts';
import { ZooKeeperClient } from '../../clients/zookeeper/zookeeper-client.ts';
import { ZooKeeperError as ClientError } from '../../clients/zookeeper/zookeeper-error.ts';
import type { Env } from '../../env/env.ts';
import type { Stat } from '../../wire/zookeeper/data.ts';
import {
  type OpenSession,
  type Watch,
  type ZnodeStat,
  ZooKeeperError,
  type ZooKeeperOp,
  type ZooKeeperSession,
} from '../zk/port.ts';

export interface ZooKeeperSessionOptions {
  /** `zookeeper.connect`, with its chroot. */
  readonly connectString: string;
  /** `zookeeper.session.timeout.ms` */
  readonly sessionTimeoutMs: number;
  /** `zookeeper.connection.timeout.ms` */
  readonly connectTimeoutMs: number;
}

/** Sessions of our own ZooKeeper client, in the shape that the broker's stores ask for. */
export function zooKeeperSessions(env: Env, options: ZooKeeperSessionOptions): OpenSession {
  return async (listener) => {
    let connectedBefore = false;
    const client = await translated(() =>
      ZooKeeperClient.connect(env, {
        ...options,
        onEvent(event) {
          if (event === 'disconnected') listener.disconnected();
          else if (event === 'expired') listener.expired();
          else if (event === 'connected') {
            if (connectedBefore) listener.reconnected();
            connectedBefore = true;
          }
        },
      }),
    );
    return new ClientSession(client);
  };
}

class ClientSession implements ZooKeeperSession {
  private readonly client: ZooKeeperClient;

  constructor(client: ZooKeeperClient) {
    this.client = client;
  }

  get sessionId(): bigint {
    return this.client.sessionId;
  }

  create(...[path, data, mode]: Parameters<ZooKeeperSession['create']>): Promise<string> {
    return translated(() => this.client.create(path, data, { mode }));
  }

  delete(path: string, version: number): Promise<void> {
    return translated(() => this.client.delete(path, version));
  }

  setData(path: string, data: Buffer | null, version: number): Promise<ZnodeStat> {
    return translated(async () => toStat(await this.client.setData(path, data, version)));
  }

  getData(path: string, watch?: Watch): ReturnType<ZooKeeperSession['getData']> {
    return translated(async () => {
      const { data, stat } = await this.client.getData(path, onChange(watch));
      return { data, stat: toStat(stat) };
    });
  }

  exists(path: string, watch?: Watch): Promise<ZnodeStat | null> {
    return translated(async () => {
      const stat = await this.client.exists(path, onChange(watch));
      return stat === null ? null : toStat(stat);
    });
  }

  getChildren(path: string, watch?: Watch): Promise<string[]> {
    return translated(() => this.client.getChildren(path, onChange(watch)));
  }

  multi(ops: readonly ZooKeeperOp[]): ReturnType<ZooKeeperSession['multi']> {
    return translated(async () => {
      const operations: MultiOperation[] = [...ops];
      const results = await this.client.multi(operations);
      return results.map((result) => ({
        ...('path' in result ? { path: result.path } : {}),
        ...('stat' in result && result.stat !== undefined ? { stat: toStat(result.stat) } : {}),
      }));
    });
  }

  connected(): Promise<void> {
    return translated(() => this.client.connected());
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function onChange(watch: Watch | undefined): (() => void) | undefined {
  return watch === undefined ? undefined : () => watch();
}

function toStat(stat: Stat): ZnodeStat {
  return {
    czxid: stat.czxid,
    version: stat.version,
    ctimeMs: stat.ctime,
    ephemeralOwner: stat.ephemeralOwner,
  };
}

/** Gives the client's errors the type that the stores know. */
async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const translation = new ZooKeeperError(error.code, error.path, error.opIndex ?? null);
    translation.cause = error;
    throw translation;
  }
}

import type { Env } from '../../../env/env.ts';
import { ZooKeeperClient } from '../../zookeeper/zookeeper-client.ts';

/** How a client that lives by ZooKeeper reaches it. Names in brackets are those of 0.8. */
export interface ClassicSessionOptions {
  /** `host:port,host:port/chroot`. (`zookeeper.connect`) */
  readonly zookeeperConnect: string;
  /** After so long without a sign of life its nodes are deleted. Default 6 s. (`zookeeper.session.timeout.ms`) */
  readonly zookeeperSessionTimeoutMs?: number;
  /** How long the first connection may take. Default: the session timeout. (`zookeeper.connection.timeout.ms`) */
  readonly zookeeperConnectionTimeoutMs?: number;
}

const DEFAULT_SESSION_TIMEOUT_MS = 6000;

/** Opens a session, and says once when it has expired. */
export function openClassicSession(
  env: Env,
  options: ClassicSessionOptions,
  onExpired: () => void,
): Promise<ZooKeeperClient> {
  const { zookeeperConnect, zookeeperSessionTimeoutMs = DEFAULT_SESSION_TIMEOUT_MS } = options;
  return ZooKeeperClient.connect(env, {
    connectString: zookeeperConnect,
    sessionTimeoutMs: zookeeperSessionTimeoutMs,
    connectTimeoutMs: options.zookeeperConnectionTimeoutMs ?? zookeeperSessionTimeoutMs,
    onEvent: (event) => {
      if (event === 'expired') onExpired();
    },
  });
}

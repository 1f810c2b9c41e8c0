import { ConfigError } from '../../base/config-keys/config-error.ts';
import type { Env } from '../../env/env.ts';
import { clientSessions, endSession, ensureChroot } from '../zk/client-session.ts';
import type { OpenSession } from '../zk/port.ts';
import { SessionFile } from '../zk/session-file.ts';
import { ZkConnection } from '../zk/zk-connection.ts';
import type { BrokerConfig } from './config/broker-config.ts';

/** The broker's way to ZooKeeper. */
export interface ZooKeeperLink {
  readonly connection: ZkConnection;
  /** Ends the session in good order. */
  close(): Promise<void>;
}

/** Opens sessions that someone else provides. */
export async function linkTo(env: Env, open: OpenSession): Promise<ZooKeeperLink> {
  const connection = await ZkConnection.open(env, open);
  return { connection, close: () => connection.close() };
}

/**
 * Connects as `zookeeper.connect` says. A session that this broker's earlier life left in `logDir`, which this
 * process has locked, is ended first: its registration would be in the way until it runs out.
 */
export async function connectZooKeeper(
  env: Env,
  config: BrokerConfig,
  logDir: string,
): Promise<ZooKeeperLink> {
  const { zookeeperConnect: connectString, zookeeperSessionTimeoutMs, zookeeperConnectionTimeoutMs } = config;
  if (connectString === null) {
    throw new ConfigError(
      'zookeeper.connect is not set: give it host:port of a ZooKeeper server',
      'zookeeper.connect',
    );
  }
  const options = {
    connectString,
    sessionTimeoutMs: zookeeperSessionTimeoutMs,
    connectTimeoutMs: zookeeperConnectionTimeoutMs ?? zookeeperSessionTimeoutMs,
  };
  await ensureChroot(env, options);
  const file = new SessionFile(env.disk, logDir);
  const left = file.read();
  if (left !== null && left.connectString === connectString) await endSession(env, options, left);
  const connection = await ZkConnection.open(
    env,
    clientSessions(env, { ...options, opened: (session) => file.write({ ...session, connectString }) }),
  );
  return {
    connection,
    async close() {
      await connection.close();
      file.remove();
    },
  };
}

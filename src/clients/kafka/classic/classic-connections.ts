import type { Env } from '../../../env/env.ts';
import { BrokerPool } from '../cluster/broker-pool.ts';

/** Connections to brokers whose addresses ZooKeeper tells. */
export function classicConnections(
  env: Env,
  options: { readonly clientId: string; readonly requestTimeoutMs: number },
): BrokerPool {
  return new BrokerPool(env, {
    ...options,
    connectTimeoutMs: 10_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
    connectionsMaxIdleMs: 540_000,
  });
}

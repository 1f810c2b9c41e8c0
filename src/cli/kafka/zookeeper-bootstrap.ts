import { BrokerRegistry } from '../../clients/kafka/classic/broker-registry.ts';
import { openClassicSession } from '../../clients/kafka/classic/classic-session.ts';
import type { Env } from '../../env/env.ts';
import { CliError } from '../failure.ts';

/** The brokers that are registered at an ensemble, `host:port/chroot`, as a list for `bootstrap.servers`. */
export async function bootstrapFromZooKeeper(env: Env, zookeeperConnect: string): Promise<string> {
  const client = await openClassicSession(
    env,
    { zookeeperConnect, zookeeperSessionTimeoutMs: 30_000 },
    () => undefined,
  );
  try {
    const brokers = [...(await new BrokerRegistry(client).brokers()).values()];
    if (brokers.length === 0) {
      throw new CliError(
        `no broker with a PLAINTEXT listener is registered at ${zookeeperConnect}: check the address and its chroot, and that a broker runs`,
      );
    }
    const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);
    return brokers.map(({ host, port }) => `${bracketed(host)}:${port}`).join(',');
  } finally {
    await client.close();
  }
}

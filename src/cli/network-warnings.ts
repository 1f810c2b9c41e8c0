import type { Env } from '../env/env.ts';
import type { Net } from '../env/net.ts';
import { logLine } from './log-line.ts';

/**
 * An environment for the client of a tool that tells of brokers that cannot be reached, as Apache's network client does:
 * without that, a wrong address would only be waited for. `client` is such as `Consumer clientId=console-consumer`.
 */
export function withNetworkWarnings(env: Env, client: string): Env {
  const { net } = env;
  const warning: Net = {
    listen: (options, accept) => net.listen(options, accept),
    resolve: (host) => net.resolve(host),
    hostname: () => net.hostname(),
    async connect(options) {
      try {
        return await net.connect(options);
      } catch (error) {
        const place = `(${options.host}:${options.port})`;
        logLine(
          'WARN',
          `[${client}] Connection to node ${place} could not be established. Node may not be available.`,
          'org.apache.kafka.clients.NetworkClient',
        );
        throw error;
      }
    },
  };
  return { ...env, net: warning };
}

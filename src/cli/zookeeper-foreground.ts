import type { Env } from '../env/env.ts';
import { nodeProcessFacts } from '../env/node/node-process-facts.ts';
import { announceReady, closeOnSignal, tuneCollectorForServer } from '../env/node/processes.ts';
import type { ServerConfigFile } from '../zookeeper/server/config-file.ts';

/** As Apache's: an invalid invocation, a data directory that cannot be used, a port of elections that is taken. */
export const ZOOKEEPER_EXIT_CODES = { ZooKeeperConfigError: 2, PersistenceError: 3, ElectionPortError: 14 };

/** Runs a ZooKeeper server in this process, until a signal ends it or it fails. */
export async function serveZooKeeper(env: Env, { options, warnings }: ServerConfigFile): Promise<number> {
  tuneCollectorForServer();
  for (const warning of warnings) env.log.warn(warning);
  // What does not serve answers sooner for not loading the server.
  const { startZooKeeperServer } = await import('../zookeeper/server/start.ts');
  const server = await startZooKeeperServer(env, options, { process: nodeProcessFacts });
  closeOnSignal(
    () => server.close(),
    (error) => env.log.error('the server could not be closed cleanly', { error }),
  );
  server.failure.then((error) => {
    env.log.error('the server has failed and ends', { error });
    process.exit(1);
  });
  console.log(`ZooKeeper  ${server.address}`);
  console.log(`Ready in ${(env.clock.monotonicMs() / 1000).toFixed(2)} s`);
  announceReady();
  return 0;
}

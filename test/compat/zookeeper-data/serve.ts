import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';

/** Serves a data directory on a port until killed, with snapshots and log files as small as they get. */
const [dataDir = '', port = '0'] = process.argv.slice(2);
const server = await startZooKeeperServer(createNodeEnv({ logLevel: 'warn' }), {
  dataDir,
  clientPort: Number(port),
  clientPortAddress: '127.0.0.1',
  extendedTypesEnabled: true,
  snapCount: 60,
  preAllocSizeBytes: 64 * 1024,
});
console.log(`serving ${server.address}`);

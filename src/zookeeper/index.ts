/** ZooKeeper servers for embedding: `startZooKeeperServer(env, { dataDir, clientPort: 0 })`. */
export { PersistenceError } from './persistence/persistence-error.ts';
export { digestId } from './pipeline/access-control.ts';
export {
  completeConfig,
  ZooKeeperConfigError,
  type ZooKeeperServerConfig,
  type ZooKeeperServerOptions,
} from './server/config.ts';
export { type RunningZooKeeperServer, startZooKeeperServer } from './server/start.ts';

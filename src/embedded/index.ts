/** ZooKeeper and a broker in this process: `await using servers = await start({ storage: 'memory' })`. */
export type { Env } from '../env/env.ts';
/** The environment that the servers and clients of the other entry points ask for. */
export { createNodeEnv, type NodeEnvOptions } from '../env/node/create-node-env.ts';
export { type Servers, StartError, type StartOptions, start } from './start.ts';

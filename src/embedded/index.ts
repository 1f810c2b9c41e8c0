/** ZooKeeper and a broker in this process: `await using servers = await start({ storage: 'memory' })`. */
export { type Servers, StartError, type StartOptions, start } from './start.ts';

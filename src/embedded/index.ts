/** ZooKeeper and a broker in this process: `await using servers = await start({ storage: 'memory' })`. */
export { type Servers, type StartOptions, StartError, start } from './start.ts';

/** `streamkeeper/clients`: every client. */
export * from './zookeeper/index.ts';

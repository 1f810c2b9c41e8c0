/**
 * What the server calls itself. Tools read the number in front to know which protocol to expect, so it is that
 * of the ZooKeeper release whose behaviour this server has.
 */
export const SERVER_VERSION = '3.9.5-streamkeeper';

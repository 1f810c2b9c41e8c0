/** A connect string that cannot be understood. Names it and the part. */
export class ConnectStringError extends Error {
  override name = 'ConnectStringError';
}

export interface ServerAddress {
  host: string;
  port: number;
}

export interface ConnectString {
  /** In the order given. */
  servers: ServerAddress[];
  /** Path that all paths of the client are below; empty for none. */
  chroot: string;
}

const DEFAULT_PORT = 2181;

function parseServer(text: string, whole: string): ServerAddress {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new ConnectStringError(`'${text}' in connect string '${whole}' is not host:port`);
  }
  return { host, port };
}

/**
 * Parses `host:port,host:port/chroot` (org.apache.zookeeper.client.ConnectStringParser). The port is 2181 when
 * left out; IPv6 addresses stand in brackets.
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  const path = slash < 0 ? '' : text.slice(slash);
  if (path.length > 1 && (path.endsWith('/') || path.includes('//'))) {
    throw new ConnectStringError(`chroot '${path}' in connect string '${text}' is not a path`);
  }
  const list = (slash < 0 ? text : text.slice(0, slash)).split(',').map((server) => server.trim());
  const servers = list.filter((server) => server !== '').map((server) => parseServer(server, text));
  if (servers.length === 0) throw new ConnectStringError(`connect string '${text}' names no server`);
  return { servers, chroot: path === '/' ? '' : path };
}

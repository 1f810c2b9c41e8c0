/** Addresses of a broker: `listeners`, `advertised.listeners` and the map of protocols. */
export interface ListenerAddress {
  readonly name: string;
  readonly securityProtocol: string;
  /** Undefined binds every interface (or, advertised, means this machine's own name). */
  readonly host: string | undefined;
  readonly port: number;
}

/** A listener setting that cannot be used; the message names the key and the remedy. */
export class ListenerConfigError extends Error {
  override name = 'ListenerConfigError';
}

const ADDRESS = /^([A-Za-z0-9_-]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:/[\]]*)):(-?\d+)$/;
const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

/** Reads `listener.security.protocol.map`, such as `INTERNAL:PLAINTEXT,PUBLIC:SSL`. */
export function parseProtocolMap(text: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const entry of split(text)) {
    const at = entry.lastIndexOf(':');
    const name = entry.slice(0, at).trim().toUpperCase();
    const protocol = entry.slice(at + 1).trim();
    if (at < 1 || !PROTOCOLS.includes(protocol)) {
      throw new ListenerConfigError(
        `listener.security.protocol.map: '${entry}' is not NAME:PROTOCOL with one of ${PROTOCOLS.join(', ')}`,
      );
    }
    map.set(name, protocol);
  }
  return map;
}

/** Reads `key`, a list such as `PLAINTEXT://:9092,PUBLIC://host:9093`. Throws {@link ListenerConfigError}. */
export function parseListeners(
  key: string,
  text: string,
  protocols: ReadonlyMap<string, string>,
): ListenerAddress[] {
  const addresses = split(text).map((entry) => parseAddress(key, entry, protocols));
  const names = new Set(addresses.map(({ name }) => name));
  if (names.size < addresses.length) {
    throw new ListenerConfigError(`${key}: each listener needs a name of its own in '${text}'`);
  }
  return addresses;
}

function parseAddress(key: string, entry: string, protocols: ReadonlyMap<string, string>): ListenerAddress {
  const match = ADDRESS.exec(entry);
  const name = match?.[1]?.toUpperCase();
  const port = Number(match?.[4]);
  if (name === undefined || port < 0 || port > 65535) {
    throw new ListenerConfigError(`${key}: '${entry}' is not of the form NAME://host:port`);
  }
  const securityProtocol = protocols.get(name);
  if (securityProtocol === undefined) {
    throw new ListenerConfigError(
      `${key}: listener ${name} has no protocol; add ${name}:PLAINTEXT to listener.security.protocol.map`,
    );
  }
  const host = match?.[2] ?? match?.[3];
  return { name, securityProtocol, host: host === '' ? undefined : host, port };
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

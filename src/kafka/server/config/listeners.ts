import { ConfigError } from '../../../base/config-keys/config-error.ts';

export const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
export type SecurityProtocol = (typeof securityProtocols)[number];

/** A named address of the broker. */
export interface Endpoint {
  /** In capitals, as Kafka normalises it. */
  readonly listenerName: string;
  readonly securityProtocol: SecurityProtocol;
  /** Empty: every interface when listening, this host's name when advertised. */
  readonly host: string;
  readonly port: number;
}

export interface ListenerSettings {
  readonly listeners: string;
  readonly advertisedListeners: string | null;
  readonly listenerSecurityProtocolMap: string;
  /** Null when not set. */
  readonly interBrokerListenerName: string | null;
  readonly securityInterBrokerProtocol: string;
  /** Whether `security.inter.broker.protocol` was set at all. */
  readonly securityInterBrokerProtocolGiven: boolean;
}

export interface Listeners {
  readonly endpoints: readonly Endpoint[];
  readonly advertised: readonly Endpoint[];
  readonly interBrokerListener: string;
}

/** Reads all that is said about listeners and checks that it fits together. Throws ConfigError. */
export function resolveListeners(settings: ListenerSettings): Listeners {
  const protocols = parseProtocolMap(settings.listenerSecurityProtocolMap);
  const endpoints = parseEndpoints('listeners', settings.listeners, protocols);
  checkDistinct(endpoints, settings.listeners);
  const advertised =
    settings.advertisedListeners === null
      ? endpoints
      : parseEndpoints('advertised.listeners', settings.advertisedListeners, protocols);
  checkAdvertised(advertised, endpoints);
  const interBrokerListener = interBrokerListenerName(settings, protocols);
  if (!advertised.some(({ listenerName }) => listenerName === interBrokerListener)) {
    throw new ConfigError(
      'inter.broker.listener.name must be a listener name defined in advertised.listeners. ' +
        `The valid options based on currently configured listeners are ${names(advertised)}`,
      'inter.broker.listener.name',
    );
  }
  return { endpoints, advertised, interBrokerListener };
}

function names(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ listenerName }) => listenerName).join(',');
}

function parseProtocolMap(text: string): Map<string, SecurityProtocol> {
  const key = 'listener.security.protocol.map';
  const protocols = new Map<string, SecurityProtocol>();
  for (const entry of splitList(text)) {
    const match = /^([^:]+):([^:]+)$/.exec(entry);
    const name = match?.[1]?.trim().toUpperCase();
    const wanted = match?.[2]?.trim().toUpperCase();
    const protocol = securityProtocols.find((known) => known === wanted);
    if (name === undefined || protocol === undefined) {
      const choices = securityProtocols.join(', ');
      throw new ConfigError(`${key}: '${entry}' is not NAME:PROTOCOL with one of ${choices}`, key);
    }
    if (protocols.has(name)) throw new ConfigError(`${key}: listener ${name} is mapped twice`, key);
    protocols.set(name, protocol);
  }
  return protocols;
}

function parseEndpoints(
  key: string,
  text: string,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): Endpoint[] {
  const endpoints = splitList(text).map((entry) => parseEndpoint(key, entry, protocols));
  if (endpoints.length === 0) throw new ConfigError(`${key} must name at least one listener`, key);
  return endpoints;
}

function parseEndpoint(
  key: string,
  entry: string,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): Endpoint {
  const match = /^(.+):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(\d{1,5})$/.exec(entry);
  const [, name = '', host = '', portText = ''] = match ?? [];
  const port = Number(portText);
  if (match === null || port > 65_535) {
    throw new ConfigError(
      `${key}: unable to parse '${entry}' to a broker endpoint, it must be NAME://host:port`,
      key,
    );
  }
  const listenerName = name.toUpperCase();
  const securityProtocol = protocols.get(listenerName);
  if (securityProtocol === undefined) {
    throw new ConfigError(
      `${key}: no security protocol defined for listener ${listenerName}, add it to listener.security.protocol.map`,
      key,
    );
  }
  return { listenerName, securityProtocol, host, port };
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Names must differ; so must ports, except that an IPv4 and an IPv6 address may share one. */
function checkDistinct(endpoints: readonly Endpoint[], text: string): void {
  const key = 'listeners';
  const seen = new Map<number, Endpoint>();
  if (new Set(endpoints.map(({ listenerName }) => listenerName)).size < endpoints.length) {
    throw new ConfigError(`Each listener must have a different name, listeners: ${text}`, key);
  }
  for (const endpoint of endpoints) {
    if (endpoint.port === 0) continue;
    const other = seen.get(endpoint.port);
    if (other !== undefined && addressFamily(other) + addressFamily(endpoint) !== 10) {
      throw new ConfigError(`Each listener must have a different port, listeners: ${text}`, key);
    }
    seen.set(endpoint.port, endpoint);
  }
}

/** 4 or 6 for a literal address, 0 for a name. */
function addressFamily({ host }: Endpoint): number {
  if (host.includes(':')) return 6;
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 4 : 0;
}

function checkAdvertised(advertised: readonly Endpoint[], endpoints: readonly Endpoint[]): void {
  const key = 'advertised.listeners';
  const known = new Set(endpoints.map(({ listenerName }) => listenerName));
  if (!advertised.every(({ listenerName }) => known.has(listenerName))) {
    throw new ConfigError(
      `advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. ` +
        `Found ${names(advertised)}. The valid options based on the current configuration are ${names(endpoints)}`,
      key,
    );
  }
  if (advertised.some(({ host }) => host === '0.0.0.0')) {
    throw new ConfigError(
      'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.',
      key,
    );
  }
}

function interBrokerListenerName(
  settings: ListenerSettings,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): string {
  const { interBrokerListenerName: given } = settings;
  if (given === null) return settings.securityInterBrokerProtocol;
  const key = 'inter.broker.listener.name';
  if (settings.securityInterBrokerProtocolGiven) {
    throw new ConfigError(`Only one of ${key} and security.inter.broker.protocol should be set.`, key);
  }
  const name = given.toUpperCase();
  if (!protocols.has(name)) {
    throw new ConfigError(
      `Listener with name ${name} defined in ${key} not found in listener.security.protocol.map.`,
      key,
    );
  }
  return name;
}

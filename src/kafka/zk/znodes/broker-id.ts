import { MalformedError } from '../../../base/malformed-error.ts';
import { encodeJson, type JsonValue, members, ZnodeObject } from '../json.ts';

/** `/brokers/ids`: one ephemeral child for each live broker. */
export const brokerIdsPath = '/brokers/ids';

export function brokerIdPath(brokerId: number): string {
  return `${brokerIdsPath}/${brokerId}`;
}

/** An advertised listener. */
export interface RegisteredEndpoint {
  listenerName: string;
  /** PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. */
  securityProtocol: string;
  host: string;
  port: number;
}

export interface BrokerRegistration {
  brokerId: number;
  endpoints: readonly RegisteredEndpoint[];
  rack: string | null;
  jmxPort: number;
}

/**
 * `/brokers/ids/N`, version 5 (KIP-584). `host` and `port` are those of the first PLAINTEXT listener, for clients
 * that know no other; null and -1 without one.
 */
export function encodeBrokerId(broker: BrokerRegistration, timestampMs: number): Buffer {
  const plaintext = broker.endpoints.find((endpoint) => endpoint.securityProtocol === 'PLAINTEXT');
  const fields: [string, JsonValue][] = [
    ['features', members([])],
    [
      'listener_security_protocol_map',
      members(broker.endpoints.map((endpoint) => [endpoint.listenerName, endpoint.securityProtocol])),
    ],
    ['endpoints', broker.endpoints.map(connectionString)],
  ];
  if (broker.rack !== null) fields.push(['rack', broker.rack]);
  fields.push(
    ['jmx_port', broker.jmxPort],
    ['port', plaintext?.port ?? -1],
    ['host', plaintext?.host ?? null],
    ['version', 5],
    ['timestamp', String(timestampMs)],
  );
  return encodeJson(members(fields));
}

/** Versions 1 (host and port only) to 5; later versions are read as 5, as Kafka does. */
export function decodeBrokerId(brokerId: number, data: Buffer | null): BrokerRegistration {
  const path = brokerIdPath(brokerId);
  const json = ZnodeObject.parse(path, data);
  const version = json.integer('version');
  if (version < 1) throw new MalformedError(`znode ${path}: unsupported version ${version}`);
  return {
    brokerId,
    endpoints: version === 1 ? [versionOneEndpoint(json)] : endpoints(path, json),
    rack: json.optionalString('rack'),
    jmxPort: json.integer('jmx_port'),
  };
}

function versionOneEndpoint(json: ZnodeObject): RegisteredEndpoint {
  return {
    listenerName: 'PLAINTEXT',
    securityProtocol: 'PLAINTEXT',
    host: json.string('host'),
    port: json.integer('port'),
  };
}

function endpoints(path: string, json: ZnodeObject): RegisteredEndpoint[] {
  const protocols = json.optionalObject('listener_security_protocol_map')?.textMembers();
  return json.strings('endpoints').map((text) => {
    const match = /^(.+):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?\d{1,5})$/.exec(text);
    if (match === null) throw new MalformedError(`znode ${path}: bad endpoint ${JSON.stringify(text)}`);
    const [, listenerName = '', host = '', port = ''] = match;
    const securityProtocol = protocols === undefined ? listenerName : protocols.get(listenerName);
    if (securityProtocol === undefined) {
      throw new MalformedError(`znode ${path}: no security protocol for listener ${listenerName}`);
    }
    return { listenerName, securityProtocol, host, port: Number(port) };
  });
}

function connectionString(endpoint: RegisteredEndpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.listenerName}://${host}:${endpoint.port}`;
}

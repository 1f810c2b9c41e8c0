import { BadValue } from '../../base/bad-value.ts';

/** One address of a server in an ensemble. */
export interface PeerAddress {
  readonly host: string;
  /** Where the leader listens for learners. */
  readonly quorumPort: number;
  readonly electionPort: number;
}

export type PeerRole = 'participant' | 'observer';

/** A `server.N` line (QuorumPeer.QuorumServer). */
export interface PeerSpec {
  readonly id: number;
  /** At least one. */
  readonly addresses: readonly PeerAddress[];
  readonly role: PeerRole;
  /** After the semicolon: where the server listens for clients. */
  readonly client: { readonly host: string; readonly port: number } | undefined;
}

const FORM =
  'give host:port:port[:participant|observer][;[host:]clientPort], several addresses separated by |';
export const MAX_SERVER_ID = 255;

/** The N of `server.N`; undefined for other keys. Throws BadValue. */
export function serverIdOf(key: string): number | undefined {
  if (!key.startsWith('server.')) return undefined;
  // Properties of the ensemble's Kerberos principal begin alike.
  if (key === 'server.principal' || key === 'server.realm') return undefined;
  const id = key.slice('server.'.length);
  if (!isServerId(id)) {
    throw new BadValue(`has no server id in its name: give server.N with N from 0 to ${MAX_SERVER_ID}`);
  }
  return Number(id);
}

export function isServerId(text: string): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= MAX_SERVER_ID;
}

/** Throws BadValue. */
export function parsePeer(id: number, value: string): PeerSpec {
  const [servers = '', client, ...more] = value.replace(/;+\s*$/, '').split(';');
  if (more.length > 0) throw new BadValue(`has more than one semicolon: ${FORM}`);
  const parsed = servers.split('|').map(parseAddress);
  // The role may stand at any of the addresses; Apache writes it after the last one.
  const roles = new Set(parsed.flatMap((part) => (part.role === undefined ? [] : [part.role])));
  if (roles.size > 1) throw new BadValue(`gives its addresses different roles: ${FORM}`);
  const [role = 'participant'] = roles;
  const addresses = parsed.map(({ host, quorumPort, electionPort }) => ({ host, quorumPort, electionPort }));
  return { id, addresses, role, client: client === undefined ? undefined : parseClient(client) };
}

/** The value of a `server.N` line as Apache writes it (QuorumServer.toString). */
export function formatPeer(peer: PeerSpec): string {
  const addresses = [...peer.addresses]
    .sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0))
    .map(({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`);
  const client = peer.client === undefined ? '' : `;${bracketed(peer.client.host)}:${peer.client.port}`;
  return `${addresses.join('|')}:${peer.role}${client}`;
}

/**
 * An address that two servers both have, as `host:port`; undefined when there is none. Addresses of the machine
 * itself and of every interface may be the same on several machines (QuorumServer.checkAddressDuplicate).
 */
export function addressClash(a: PeerSpec, b: PeerSpec): string | undefined {
  const others = new Set(ownAddresses(b));
  return ownAddresses(a).find((address) => others.has(address));
}

function ownAddresses(peer: PeerSpec): string[] {
  const addresses = peer.addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ]);
  return [...addresses, ...(peer.client === undefined ? [] : [peer.client])]
    .filter(({ host }) => !/^(localhost|127\..*|0\.0\.0\.0|[0:]+1?)$/i.test(host))
    .map(formatHostAndPort);
}

/** Where learners find the server when it leads, in a form that can be compared. */
export function quorumAddresses(peer: PeerSpec): string {
  const addresses = peer.addresses.map(({ host, quorumPort: port }) => formatHostAndPort({ host, port }));
  return addresses.sort().join('|');
}

/** `host:port` of every election address, as it stands in the first message of an election connection. */
export function electionAddressesOf(peer: PeerSpec): { host: string; port: number }[] {
  return peer.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatHostAndPort(address: { readonly host: string; readonly port: number }): string {
  return `${bracketed(address.host)}:${address.port}`;
}

function parseAddress(address: string): PeerAddress & { role: PeerRole | undefined } {
  const [host, quorum, election, role, ...more] = splitHost(address.trim());
  if (host === undefined || quorum === undefined || election === undefined || more.length > 0) {
    throw new BadValue(`has no such form: ${FORM}`);
  }
  checkHost(host);
  const quorumPort = portOf(quorum);
  const electionPort = portOf(election);
  if (quorumPort === electionPort) throw new BadValue('uses one port for quorum and election: give two');
  const lower = role?.trim().toLowerCase();
  if (lower !== undefined && lower !== 'participant' && lower !== 'observer') {
    throw new BadValue(`has the role ${role}: give participant or observer`);
  }
  return { host, quorumPort, electionPort, role: lower };
}

function parseClient(client: string): { host: string; port: number } {
  const parts = splitHost(client.trim());
  const [first = '', second] = parts;
  if (parts.length > 2) throw new BadValue(`has no such form: ${FORM}`);
  if (second === undefined) return { host: '0.0.0.0', port: portOf(first) };
  checkHost(first);
  return { host: first, port: portOf(second) };
}

/** No host has these, and some would change the meaning of the lines that it is written in. */
function checkHost(host: string): void {
  if (!/^[^\s\\|;=,#!"'[\]]+$/.test(host))
    throw new BadValue(`has "${host}" where a host should be: ${FORM}`);
}

/** Splits at colons, but not within the brackets of an IPv6 address (ConfigUtils.getHostAndPort). */
export function splitHost(address: string): string[] {
  const match = /^\[([^\]]*)\](?::(.*))?$/.exec(address);
  if (match === null) return address.split(':');
  return [match[1] ?? '', ...(match[2]?.split(':') ?? [])];
}

function portOf(value: string): number {
  const text = value.trim();
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new BadValue(`has "${value}" where a port should be: ${FORM}`);
  }
  return Number(text);
}

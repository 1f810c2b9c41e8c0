import { BadValue, integer } from './config-values.ts';

/** One address of a server in an ensemble. */
export interface PeerAddress {
  host: string;
  /** Where the leader listens for learners. */
  quorumPort: number;
  electionPort: number;
}

/** A `server.N` line. */
export interface PeerSpec {
  id: number;
  addresses: PeerAddress[];
  role: 'participant' | 'observer';
  /** After the semicolon: where the server listens for clients. */
  client: { host: string; port: number } | undefined;
}

const FORM =
  'give host:port:port[:participant|observer][;[host:]clientPort], several addresses separated by |';
const MAX_SERVER_ID = 255;

/** The N of `server.N`; undefined for other keys. Throws BadValue. */
export function serverIdOf(key: string): number | undefined {
  if (!key.startsWith('server.')) return undefined;
  // Properties of the ensemble's Kerberos principal begin alike.
  if (key === 'server.principal' || key === 'server.realm') return undefined;
  const id = key.slice('server.'.length);
  if (!/^\d{1,3}$/.test(id) || Number(id) > MAX_SERVER_ID) {
    throw new BadValue(`has no server id in its name: give server.N with N from 0 to ${MAX_SERVER_ID}`);
  }
  return Number(id);
}

/** Throws BadValue. */
export function parsePeer(id: number, value: string): PeerSpec {
  const [servers = '', client, ...more] = value.split(';');
  if (more.length > 0) throw new BadValue(`has more than one semicolon: ${FORM}`);
  const parsed = servers.split('|').map(parseAddress);
  const roles = new Set(parsed.map((part) => part.role ?? 'participant'));
  const [role] = roles;
  if (role === undefined || roles.size > 1)
    throw new BadValue(`gives its addresses different roles: ${FORM}`);
  const addresses = parsed.map(({ host, quorumPort, electionPort }) => ({ host, quorumPort, electionPort }));
  return { id, addresses, role, client: client === undefined ? undefined : parseClient(client) };
}

function parseAddress(address: string): PeerAddress & { role: PeerSpec['role'] | undefined } {
  const [host, quorum, election, role, ...more] = splitHost(address.trim());
  if (!host || quorum === undefined || election === undefined || more.length > 0) {
    throw new BadValue(`has no such form: ${FORM}`);
  }
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
  return second === undefined
    ? { host: '0.0.0.0', port: portOf(first) }
    : { host: first, port: portOf(second) };
}

/** Splits at colons, but not within the brackets of an IPv6 address. */
function splitHost(address: string): string[] {
  const match = /^\[([^\]]*)\](?::(.*))?$/.exec(address);
  if (match === null) return address.split(':');
  return [match[1] ?? '', ...(match[2] === undefined ? [] : match[2].split(':'))];
}

const port = integer(0, 65_535);

function portOf(value: string): number {
  try {
    return port(value.trim());
  } catch {
    throw new BadValue(`has "${value}" where a port should be: ${FORM}`);
  }
}

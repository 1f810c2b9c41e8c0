import type { Env } from '../../env/env.ts';
import type { Finding } from './finding.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const CONNECT_LIMIT_MS = 5000;

/** Why an address cannot be reached from here, and what to do; undefined for one that can. */
export interface Unreachable {
  readonly reason: string;
  readonly remedy: string;
}

/** Looks up and connects to an address. */
export async function reach(env: Env, { host, port }: Address): Promise<Unreachable | undefined> {
  let found: readonly string[];
  try {
    found = await env.net.resolve(host);
  } catch (error) {
    return {
      reason: `the name ${host} is not known here (${codeOf(error)})`,
      remedy: `put ${host} into DNS or the hosts file of this machine, or use a name that is known here`,
    };
  }
  try {
    const connection = await env.net.connect({ host, port, timeoutMs: CONNECT_LIMIT_MS });
    connection.destroy();
    return undefined;
  } catch (error) {
    const addresses = found.join(', ');
    return {
      reason: `does not connect (${addresses}): ${codeOf(error)}`,
      remedy: remedyOf(error),
    };
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function remedyOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return 'nothing listens there: start the server, or check port and interface of its listeners';
    case 'ETIMEDOUT':
      return 'packets are dropped on the way: check firewalls, security groups and the port mapping of containers';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to that network: the address is one of another network, such as that of containers';
    default:
      return 'check address, network and firewalls';
  }
}

/** The bootstrap servers: whether they can be looked up and connected to. */
export async function checkAddresses(env: Env, addresses: readonly Address[]): Promise<Finding[]> {
  return Promise.all(
    addresses.map(async (address): Promise<Finding> => {
      const text = `${address.host}:${address.port}`;
      const unreachable = await reach(env, address);
      if (unreachable === undefined) {
        return { check: 'addresses', verdict: 'ok', message: `bootstrap server ${text} connects` };
      }
      const { reason, remedy } = unreachable;
      return {
        check: 'addresses',
        verdict: 'problem',
        message: `bootstrap server ${text}: ${reason}`,
        remedy,
      };
    }),
  );
}

/** Whether an address means the machine of whoever uses it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '::1';
}

import { lookup } from 'node:dns/promises';

/** Whether a name of a host, or an address, leads somewhere. */
export async function isKnownHost(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch {
    return false;
  }
}

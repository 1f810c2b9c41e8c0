/** Parses IPv4 and IPv6 addresses in text (IPAuthenticationProvider of ZooKeeper 3.9.5). Undefined when malformed. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.includes(':')) return parseV6(text);
  return text.includes('.') ? parseV4(text) : undefined;
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    const value = Number(part);
    if (!/^\d{1,10}$/.test(part) || value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

const V6_SEGMENTS = 8;

function parseV6(text: string): Uint8Array | undefined {
  const [head, tail, ...more] = text.split('::');
  if (head === undefined || more.length > 0) return undefined;
  const first = segments(head);
  const last = tail === undefined ? [] : segments(tail);
  if (first === undefined || last === undefined) return undefined;
  const count = first.length + last.length;
  if (tail === undefined ? count !== V6_SEGMENTS : count >= V6_SEGMENTS) return undefined;
  const bytes = new Uint8Array(V6_SEGMENTS * 2);
  const put = (values: readonly number[], from: number) => {
    for (const [i, value] of values.entries()) {
      bytes[(from + i) * 2] = value >> 8;
      bytes[(from + i) * 2 + 1] = value & 0xff;
    }
  };
  put(first, 0);
  put(last, V6_SEGMENTS - last.length);
  return bytes;
}

function segments(text: string): number[] | undefined {
  if (text === '') return [];
  const values: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    values.push(Number.parseInt(part, 16));
  }
  return values;
}

/** An address or a network, `a.b.c.d[/bits]`, taken apart. */
export interface IpNetwork {
  address: Uint8Array;
  bits: number;
}

export function parseIpNetwork(text: string): IpNetwork | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash === -1) return { address, bits: address.length * 8 };
  const bitsText = text.slice(slash + 1);
  const bits = Number(bitsText);
  if (!/^\d{1,10}$/.test(bitsText) || bits > address.length * 8) return undefined;
  return { address, bits };
}

export function networkContains(network: IpNetwork, address: Uint8Array): boolean {
  if (address.length !== network.address.length) return false;
  for (let i = 0; i < address.length; i++) {
    const left = network.bits - i * 8;
    if (left <= 0) return true;
    const mask = left >= 8 ? 0xff : 0xff & (0xff << (8 - left));
    if (((address[i] ?? 0) & mask) !== ((network.address[i] ?? 0) & mask)) return false;
  }
  return true;
}

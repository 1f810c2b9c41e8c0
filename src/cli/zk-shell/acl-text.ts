import type { NodeAcl } from '../../clients/index.ts';
import { ShellError } from './shell-error.ts';

/** In the order that Apache prints them. */
const LETTERS = [
  ['c', 4],
  ['d', 8],
  ['r', 1],
  ['w', 2],
  ['a', 16],
] as const;

export function permissionText(perms: number): string {
  return LETTERS.filter(([, bit]) => (perms & bit) !== 0)
    .map(([letter]) => letter)
    .join('');
}

/**
 * Reads `scheme:id:perms,...` (AclParser). As in Apache, an entry of another form is told and left out, and so is
 * a letter that means nothing. Throws ShellError when nothing is left.
 */
export function parseAcl(text: string, tell: (problem: string) => void): NodeAcl[] {
  const acl: NodeAcl[] = [];
  for (const entry of text.replace(/,+$/, '').split(',')) {
    const first = entry.indexOf(':');
    const last = entry.lastIndexOf(':');
    if (first === last) {
      tell(`${entry} does not have the form scheme:id:perm`);
      continue;
    }
    let perms = 0;
    for (const char of entry.slice(last + 1)) {
      const bit = LETTERS.find(([letter]) => letter === char)?.[1];
      if (bit === undefined) tell(`Unknown perm type: ${char}`);
      else perms |= bit;
    }
    acl.push({ perms, id: { scheme: entry.slice(0, first), id: entry.slice(first + 1, last) } });
  }
  // Java's client refuses an empty list before there is a path to speak of.
  if (acl.length === 0) throw new ShellError('Acl is not valid : null', { code: 'INVALIDACL' });
  return acl;
}

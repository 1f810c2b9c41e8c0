import { createHash } from 'node:crypto';
import type { ACL, ClientInfo, Id } from '../../wire/zookeeper/data.ts';
import { networkContains, parseIpAddress, parseIpNetwork } from './ip-address.ts';

export interface AccessControlOptions {
  /** zookeeper.skipACL: everybody may do everything. */
  skipAcl: boolean;
  /** `user:base64` of who may do everything (zookeeper.DigestAuthenticationProvider.superDigest). */
  superDigest: string | undefined;
  /** Node's name of the hash of digest ids (zookeeper.DigestAuthenticationProvider.digestAlg). */
  digestAlgorithm: string;
}

export const DEFAULT_ACCESS: AccessControlOptions = {
  skipAcl: false,
  superDigest: undefined,
  digestAlgorithm: 'sha1',
};

/** One authentication scheme (AuthenticationProvider of ZooKeeper 3.9). */
interface Scheme {
  /** Whether `auth` ACL entries stand for identities of this scheme. */
  readonly isAuthenticated: boolean;
  isValidId(id: string): boolean;
  matches(identity: string, aclId: string): boolean;
  userName(identity: string): string;
}

const digestScheme: Scheme = {
  isAuthenticated: true,
  isValidId: (id) => id.replace(/:+$/, '').split(':').length === 2,
  matches: (identity, aclId) => identity === aclId,
  userName: (identity) => identity.split(':')[0] ?? '',
};

const ipScheme: Scheme = {
  isAuthenticated: false,
  isValidId: (id) => parseIpNetwork(id) !== undefined,
  matches(identity, aclId) {
    const network = parseIpNetwork(aclId);
    const address = parseIpAddress(identity);
    return network !== undefined && address !== undefined && networkContains(network, address);
  },
  userName: (identity) => identity,
};

const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['digest', digestScheme],
  ['ip', ipScheme],
]);

/** The digest id of `user:password`: the user and the base64 of the hash of both. */
export function digestId(userPassword: string, algorithm = 'sha1'): string {
  const user = userPassword.split(':', 1)[0] ?? '';
  return `${user}:${createHash(algorithm).update(userPassword).digest('base64')}`;
}

/** Who may do what: the schemes world, auth, digest and ip, and the superuser. */
export class AccessControl {
  private readonly options: AccessControlOptions;

  constructor(options: AccessControlOptions = DEFAULT_ACCESS) {
    this.options = options;
  }

  /** The identities that a client proves with an auth packet; undefined when it proves none. */
  authenticate(scheme: string, auth: Buffer, remoteHost: string): Id[] | undefined {
    if (scheme === 'ip') return [{ scheme, id: remoteHost }];
    if (scheme !== 'digest') return undefined;
    const id = digestId(auth.toString('utf8'), this.options.digestAlgorithm);
    const isSuper = id === this.options.superDigest;
    return isSuper
      ? [
          { scheme: 'super', id: '' },
          { scheme, id },
        ]
      : [{ scheme, id }];
  }

  /** Whether one of the identities has one of the permissions in `perms`. */
  permits(acl: readonly ACL[], perms: number, identities: readonly Id[]): boolean {
    if (this.options.skipAcl || acl.length === 0) return true;
    for (const entry of acl) {
      if ((entry.perms & perms) === 0) continue;
      if (entry.id.scheme === 'world' && entry.id.id === 'anyone') return true;
      if (matchesAny(entry.id, identities)) return true;
    }
    return identities.some((identity) => identity.scheme === 'super');
  }

  /**
   * The ACL to store for the one that a client asks for: without duplicates, `auth` entries replaced by the
   * client's identities. Undefined when it is empty or has an entry that no one can ever match.
   */
  resolve(acl: readonly ACL[] | null, identities: readonly Id[]): ACL[] | undefined {
    const resolved: ACL[] = [];
    for (const entry of withoutDuplicates(acl ?? [])) {
      const { scheme, id } = entry.id;
      if (scheme === null) return undefined;
      // kazoo sends no id with this scheme, which has none.
      if (scheme === 'auth') {
        const own = identities.filter((identity) => SCHEMES.get(identity.scheme ?? '')?.isAuthenticated);
        if (own.length === 0) return undefined;
        for (const identity of own) resolved.push({ perms: entry.perms, id: identity });
      } else if (
        id !== null &&
        ((scheme === 'world' && id === 'anyone') || SCHEMES.get(scheme)?.isValidId(id))
      ) {
        resolved.push(entry);
      } else {
        return undefined;
      }
    }
    return resolved.length === 0 ? undefined : resolved;
  }
}

function matchesAny(wanted: Id, identities: readonly Id[]): boolean {
  const scheme = SCHEMES.get(wanted.scheme ?? '');
  if (scheme === undefined) return false;
  for (const identity of identities) {
    if (identity.scheme === wanted.scheme && scheme.matches(identity.id ?? '', wanted.id ?? '')) return true;
  }
  return false;
}

function withoutDuplicates(acl: readonly ACL[]): readonly ACL[] {
  if (acl.length < 2) return acl;
  const seen = new Set<string>();
  return acl.filter(({ perms, id }) => {
    const key = `${perms} ${id.scheme} ${id.id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** What whoAmI answers: user names without anything secret. */
export function clientInfos(identities: readonly Id[]): ClientInfo[] {
  return identities.map(({ scheme, id }) => ({
    authScheme: scheme,
    user: SCHEMES.get(scheme ?? '')?.userName(id ?? '') ?? id,
  }));
}

/** An ACL as those may see it who may not change it: the hashes in digest entries are hidden. */
export function maskedAcl(acl: readonly ACL[]): ACL[] {
  return acl.map(({ perms, id }) => {
    if (id.scheme !== 'digest') return { perms, id };
    return { perms, id: { scheme: id.scheme, id: (id.id ?? '').replace(/:.*/, ':x') } };
  });
}

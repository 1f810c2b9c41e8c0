import { BadValue } from '../../base/bad-value.ts';
import { PropertiesError, parseProperties } from '../../storage/properties.ts';
import { isServerId, type PeerSpec, parsePeer, serverIdOf } from './peer-spec.ts';
import { QuorumConfigError, type QuorumVerifier, quorumVerifierOf } from './quorum-verifier.ts';

/** Collects the lines that name the servers of an ensemble, from zoo.cfg, a dynamic file or `/zookeeper/config`. */
export class QuorumLines {
  readonly peers = new Map<number, PeerSpec>();
  private readonly groups = new Map<number, readonly number[]>();
  private readonly weights = new Map<number, number>();

  /** Takes `server.N`, `group.N` and `weight.N`; false for other keys. Throws BadValue. */
  add(key: string, value: string): boolean {
    const id = serverIdOf(key);
    if (id !== undefined) {
      this.peers.set(id, parsePeer(id, value));
      return true;
    }
    if (key.startsWith('group.')) {
      const group = numberIn(key.slice('group.'.length), 'has no group number in its name: give group.N');
      this.groups.set(group, value.split(':').map(memberId));
      return true;
    }
    if (!key.startsWith('weight.')) return false;
    const weight = numberIn(value.trim(), 'is no weight: give a whole number, 0 or more');
    this.weights.set(memberId(key.slice('weight.'.length)), weight);
    return true;
  }

  /** Throws QuorumConfigError. */
  build(version: number): QuorumVerifier {
    const { groups, weights } = this;
    return quorumVerifierOf({ version, peers: this.peers.values(), groups, weights });
  }
}

/**
 * Reads a configuration in the format of `/zookeeper/config`, of dynamic files and of notifications. `name` is
 * where it comes from, for errors. Throws QuorumConfigError.
 */
export function parseQuorumConfig(text: string, name: string): QuorumVerifier {
  const lines = new QuorumLines();
  let version = 0;
  try {
    for (const { key, value, line } of parseProperties(text, name)) {
      const where = `${name}, line ${line}: ${key}=${value}`;
      try {
        if (lines.add(key.trim(), value.trim())) continue;
        if (key.trim() === 'version') version = parseConfigVersion(value.trim());
        else throw new BadValue('is unknown: give server.N, group.N, weight.N and version');
      } catch (error) {
        if (error instanceof BadValue) throw new QuorumConfigError(`${where} ${error.message}`);
        throw error;
      }
    }
  } catch (cause) {
    if (cause instanceof PropertiesError) throw new QuorumConfigError(cause.message, { cause });
    throw cause;
  }
  return lines.build(version);
}

/** A version in hexadecimal. Throws BadValue. */
function parseConfigVersion(text: string): number {
  const version = Number.parseInt(text, 16);
  if (!/^[0-9a-f]+$/i.test(text) || !Number.isSafeInteger(version)) {
    throw new BadValue('is no version: give a hexadecimal number');
  }
  return version;
}

function memberId(text: string): number {
  const id = text.trim();
  if (!isServerId(id)) throw new BadValue(`names "${id}", which is no server id: give numbers from 0 to 255`);
  return Number(id);
}

function numberIn(text: string, complaint: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new BadValue(complaint);
  return Number(text);
}

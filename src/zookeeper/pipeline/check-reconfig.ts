import { BadValue } from '../../base/bad-value.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode, Perms } from '../../wire/zookeeper/op-codes.ts';
import type { ReconfigRequest } from '../../wire/zookeeper/protocol.ts';
import { addressClash, isServerId, type PeerSpec, parsePeer } from '../election/peer-spec.ts';
import { parseQuorumConfig } from '../election/quorum-config.ts';
import { QuorumConfigError, type QuorumVerifier, quorumVerifierOf } from '../election/quorum-verifier.ts';
import { CONFIG_PATH } from '../tree/path.ts';
import type { Checked, WriteContext } from './check-write.ts';

/** The ensemble, as the leader that checks a reconfiguration knows it. */
export interface EnsembleView {
  /** The last committed configuration. */
  readonly config: QuorumVerifier;
  /** The last proposed one. */
  readonly lastSeenConfig: QuorumVerifier;
  /** Whether one participant alone would be a standalone server. */
  readonly standaloneEnabled: boolean;
  /** Whether the servers that are connected and up to date, this one included, are a quorum of that configuration. */
  isQuorumSynced(config: QuorumVerifier): boolean;
}

/** A configuration that cannot be: the error is the client's answer. */
class Refusal extends Error {
  override name = 'Refusal';
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

/** Order of checks as in PrepRequestProcessor of 3.9.5. `ensemble` is undefined on a standalone server. */
export function checkReconfig(
  context: WriteContext,
  request: ReconfigRequest,
  ensemble: EnsembleView | undefined,
): Checked {
  const sessionError = context.checkSession(false);
  if (sessionError !== ErrorCode.OK) return sessionError;
  if (ensemble === undefined) return ErrorCode.UNIMPLEMENTED;
  const { config, lastSeenConfig } = ensemble;
  if (lastSeenConfig.version !== config.version) return ErrorCode.RECONFIGINPROGRESS;
  if (request.curConfigId !== -1 && request.curConfigId !== lastSeenConfig.version)
    return ErrorCode.BADVERSION;
  let next: QuorumVerifier;
  try {
    next = nextConfig(request, lastSeenConfig, ensemble).withVersion(context.zxid);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    if (error instanceof QuorumConfigError || error instanceof BadValue) return ErrorCode.BADARGUMENTS;
    throw error;
  }
  if (next.participants.size < (ensemble.standaloneEnabled ? 2 : 1)) return ErrorCode.BADARGUMENTS;
  if (!ensemble.isQuorumSynced(next)) return ErrorCode.NEWCONFIGNOQUORUM;

  const node = context.changes.get(CONFIG_PATH);
  if (node === undefined) return ErrorCode.NONODE;
  if (!context.access.permits(node.acl, Perms.WRITE, context.identities)) return ErrorCode.NOAUTH;
  const data = Buffer.from(next.toText());
  const stat = { ...node.stat, version: -1, mtime: context.timeMs, mzxid: context.zxid };
  context.changes.update(context.zxid, node, { stat, data });
  return { type: OpCode.reconfig, txn: { path: CONFIG_PATH, data, version: -1 } };
}

function nextConfig(
  request: ReconfigRequest,
  last: QuorumVerifier,
  { standaloneEnabled }: EnsembleView,
): QuorumVerifier {
  if (request.newMembers === null) return incremented(request, last);
  const next = parseQuorumConfig(request.newMembers.replaceAll(',', '\n'), 'new members');
  const { participants, observers } = next;
  // What Apache's parser of configurations throws here becomes a request that cannot be read.
  const isImpossible =
    participants.size === 0
      ? observers.size > 0 || !standaloneEnabled
      : participants.size === 1 && standaloneEnabled && observers.size > 0;
  if (isImpossible) throw new Refusal(ErrorCode.MARSHALLINGERROR);
  return next;
}

/** Servers that leave, then servers that join or change. For majorities alone: new servers have no group. */
function incremented(request: ReconfigRequest, last: QuorumVerifier): QuorumVerifier {
  if (last.isHierarchical) throw new Refusal(ErrorCode.BADARGUMENTS);
  const peers = new Map(last.members);
  for (const id of listed(request.leavingServers)) {
    if (!/^[+-]?\d+$/.test(id)) throw new Refusal(ErrorCode.MARSHALLINGERROR);
    peers.delete(Number(id));
  }
  for (const joining of listed(request.joiningServers)) {
    const peer = joiner(joining);
    for (const other of peers.values()) {
      if (other.id !== peer.id && addressClash(peer, other) !== undefined) {
        throw new Refusal(ErrorCode.BADARGUMENTS);
      }
    }
    peers.set(peer.id, peer);
  }
  return quorumVerifierOf({ version: 0, peers: peers.values() });
}

function joiner(text: string): PeerSpec {
  const [key, value, ...more] = listed(text, '=');
  if (key === undefined || value === undefined || more.length > 0) throw new Refusal(ErrorCode.BADARGUMENTS);
  const id = key.slice(key.lastIndexOf('.') + 1);
  if (!/^\d+$/.test(id)) throw new Refusal(ErrorCode.MARSHALLINGERROR);
  if (!isServerId(id)) throw new Refusal(ErrorCode.BADARGUMENTS);
  const peer = parsePeer(Number(id), value);
  if (peer.client === undefined) throw new Refusal(ErrorCode.BADARGUMENTS);
  return peer;
}

/** As StringUtils.split: blanks around parts and empty parts do not count. */
function listed(text: string | null, separator = ','): string[] {
  return (text ?? '')
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

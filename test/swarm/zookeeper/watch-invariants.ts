import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { EventType } from '../../../src/wire/zookeeper/op-codes.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { ZkInvariant } from './invariants.ts';
import type { Operation, OperationReply } from './observation.ts';

/** Watches that a client knows to be set: kind and path, with the zxid they were set at. */
type Armed = Map<string, number>;

/** A watch on a node that is not there is another one: it waits for the node only. */
function armedBy({ kind, path, watch }: Operation, { err }: OperationReply): string | undefined {
  if (watch !== true) return undefined;
  if (kind === 'exists' && err === ErrorCode.NONODE) return `exist ${path}`;
  if (err !== ErrorCode.OK) return undefined;
  return kind === 'children' ? `child ${path}` : `data ${path}`;
}

/** The watches that an event uses up. */
function firedBy(type: number, path: string): string[] {
  if (type === EventType.nodeChildrenChanged) return [`child ${path}`];
  const own = [`data ${path}`, `exist ${path}`];
  return type === EventType.nodeDeleted ? [...own, `child ${path}`] : own;
}

/**
 * Watches fire once, for a change after they were set, and a client has the event before it sees any state with
 * the change in it. Two rules in one place, for both follow the same table of armed watches.
 */
export function watchRules(history: CommittedHistory): [order: ZkInvariant, fireOnce: ZkInvariant] {
  const armedBySession = new Map<bigint, Armed>();
  const armedOf = (sessionId: bigint): Armed => {
    let armed = armedBySession.get(sessionId);
    if (armed === undefined) {
      armed = new Map();
      armedBySession.set(sessionId, armed);
    }
    return armed;
  };
  const missing = (client: number, sessionId: bigint, zxid: number): string | undefined => {
    for (const [watch, setAt] of armedOf(sessionId)) {
      const [kind = '', path = ''] = watch.split(' ');
      const change = history.firstChangeAfter(path, setAt, kind === 'child');
      if (change !== undefined && change <= zxid) {
        return (
          `client ${client} has an answer at 0x${zxid.toString(16)} but no event of its ${kind} watch on ${path}, ` +
          `set at 0x${setAt.toString(16)}, which changed at 0x${change.toString(16)}`
        );
      }
    }
    return undefined;
  };
  const order: ZkInvariant = {
    name: 'watch event before the data it announces',
    see(observation) {
      if (observation.kind === 'answered') {
        const { operation, reply } = observation;
        return missing(operation.client, operation.sessionId, reply.zxid);
      }
      if (observation.kind !== 'watches set again') return undefined;
      const { client, sessionId, zxid } = observation;
      for (const watch of armedOf(sessionId).keys()) {
        // A node that came and went while the client was away is no news to it.
        const [kind = '', path = ''] = watch.split(' ');
        if (kind === 'exist' && !history.stateAt(path, zxid)?.exists) armedOf(sessionId).set(watch, zxid);
      }
      return missing(client, sessionId, zxid);
    },
  };
  const fireOnce: ZkInvariant = {
    name: 'watches fire once',
    see(observation) {
      if (observation.kind === 'answered') {
        const { operation, reply } = observation;
        const armed = armedBy(operation, reply);
        // Setting a watch that is set changes nothing.
        if (armed !== undefined && !armedOf(operation.sessionId).has(armed)) {
          armedOf(operation.sessionId).set(armed, reply.zxid);
        }
      } else if (observation.kind === 'event') {
        const { client, sessionId, type, path } = observation;
        const armed = armedOf(sessionId);
        const fired = firedBy(type, path).filter((watch) => armed.delete(watch));
        if (fired.length === 0)
          return `client ${client} got an event of type ${type} for ${path}, which it does not watch`;
      }
      return undefined;
    },
  };
  // The order is judged first: the answer that sets a watch must itself not be ahead of events.
  return [order, fireOnce];
}

import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { CommittedHistory } from './committed-history.ts';
import { isRefused, type ZkInvariant } from './invariants.ts';

const id = (sessionId: bigint): string => `0x${BigInt.asUintN(64, sessionId).toString(16)}`;

/** A session ends once, for good, and nothing happens in it afterwards. */
export function sessionEndsOnce(): ZkInvariant {
  const opened = new Map<bigint, number>();
  const closed = new Map<bigint, number>();
  return {
    name: 'session ends once',
    see(observation) {
      if (observation.kind === 'session') {
        if (observation.isNew || !closed.has(observation.sessionId)) return undefined;
        return `client ${observation.client} was let back into session ${id(observation.sessionId)}, which had ended`;
      }
      if (observation.kind !== 'delivered') return undefined;
      const { clientId, zxid, type } = observation.header;
      if (clientId === 0n) return undefined;
      const ended = closed.get(clientId);
      // A refused write has its place in the order, but does nothing; so does a client's farewell that comes late.
      const isFarewell = type === OpCode.closeSession && observation.header.cxid > 0;
      if (ended !== undefined && zxid > ended && !isFarewell && !isRefused(observation.body)) {
        return `session ${id(clientId)} ended at 0x${ended.toString(16)}, and 0x${zxid.toString(16)} of it is of type ${type}`;
      }
      if (type === OpCode.createSession) {
        const first = opened.get(clientId);
        if (first !== undefined && first !== zxid) return `session id ${id(clientId)} was given out twice`;
        opened.set(clientId, zxid);
      }
      if (type === OpCode.closeSession && ended === undefined) closed.set(clientId, zxid);
      return undefined;
    },
  };
}

/**
 * A session that a client was told is gone does go. As in Apache's server, a client may hear of it while the
 * closing transaction is still on its way to the disk; should that fail, the session ends a timeout later.
 */
export function expiryIsTrue(history: CommittedHistory): ZkInvariant {
  const told = new Map<bigint, number>();
  return {
    name: 'expiry is true',
    see(observation) {
      if (observation.kind === 'expired') told.set(observation.sessionId, observation.client);
      return undefined;
    },
    end() {
      for (const [sessionId, client] of told) {
        const session = history.sessions.get(sessionId);
        if (session !== undefined && session.closedZxid === undefined) {
          return `client ${client} was told that session ${id(sessionId)} is gone, but it is open`;
        }
      }
      return undefined;
    },
  };
}

/**
 * A session that a server has heard from within its timeout is not expired. `hearsayMs` is what news of it may take
 * to the server that decides.
 */
export function livingSessionIsKept(hearsayMs: number): ZkInvariant {
  const heard = new Map<bigint, { sentMs: number; timeoutMs: number }>();
  return {
    name: 'living session is kept',
    see(observation) {
      if (observation.kind === 'session') {
        const { sessionId, timeoutMs } = observation;
        const before = heard.get(sessionId);
        heard.set(sessionId, { sentMs: before?.sentMs ?? 0, timeoutMs });
      } else if (observation.kind === 'answered') {
        const { sessionId, sentMs } = observation.operation;
        const session = heard.get(sessionId);
        if (session !== undefined && sentMs > session.sentMs) session.sentMs = sentMs;
      } else if (observation.kind === 'delivered' && observation.header.type === OpCode.closeSession) {
        // A request of the client's own has a number.
        if (observation.header.cxid !== 0 || observation.isReplay) return undefined;
        const session = heard.get(observation.header.clientId);
        if (session === undefined) return undefined;
        const silentMs = observation.atMs - session.sentMs;
        if (silentMs >= session.timeoutMs - hearsayMs) return undefined;
        return `session ${id(observation.header.clientId)} was expired after ${silentMs} ms of silence; its timeout is ${session.timeoutMs} ms`;
      }
      return undefined;
    },
  };
}

/** Ephemeral nodes live exactly as long as their session. */
export function ephemeralsGoWithTheirSession(history: CommittedHistory): ZkInvariant {
  return {
    name: 'ephemerals go with their session',
    see(observation) {
      if (observation.kind === 'delivered' && observation.header.type === OpCode.closeSession) {
        if (observation.ephemeralsLeft === 0) return undefined;
        return `${observation.peer} keeps ${observation.ephemeralsLeft} ephemerals of session ${id(observation.header.clientId)}, which has ended`;
      }
      if (observation.kind !== 'serving') return undefined;
      const dead = observation.ephemeralOwners.find((owner) => {
        const session = history.sessions.get(owner);
        return session?.closedZxid !== undefined && session.closedZxid <= observation.zxid;
      });
      return dead === undefined
        ? undefined
        : `${observation.peer} recovered ephemerals of session ${id(dead)}, which has ended`;
    },
  };
}

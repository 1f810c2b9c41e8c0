import { counterOf, epochOf } from '../../../src/zookeeper/pipeline/zxid.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { ZkInvariant } from './invariants.ts';

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;

/** At most one server ever leads in an epoch, and at most one of its lives. */
export function oneLeaderPerEpoch(): ZkInvariant {
  const leaders = new Map<number, string>();
  return {
    name: 'one leader per epoch',
    see(observation) {
      if (observation.kind !== 'serving' || !observation.isLeader) return undefined;
      const epoch = epochOf(observation.zxid);
      const own = `${observation.peer} (life ${observation.life})`;
      const first = leaders.get(epoch);
      leaders.set(epoch, own);
      return first === undefined ? undefined : `${own} leads in epoch ${epoch}, in which ${first} led`;
    },
  };
}

/**
 * A new leader has delivered everything that was delivered anywhere before it broadcasts. Its tree tells: it has to be
 * the one behind the last transaction of the history.
 */
export function primaryIntegrity(history: CommittedHistory): ZkInvariant {
  const digests = new Map<number, bigint>();
  return {
    name: 'primary integrity (no acknowledged write lost)',
    see(observation) {
      if (observation.kind === 'delivered' && observation.digest !== undefined) {
        digests.set(observation.header.zxid, observation.digest);
      }
      if (observation.kind !== 'serving' || !observation.isLeader || observation.digest === undefined)
        return undefined;
      const { peer, digest, zxid } = observation;
      const expected = digests.get(history.lastZxid);
      if (expected === undefined || expected === digest) return undefined;
      const has = [...digests].findLast(([, each]) => each === digest);
      const where = has === undefined ? 'a tree that nobody had' : `the tree of ${hex(has[0])}`;
      return `${peer} leads from ${hex(zxid)} on with ${where}; ${hex(history.lastZxid)} had been delivered`;
    },
  };
}

/** Servers deliver prefixes of one history: each transaction right behind the one before it, none left out. */
export function prefixConsistency(history: CommittedHistory): ZkInvariant {
  const positions = new Map<string, number>();
  return {
    name: 'prefix consistency',
    see(observation) {
      if (observation.kind === 'serving') {
        positions.set(observation.peer, history.positionOf(history.lastUpTo(observation.zxid)) ?? -1);
        return undefined;
      }
      if (observation.kind !== 'delivered' || observation.isReplay) return undefined;
      const { peer, header } = observation;
      const position = history.positionOf(header.zxid);
      const before = positions.get(peer) ?? -1;
      if (position === undefined) return `${peer} delivers ${hex(header.zxid)}, which is in nobody's history`;
      positions.set(peer, position);
      if (position === before + 1) return undefined;
      return `${peer} delivers ${hex(header.zxid)}, number ${position}, behind number ${before} of the history`;
    },
  };
}

/** What one leader broadcasts is delivered in the order in which it numbered it, from its first on, without a hole. */
export function localPrimaryOrder(): ZkInvariant {
  let last = 0;
  return {
    name: 'local primary order',
    see(observation) {
      if (observation.kind !== 'delivered' || observation.header.zxid <= last) return undefined;
      const { zxid } = observation.header;
      const before = last;
      last = zxid;
      const expected = epochOf(zxid) === epochOf(before) ? counterOf(before) + 1 : 1;
      if (counterOf(zxid) === expected) return undefined;
      return `${observation.peer} delivers ${hex(zxid)} behind ${hex(before)}`;
    },
  };
}

/** Nothing of an earlier leader is delivered once something of a later one has been. */
export function globalPrimaryOrder(history: CommittedHistory): ZkInvariant {
  return {
    name: 'global primary order',
    see(observation) {
      if (observation.kind !== 'delivered') return undefined;
      const { zxid } = observation.header;
      // The history takes only what is behind its end: whatever else is delivered has to be in it already.
      if (history.positionOf(zxid) !== undefined) return undefined;
      return `${observation.peer} delivers ${hex(zxid)} when ${hex(history.lastZxid)} has been delivered`;
    },
  };
}

import { contentOf } from '../observation.ts';
import { recordsIn } from '../reader.ts';
import type { CommittedLogs, Verdict } from './committed-logs.ts';
import type { Durability } from './durability.ts';
import type { ClusterInvariant } from './observation.ts';

/** Raft's name for it: of each leader epoch of a partition there is one leader at most, whoever says so. */
export function electionSafety(): ClusterInvariant {
  const leaders = new Map<string, number>();
  return {
    name: 'election safety',
    see(observation) {
      let leader = -1;
      if (observation.kind === 'state' || observation.kind === 'told leader') leader = observation.leader;
      else if (observation.kind === 'role' && observation.isLeader) leader = observation.broker;
      else return undefined;
      if (leader < 0) return undefined;
      const { partition, leaderEpoch } = observation;
      const key = `${partition} ${leaderEpoch}`;
      const first = leaders.get(key) ?? leader;
      leaders.set(key, first);
      if (first === leader) return undefined;
      return `brokers ${first} and ${leader} lead ${partition} in epoch ${leaderEpoch}`;
    },
  };
}

/**
 * A new leader has a new epoch, and no epoch comes back: in ZooKeeper, and on every broker, where a leader may be
 * stopped within its epoch.
 */
export function leaderEpochsGrow(): ClusterInvariant {
  const last = new Map<string, { leader: number; leaderEpoch: number }>();
  return {
    name: 'leader epochs grow',
    see(observation) {
      if (observation.kind !== 'state' && observation.kind !== 'role') return undefined;
      const { partition, leaderEpoch } = observation;
      const isState = observation.kind === 'state';
      const where = isState ? 'ZooKeeper' : `broker ${observation.broker} in life ${observation.life}`;
      const leader = isState ? observation.leader : Number(observation.isLeader);
      const key = `${where} ${partition}`;
      const before = last.get(key);
      last.set(key, { leader, leaderEpoch });
      if (before === undefined || leaderEpoch > before.leaderEpoch) return undefined;
      const isSame = leader === before.leader || (!isState && leader === 0);
      if (leaderEpoch === before.leaderEpoch && isSame) return undefined;
      return `${partition} goes from epoch ${before.leaderEpoch} to ${leaderEpoch} in ${where}, with another leader or back`;
    },
  };
}

/** The in-sync replicas are replicas, at least one, and the leader is one of them. */
export function isrOfReplicas(): ClusterInvariant {
  const replicas = new Map<string, readonly number[]>();
  return {
    name: 'ISR is a part of the replicas',
    see(observation) {
      if (observation.kind === 'assigned') replicas.set(observation.partition, observation.replicas);
      if (observation.kind !== 'state') return undefined;
      const { partition, leader, isr } = observation;
      const strangers = isr.filter((id) => replicas.get(partition)?.includes(id) === false);
      if (strangers.length > 0) {
        return `the ISR of ${partition} is ${isr}, its replicas are ${replicas.get(partition)}`;
      }
      // -1 waits for a leader, -2 is on its way out.
      if (leader === -2 || (isr.length > 0 && (leader < 0 || isr.includes(leader)))) return undefined;
      return `${partition} has leader ${leader} and ISR [${isr}]`;
    },
  };
}

/** Of each controller epoch there is one controller at most. */
export function oneControllerPerEpoch(): ClusterInvariant {
  const controllers = new Map<number, number>();
  return {
    name: 'one controller per epoch',
    see(observation) {
      if (observation.kind !== 'controller' && observation.kind !== 'commanded') return undefined;
      const isElection = observation.kind === 'controller';
      const epoch = isElection ? observation.epoch : observation.controllerEpoch;
      const controller = isElection ? observation.broker : observation.controllerId;
      const first = controllers.get(epoch);
      controllers.set(epoch, first ?? controller);
      if (first === undefined || (first === controller && !isElection)) return undefined;
      return `brokers ${first} and ${controller} are controllers in epoch ${epoch}`;
    },
  };
}

/** A controller that another has followed writes no more: the state that stands is from the one in office. */
export function zombieControllersAreFenced(): ClusterInvariant {
  return {
    name: 'zombie controllers are fenced',
    see(observation) {
      if (observation.kind !== 'state') return undefined;
      const { partition, controllerEpoch, currentControllerEpoch } = observation;
      if (controllerEpoch === currentControllerEpoch) return undefined;
      return `the controller of epoch ${controllerEpoch} writes the state of ${partition} in epoch ${currentControllerEpoch}`;
    },
  };
}

/** Raft's name for it: whoever becomes leader has everything that was committed in epochs before. */
export function leaderCompleteness(verdicts: Verdicts): ClusterInvariant {
  return { name: 'leader completeness', see: () => verdicts.take('leader completeness') };
}

/** Below their high watermarks all replicas of a partition are equal, byte by byte. */
export function logMatching(verdicts: Verdicts): ClusterInvariant {
  const name = 'log matching below the high watermark';
  return { name, see: () => verdicts.take(name) };
}

/** What {@link CommittedLogs} finds wrong, for the rules that it belongs to. The first rule of a run. */
export class Verdicts implements ClusterInvariant {
  readonly name = 'committed logs';
  private readonly logs: CommittedLogs;
  private last: Verdict | undefined;

  constructor(logs: CommittedLogs) {
    this.logs = logs;
  }

  see(observation: Parameters<ClusterInvariant['see']>[0]): undefined {
    this.last = this.logs.see(observation);
    return undefined;
  }

  take(rule: Verdict['rule']): string | undefined {
    return this.last?.rule === rule ? this.last.text : undefined;
  }
}

/**
 * Within one leader epoch the high watermark of a replica does not go back. A new leader may be behind for as long
 * as it takes its followers to fetch: it knows less of what is committed than it has.
 */
export function replicaHighWatermarkIsMonotone(durability: Durability): ClusterInvariant {
  return {
    name: 'the high watermark of a replica never goes back',
    see(observation) {
      if (observation.kind !== 'high watermark' || observation.to >= observation.from) return undefined;
      const { partition, broker, leaderEpoch, from, to } = observation;
      if (durability.lapseEpoch(partition) !== undefined) return undefined;
      return `the high watermark of ${partition} goes from ${from} to ${to} on broker ${broker} in epoch ${leaderEpoch}`;
    },
  };
}

/**
 * What is acknowledged with acks=all is committed: the leader's high watermark has passed it. Where nobody could see
 * that, the record has to be there in the end.
 */
export function acknowledgedIsCommitted(logs: CommittedLogs): ClusterInvariant {
  const unseen = new Set<string>();
  return {
    name: 'acknowledged is committed',
    see(observation) {
      if (observation.kind === 'unreadable') unseen.add(observation.partition);
      if (observation.kind !== 'acknowledged') return undefined;
      const { batch, baseOffset } = observation;
      const { partition, records } = batch;
      for (const [index, record] of records.entries()) {
        const offset = baseOffset + index;
        const committed = logs.batchAt(partition, offset);
        const found = committed && recordsIn(committed.bytes).find((each) => each.offset === offset);
        if (found !== undefined && contentOf(found) === contentOf(record)) continue;
        if (committed === undefined && unseen.has(partition)) continue;
        return `${contentOf(record)} was acknowledged at offset ${offset} of ${partition}, where ${found === undefined ? 'nothing' : contentOf(found)} is committed`;
      }
      return undefined;
    },
  };
}

/** Compaction keeps the last record of every key, unless it is a tombstone. */
export function compactionKeepsLastValues(logs: CommittedLogs): ClusterInvariant {
  return {
    name: 'compaction keeps the last value of each key',
    see(observation) {
      if (observation.kind !== 'whole log' || !observation.isCompacted) return undefined;
      const { partition, records } = observation;
      const kept = new Map(records.map((record) => [record.offset, contentOf(record)]));
      const last = new Map(logs.recordsOf(partition).map((record) => [record.key, record]));
      for (const record of last.values()) {
        if (record.value === null || kept.get(record.offset) === contentOf(record)) continue;
        return `the last value of ${record.key} is at offset ${record.offset} of ${partition}, where ${kept.get(record.offset)} is left`;
      }
      return undefined;
    },
  };
}

import type { CommittedHistory } from './committed-history.ts';
import * as rules from './invariants.ts';
import * as sessionRules from './session-invariants.ts';
import { SYNC_LIMIT, serverIds, TICK_MS, type Topology } from './topology.ts';
import { watchRules } from './watch-invariants.ts';
import * as zabRules from './zab-invariants.ts';

/** All rules for a ZooKeeper of some topology, over one committed history. */
export function rulesFor(committed: CommittedHistory, topology: Topology): rules.ZkInvariant[] {
  const isEnsemble = serverIds(topology).length > 1;
  // A leader hears of a learner's sessions with the answers to its pings.
  const hearsayMs = isEnsemble ? (SYNC_LIMIT + 2) * TICK_MS : 0;
  const ofServers = isEnsemble
    ? [
        zabRules.oneLeaderPerEpoch(),
        zabRules.primaryIntegrity(committed),
        zabRules.prefixConsistency(committed),
        zabRules.localPrimaryOrder(),
        zabRules.globalPrimaryOrder(committed),
      ]
    : [rules.nothingAppliedIsLost(committed)];
  return [
    { name: 'committed history', see: (observation) => void committed.see(observation) },
    ...ofServers,
    rules.totalOrder(),
    rules.agreement(),
    rules.equalDigestPerZxid(committed),
    rules.acknowledgedWriteIsCommitted(committed),
    rules.clientFifo(),
    rules.readShowsItsZxid(committed),
    rules.realTimeOrder(),
    sessionRules.sessionEndsOnce(),
    sessionRules.expiryIsTrue(committed),
    sessionRules.livingSessionIsKept(hearsayMs),
    sessionRules.ephemeralsGoWithTheirSession(committed),
    ...watchRules(committed),
  ];
}

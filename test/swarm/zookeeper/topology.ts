import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { quorumVerifierOf } from '../../../src/zookeeper/election/quorum-verifier.ts';
import type { EnsembleConfig } from '../../../src/zookeeper/server/ensemble-config.ts';

export const TICK_MS = 500;
export const SYNC_LIMIT = 5;
const INIT_LIMIT = 10;
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;

/** Observers have the ids behind those of the participants. */
export interface Topology {
  readonly participants: number;
  readonly observers: number;
}

export const STANDALONE: Topology = { participants: 1, observers: 0 };

export function drawTopology(random: SimRandom): Topology {
  const participants = random.chance(0.7) ? 3 : 5;
  return { participants, observers: random.chance(0.3) ? 1 + random.below(2) : 0 };
}

export function serverIds({ participants, observers }: Topology): number[] {
  return Array.from({ length: participants + observers }, (_, index) => index + 1);
}

export function describeTopology({ participants, observers }: Topology): string {
  if (participants === 1) return '1 server';
  return observers === 0 ? `${participants} servers` : `${participants} servers and ${observers} observers`;
}

/** What the server of that id is told; nothing when it is alone. */
export function ensembleConfig(topology: Topology, serverId: number): { ensemble?: EnsembleConfig } {
  if (topology.participants === 1) return {};
  const peers = serverIds(topology).map((id) => ({
    id,
    addresses: [{ host: `zk${id}`, quorumPort: QUORUM_PORT, electionPort: ELECTION_PORT }],
    role: id <= topology.participants ? ('participant' as const) : ('observer' as const),
    client: undefined,
  }));
  return {
    ensemble: {
      serverId,
      quorum: quorumVerifierOf({ version: 0, peers }),
      initLimit: INIT_LIMIT,
      syncLimit: SYNC_LIMIT,
      connectToLearnerMasterLimit: 0,
      quorumListenOnAllIPs: false,
      leaderServes: true,
    },
  };
}

import type { Disk } from '../../../src/env/disk.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { replaceFile } from '../../../src/storage/replace-file.ts';
import { quorumVerifierOf } from '../../../src/zookeeper/election/quorum-verifier.ts';
import { ZooKeeperConfigError, type ZooKeeperServerOptions } from '../../../src/zookeeper/index.ts';
import { loadServerConfig } from '../../../src/zookeeper/server/config-file.ts';
import type { EnsembleConfig } from '../../../src/zookeeper/server/ensemble-config.ts';

export const TICK_MS = 500;
export const SYNC_LIMIT = 5;
const INIT_LIMIT = 10;
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
export const CLIENT_PORT = 2181;
const CONFIG_PATH = '/conf/zoo.cfg';

/** Observers have the ids behind those of the participants. */
export interface Topology {
  readonly participants: number;
  readonly observers: number;
  /** Whether servers leave, join and change their roles meanwhile. */
  readonly isChanging: boolean;
  /** Whether servers without a leader answer reads of those who allow it. */
  readonly readOnlyMode: boolean;
}

export const STANDALONE: Topology = {
  participants: 1,
  observers: 0,
  isChanging: false,
  readOnlyMode: false,
};

export function drawTopology(random: SimRandom): Topology {
  const participants = random.chance(0.7) ? 3 : 5;
  const observers = random.chance(0.3) ? 1 + random.below(2) : 0;
  return { participants, observers, isChanging: false, readOnlyMode: false };
}

export function serverIds({
  participants,
  observers,
}: Pick<Topology, 'participants' | 'observers'>): number[] {
  return Array.from({ length: participants + observers }, (_, index) => index + 1);
}

export function describeTopology(topology: Topology): string {
  const { isChanging, readOnlyMode } = topology;
  const traits = `${isChanging ? ', reconfigured' : ''}${readOnlyMode ? ', read-only mode' : ''}`;
  return `${describeServers(topology)}${traits}`;
}

function describeServers({ participants, observers }: Topology): string {
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
      readOnlyMode: topology.readOnlyMode,
      leaderServes: true,
    },
  };
}

/** The value of a server's line. */
export function serverLine(id: number, role: 'participant' | 'observer'): string {
  return `zk${id}:${QUORUM_PORT}:${ELECTION_PORT}:${role};0.0.0.0:${CLIENT_PORT}`;
}

export function roleAtFirst(topology: Topology, id: number): 'participant' | 'observer' {
  return id <= topology.participants ? 'participant' : 'observer';
}

/**
 * What a server of an ensemble that is reconfigured reads from its zoo.cfg. One that has none yet, or that the others
 * have let go of, gets the one that the ensemble began with: its operator's way of having it join again.
 */
export function fileOptions(
  topology: Topology,
  serverId: number,
  disk: Disk,
  dataDir: string,
): ZooKeeperServerOptions {
  if (disk.stat(CONFIG_PATH) === undefined) writeConfig(topology, serverId, disk, dataDir);
  try {
    return loadServerConfig(disk, CONFIG_PATH).options;
  } catch (error) {
    if (!(error instanceof ZooKeeperConfigError)) throw error;
    writeConfig(topology, serverId, disk, dataDir);
    return loadServerConfig(disk, CONFIG_PATH).options;
  }
}

function writeConfig(topology: Topology, serverId: number, disk: Disk, dataDir: string): void {
  const lines = [
    `dataDir=${dataDir}`,
    `tickTime=${TICK_MS}`,
    `initLimit=${INIT_LIMIT}`,
    `syncLimit=${SYNC_LIMIT}`,
    'reconfigEnabled=true',
    'skipACL=yes',
    'admin.enableServer=false',
    `readonlymode.enabled=${topology.readOnlyMode}`,
    ...serverIds(topology).map((id) => `server.${id}=${serverLine(id, roleAtFirst(topology, id))}`),
  ];
  disk.makeDirectory(dataDir);
  disk.makeDirectory('/conf');
  replaceFile(disk, `${dataDir}/myid`, Buffer.from(`${serverId}\n`));
  replaceFile(disk, CONFIG_PATH, Buffer.from(lines.join('\n')));
  disk.syncDirectory('/');
}

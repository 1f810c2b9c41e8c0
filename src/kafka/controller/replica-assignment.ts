/** Assigns replicas to brokers as `kafka.admin.AdminUtils` (3.9) does. Pure: the caller draws the random starts. */

export interface AssignmentRequest {
  partitions: number;
  replicationFactor: number;
  /** The broker (by its place among the brokers) that the first partition starts from. */
  startIndex: number;
  /** How far the second replica of the first partition is shifted from the first. */
  firstShift: number;
  /** Number of the first partition: not 0 when partitions are added. */
  startPartition: number;
}

/** Replicas by partition, without regard to racks. `brokerIds` must hold at least as many as are to be replicas. */
export function assignReplicas(
  brokerIds: readonly number[],
  request: AssignmentRequest,
): Map<number, number[]> {
  const count = brokerIds.length;
  const assignment = new Map<number, number[]>();
  let shift = request.firstShift;
  for (let i = 0; i < request.partitions; i++) {
    const partition = request.startPartition + i;
    if (partition > 0 && partition % count === 0) shift += 1;
    const first = (partition + request.startIndex) % count;
    const replicas = [brokerIds[first] ?? -1];
    for (let j = 0; j < request.replicationFactor - 1; j++) {
      replicas.push(brokerIds[replicaIndex(first, shift, j, count)] ?? -1);
    }
    assignment.set(partition, replicas);
  }
  return assignment;
}

/**
 * Replicas by partition, spread over racks (KIP-36): every replica in another rack as far as there are racks.
 * Every broker must have a rack.
 */
export function assignReplicasRackAware(
  racks: ReadonlyMap<number, string>,
  request: AssignmentRequest,
): Map<number, number[]> {
  const brokers = alternateByRack(racks);
  const rackCount = new Set(racks.values()).size;
  const assignment = new Map<number, number[]>();
  let shift = request.firstShift;
  for (let i = 0; i < request.partitions; i++) {
    const partition = request.startPartition + i;
    if (partition > 0 && partition % brokers.length === 0) shift += 1;
    const first = (partition + request.startIndex) % brokers.length;
    assignment.set(
      partition,
      spreadOverRacks({ brokers, racks, rackCount, first, shift, replicas: request.replicationFactor }),
    );
  }
  return assignment;
}

function spreadOverRacks(spread: {
  brokers: readonly number[];
  racks: ReadonlyMap<number, string>;
  rackCount: number;
  first: number;
  shift: number;
  replicas: number;
}): number[] {
  const { brokers, racks, rackCount, first, shift } = spread;
  const leader = brokers[first] ?? -1;
  const chosen = [leader];
  const usedRacks = new Set([racks.get(leader)]);
  const usedBrokers = new Set(chosen);
  let tries = 0;
  while (chosen.length < spread.replicas) {
    const broker = brokers[replicaIndex(first, shift * rackCount, tries, brokers.length)] ?? -1;
    const rack = racks.get(broker);
    tries += 1;
    // A rack (a broker) comes twice only when every rack (every broker) has come once.
    const rackFree = !usedRacks.has(rack) || usedRacks.size === rackCount;
    const brokerFree = !usedBrokers.has(broker) || usedBrokers.size === brokers.length;
    if (!rackFree || !brokerFree) continue;
    chosen.push(broker);
    usedRacks.add(rack);
    usedBrokers.add(broker);
  }
  return chosen;
}

/** Brokers so ordered that neighbours are in different racks: one of each rack in turn. */
export function alternateByRack(racks: ReadonlyMap<number, string>): number[] {
  const byRack = new Map<string, number[]>();
  for (const [broker, rack] of [...racks].sort(([left], [right]) => left - right)) {
    const brokers = byRack.get(rack);
    if (brokers === undefined) byRack.set(rack, [broker]);
    else brokers.push(broker);
  }
  const ordered = [...byRack]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, brokers]) => brokers);
  const result: number[] = [];
  const next = ordered.map(() => 0);
  for (let rack = 0; result.length < racks.size; rack = (rack + 1) % ordered.length) {
    const broker = ordered[rack]?.[next[rack] ?? 0];
    if (broker === undefined) continue;
    result.push(broker);
    next[rack] = (next[rack] ?? 0) + 1;
  }
  return result;
}

function replicaIndex(first: number, secondShift: number, replica: number, count: number): number {
  const shift = 1 + ((secondShift + replica) % (count - 1));
  return (first + shift) % count;
}

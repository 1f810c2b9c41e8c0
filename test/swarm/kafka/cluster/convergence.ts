import type { SimHost } from '../../../../src/env/sim/sim-host.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { batchesIn } from '../../../../src/wire/kafka/records/batch.ts';
import { Metadata } from '../../../support/kafka/pairs.ts';
import { InvariantViolation } from '../../invariant.ts';
import type { Route } from '../route.ts';
import { firstDifference } from './committed-logs.ts';
import type { SeenBatch } from './observation.ts';
import type { ZooKeeperTap } from './zookeeper-tap.ts';

/** What ZooKeeper has that is not as it should be when nothing is wrong any more; undefined when all is well. */
export function unsettled(tap: ZooKeeperTap, brokers: number): string | undefined {
  if (tap.controller === undefined) return 'there is no controller';
  if (tap.brokers.size < brokers) return `only brokers ${[...tap.brokers]} are registered`;
  if (tap.moving.size > 0) return `partitions of ${[...tap.moving]} are on the move`;
  for (const [partition, replicas] of tap.replicas) {
    const state = tap.states.get(partition);
    if (state === undefined) return `${partition} has no state`;
    const { leader, isr } = state;
    if (leader < 0) return `${partition} has no leader; its ISR is ${isr}, its replicas are ${replicas}`;
    if ([...isr].sort().join() !== [...replicas].sort().join()) {
      return `the ISR of ${partition} is ${isr}, its replicas are ${replicas}`;
    }
  }
  return undefined;
}

/** What a broker tells clients of the cluster that is not as ZooKeeper has it; undefined when they agree. */
export async function disagreement(
  route: Route,
  broker: number,
  tap: ZooKeeperTap,
): Promise<string | undefined> {
  const answer = await route.call(broker, Metadata, 9, { topics: null, allowAutoTopicCreation: false });
  if (answer === undefined) return `broker ${broker} does not answer`;
  const says = `broker ${broker} says that`;
  if (answer.controllerId !== tap.controller) {
    return `${says} the controller is ${answer.controllerId}, it is ${tap.controller}`;
  }
  const names = answer.topics.map(({ name }) => name).sort();
  if (names.join() !== [...tap.topics.keys()].sort().join()) {
    return `${says} the topics are ${names}, they are ${[...tap.topics.keys()].sort()}`;
  }
  for (const { name, partitions } of answer.topics) {
    for (const { partitionIndex, leaderId, leaderEpoch, isrNodes, errorCode } of partitions) {
      const partition = tap.nameOf(name ?? '', partitionIndex);
      const state = tap.states.get(partition);
      const told = `${leaderId} ${leaderEpoch} ${[...isrNodes].sort()} ${errorCode}`;
      const is = `${state?.leader} ${state?.leaderEpoch} ${[...(state?.isr ?? [])].sort()} ${ErrorCode.NONE}`;
      if (told !== is) return `${says} ${partition} has leader, epoch, ISR and error ${told}, it has ${is}`;
    }
  }
  return undefined;
}

/** The batches of a replica, from the files of its log; undefined where there is none. */
export function batchesOnDisk(
  { env: { disk } }: SimHost,
  logDirs: readonly string[],
  directory: string,
): SeenBatch[] | undefined {
  for (const logDir of logDirs) {
    const path = `${logDir}/${directory}`;
    if (disk.stat(path) === undefined) continue;
    const segments = disk.list(path).filter((name) => name.endsWith('.log'));
    return segments.flatMap((name) => {
      const bytes = disk.readFile(`${path}/${name}`);
      return Array.from(batchesIn(bytes), (batch) => ({
        baseOffset: batch.baseOffset,
        lastOffset: batch.lastOffset,
        bytes: batch.bytes(),
      }));
    });
  }
  return undefined;
}

/** Throws unless the files of all replicas of a partition hold the same, up to the high watermark. */
export function requireEqualReplicas(
  partition: string,
  logs: ReadonlyMap<number, readonly SeenBatch[] | undefined>,
  options: { highWatermark: number; isCompacted: boolean },
): void {
  const name = 'replicas are equal in the end';
  let first: { broker: number; batches: readonly SeenBatch[] } | undefined;
  for (const [broker, batches] of logs) {
    if (batches === undefined)
      throw new InvariantViolation(name, `broker ${broker} has no log of ${partition}`);
    const below = batches.filter(({ lastOffset }) => lastOffset < options.highWatermark);
    first ??= { broker, batches: below };
    const at =
      firstDifference(first.batches, below, options.isCompacted) ??
      firstDifference(below, first.batches, options.isCompacted);
    if (at === undefined) continue;
    throw new InvariantViolation(
      name,
      `brokers ${first.broker} and ${broker} differ at offset ${at} of ${partition}`,
    );
  }
}

import { ErrorCode } from '../../wire/kafka/errors.ts';
import { CommandBatch } from './command-batch.ts';
import type { PartitionContext } from './controller-context.ts';
import type { Machines } from './machines.ts';

/** Epoch in requests of brokers that know of none (before KIP-380). */
const unknownBrokerEpoch = -1;

export interface ControlledShutdownResult {
  errorCode: number;
  /** What the broker still leads, since nobody else can. */
  remaining: readonly { topic: string; partition: number }[];
}

/**
 * A broker is about to stop: what it leads goes to other replicas in sync, and it leaves all other ISRs
 * (`KafkaController.doControlledShutdown`, 3.9). From here on it counts as shutting down, and gets no leaderships.
 */
export async function shutDownBroker(
  machines: Machines,
  brokerId: number,
  brokerEpoch: number,
): Promise<ControlledShutdownResult> {
  const { context, log } = machines;
  const known = context.brokers.get(brokerId);
  if (known === undefined) return { errorCode: ErrorCode.BROKER_NOT_AVAILABLE, remaining: [] };
  if (brokerEpoch !== unknownBrokerEpoch && brokerEpoch < known.epoch) {
    log.info('refused the controlled shutdown of an earlier registration', { broker: brokerId, brokerEpoch });
    return { errorCode: ErrorCode.STALE_BROKER_EPOCH, remaining: [] };
  }
  log.info('a broker shuts down', { broker: brokerId });
  context.shuttingDown.add(brokerId);
  const led: PartitionContext[] = [];
  const followed: PartitionContext[] = [];
  for (const { partition } of context.replicasOn(new Set([brokerId]))) {
    const { assignment, leadership, topic } = partition;
    if (assignment.replicas.length < 2 || leadership === null || topic.deletion !== 'none') continue;
    (leadership.leader === brokerId ? led : followed).push(partition);
  }
  await machines.partitions.moveOnline(led, { kind: 'controlledShutdown' });
  const batch = new CommandBatch(context, machines.controllerId);
  for (const partition of followed) batch.stopReplica(brokerId, partition, false);
  machines.send(batch);
  await machines.replicas.move(
    followed.map((partition) => ({ partition, brokerId })),
    'offline',
  );
  return {
    errorCode: ErrorCode.NONE,
    remaining: [...context.partitions()]
      .filter(
        ({ leadership, topic, assignment }) =>
          leadership?.leader === brokerId && topic.deletion === 'none' && assignment.replicas.length > 1,
      )
      .map(({ topic, partition }) => ({ topic: topic.name, partition })),
  };
}

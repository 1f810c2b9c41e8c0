import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  type AlteredPartition,
  type AlterPartitionCommand,
  type AlterPartitionResult,
  type PartitionAlteration,
  unknownEpoch,
} from '../metadata/alter-partition.ts';
import { type LeaderAndIsr, type PartitionLeadership, zeroUuid } from '../metadata/model.ts';
import { type ControllerContext, type PartitionContext, partitionName } from './controller-context.ts';
import { type Machines, tellMetadata } from './machines.ts';

/** A change that passed the rules. */
interface Accepted {
  readonly asked: PartitionAlteration;
  readonly partition: PartitionContext;
  readonly next: LeaderAndIsr;
}

/**
 * Changes ISRs as their leaders ask (KIP-497), by the rules of `KafkaController.tryProcessAlterPartition` (3.9). One
 * rule is added: a member of the new ISR that comes with a broker epoch must have that very epoch now (KIP-903), so that
 * a follower that was restarted meanwhile, and may have lost records, does not get in.
 */
export async function alterIsrs(
  machines: Machines,
  command: AlterPartitionCommand,
): Promise<{ result: AlterPartitionResult; altered: PartitionContext[] }> {
  const { context, log } = machines;
  const { brokerId, brokerEpoch } = command;
  if (context.brokers.get(brokerId)?.epoch !== brokerEpoch) {
    log.info('refused AlterPartition of an unknown or earlier registration', {
      broker: brokerId,
      brokerEpoch,
    });
    return { result: { errorCode: ErrorCode.STALE_BROKER_EPOCH, partitions: [] }, altered: [] };
  }
  const answers = new Map<PartitionAlteration, AlteredPartition>();
  const accepted: Accepted[] = [];
  const known: PartitionContext[] = [];
  for (const asked of command.partitions) {
    const partition = findPartition(context, asked);
    if (!('topic' in partition)) {
      answers.set(asked, answer(asked, partition));
      continue;
    }
    known.push(partition);
    const verdict = judge(context, partition, brokerId, asked);
    if ('errorCode' in verdict) {
      log.info('refused a change of an ISR', {
        partition: partitionName(partition),
        leader: brokerId,
        errorCode: verdict.errorCode,
      });
      answers.set(asked, answer(asked, verdict, partition));
    } else if (verdict.isUnchanged) answers.set(asked, answer(asked, { state: verdict.state }, partition));
    else accepted.push({ asked, partition, next: verdict.state });
  }
  const altered = await write(machines, accepted, answers);
  tellMetadata(machines, context.brokers.keys(), known);
  return {
    result: {
      errorCode: ErrorCode.NONE,
      partitions: command.partitions.flatMap((asked) => answers.get(asked) ?? []),
    },
    altered,
  };
}

function findPartition(
  context: ControllerContext,
  { topic, topicId, partition }: PartitionAlteration,
): PartitionContext | { errorCode: ErrorCode } {
  const isById = topicId !== zeroUuid || topic === '';
  const found = isById ? context.topicById(topicId) : context.topics.get(topic);
  if (isById && found === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
  return found?.partitions.get(partition) ?? { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
}

function judge(
  context: ControllerContext,
  partition: PartitionContext,
  brokerId: number,
  asked: PartitionAlteration,
): { errorCode: ErrorCode } | { isUnchanged: boolean; state: LeaderAndIsr } {
  const current = partition.leadership;
  if (current === null) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  const isr = asked.isr.map((member) => member.brokerId);
  // A leader that knows more than its controller speaks to one that has been replaced.
  if (asked.partitionEpoch > current.partitionEpoch || asked.leaderEpoch > current.leaderEpoch) {
    return { errorCode: ErrorCode.NOT_CONTROLLER };
  }
  if (asked.leaderEpoch < current.leaderEpoch) return { errorCode: ErrorCode.FENCED_LEADER_EPOCH };
  // Before the versions are compared: a request that was sent again has its first answer.
  if (isSame(current, brokerId, asked, isr)) {
    const { controllerEpoch: _, ...state } = current;
    return { isUnchanged: true, state };
  }
  if (asked.partitionEpoch < current.partitionEpoch) return { errorCode: ErrorCode.INVALID_UPDATE_VERSION };
  if (asked.leaderRecovering && (isr.length > 1 || !current.leaderRecovering)) {
    return { errorCode: ErrorCode.INVALID_REQUEST };
  }
  if (asked.isr.some((member) => !isEligible(context, member))) {
    const isOld = asked.topicId === zeroUuid;
    return { errorCode: isOld ? ErrorCode.OPERATION_NOT_ATTEMPTED : ErrorCode.INELIGIBLE_REPLICA };
  }
  const { leaderEpoch, leaderRecovering, partitionEpoch } = asked;
  return {
    isUnchanged: false,
    state: { leader: brokerId, leaderEpoch, isr, leaderRecovering, partitionEpoch },
  };
}

/** `LeaderAndIsr.equalsAllowStalePartitionEpoch`. */
function isSame(
  current: PartitionLeadership,
  brokerId: number,
  asked: PartitionAlteration,
  isr: readonly number[],
): boolean {
  return (
    current.leader === brokerId &&
    current.leaderEpoch === asked.leaderEpoch &&
    current.leaderRecovering === asked.leaderRecovering &&
    asked.partitionEpoch <= current.partitionEpoch &&
    isr.length === current.isr.length &&
    isr.every((id, index) => id === current.isr[index])
  );
}

function isEligible(
  context: ControllerContext,
  { brokerId, brokerEpoch }: PartitionAlteration['isr'][number],
): boolean {
  if (!context.isLive(brokerId)) return false;
  return brokerEpoch === unknownEpoch || brokerEpoch === context.brokers.get(brokerId)?.epoch;
}

/** Writes what was accepted; returns the partitions whose ISR has changed. */
async function write(
  machines: Machines,
  accepted: readonly Accepted[],
  answers: Map<PartitionAlteration, AlteredPartition>,
): Promise<PartitionContext[]> {
  const { context, topics, log } = machines;
  const results = await topics.updatePartitionStates(
    accepted.map(({ partition, next }) => ({
      topic: partition.topic.name,
      partition: partition.partition,
      state: { ...next, controllerEpoch: context.epoch },
      partitionEpoch: next.partitionEpoch,
    })),
    context.epochZkVersion,
  );
  const altered: PartitionContext[] = [];
  for (const [index, { asked, partition, next }] of accepted.entries()) {
    const result = results[index];
    const isConflict = result?.kind === 'conflict';
    const partitionEpoch =
      result?.kind === 'written'
        ? result.partitionEpoch
        : isConflict && (await refresh(machines, partition, next));
    if (typeof partitionEpoch === 'number') {
      const state = { ...next, partitionEpoch };
      partition.leadership = { ...state, controllerEpoch: context.epoch };
      answers.set(asked, answer(asked, { state }, partition));
      altered.push(partition);
      continue;
    }
    const errorCode = isConflict ? ErrorCode.INVALID_UPDATE_VERSION : ErrorCode.UNKNOWN_SERVER_ERROR;
    log.info('a change of an ISR was not written', {
      partition: partitionName(partition),
      reason: result?.kind === 'failed' ? result.reason : 'its state has another version',
    });
    answers.set(asked, answer(asked, { errorCode }, partition));
  }
  return altered;
}

/**
 * The state has another version than this controller knows. When it is what was to be written, the first answer to
 * the write was lost with a connection to ZooKeeper: gives its version then. Otherwise takes over what stands, so that
 * the leader's next try is judged by it; Apache's controller stays with what it knew.
 */
async function refresh(
  { context, topics }: Machines,
  partition: PartitionContext,
  next: LeaderAndIsr,
): Promise<number | undefined> {
  const found = await topics.partitionState(partition.topic.name, partition.partition);
  if (found === null || found.controllerEpoch > context.epoch) return undefined;
  const { writtenZxid: _, ...state } = found;
  partition.leadership = state;
  const isOurs =
    state.partitionEpoch === next.partitionEpoch + 1 &&
    state.controllerEpoch === context.epoch &&
    state.leader === next.leader &&
    state.leaderEpoch === next.leaderEpoch &&
    state.isr.join() === next.isr.join();
  return isOurs ? state.partitionEpoch : undefined;
}

function answer(
  asked: PartitionAlteration,
  outcome: { errorCode: ErrorCode } | { state: LeaderAndIsr },
  partition?: PartitionContext,
): AlteredPartition {
  return {
    topic: partition?.topic.name ?? asked.topic,
    topicId: asked.topicId === zeroUuid ? zeroUuid : (partition?.topic.id ?? asked.topicId),
    partition: asked.partition,
    errorCode: 'errorCode' in outcome ? outcome.errorCode : ErrorCode.NONE,
    state: 'state' in outcome ? outcome.state : null,
  };
}

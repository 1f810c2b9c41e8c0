import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConfigEntry } from '../../clients/kafka/admin/config-entry.ts';
import type { OngoingReassignment } from '../../clients/kafka/admin/reassignments.ts';
import type { PartitionDescription, TopicDescription } from '../../clients/kafka/admin/topic-description.ts';
import type { TopicSelection } from '../../clients/kafka/admin/topics.ts';
import { isKafkaError } from '../../clients/kafka/kafka-error.ts';
import { stringHashOrder } from '../java-hash-order.ts';
import type { TopicsOptions } from '../kafka-topics.ts';

const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

interface Described {
  readonly topic: TopicDescription;
  readonly entries: readonly ConfigEntry[];
  readonly liveBrokers: ReadonlySet<number>;
  /** Reassignments under way, by `topic-partition`. */
  readonly reassignments: ReadonlyMap<string, OngoingReassignment>;
}

/** Prints topics with their partitions, or those of them that the options ask for. */
export async function describeTopics(
  admin: Admin,
  options: TopicsOptions,
  selection: TopicSelection,
): Promise<void> {
  const limit = options.number('partition-size-limit-per-response');
  const keys = 'topicIds' in selection ? selection.topicIds : selection;
  const found =
    keys.length === 0
      ? []
      : [
          ...(
            await admin.describeTopics(selection, limit === undefined ? {} : { partitionsPerPage: limit })
          ).values(),
        ];
  const names = stringHashOrder(
    found.map(({ name }) => name),
    found.length,
  );
  const configs = await admin.describeConfigs(names.map((name) => ({ type: 'TOPIC', name })));
  const { brokers } = await admin.describeCluster();
  const liveBrokers = new Set(brokers.map(({ id }) => id));
  const reassignments = await ongoingReassignments(admin, found);
  for (const name of names) {
    const topic = found.find((candidate) => candidate.name === name);
    const entries = configs.get(`TOPIC:${name}`)?.entries ?? [];
    if (topic !== undefined) printTopic(options, { topic, entries, liveBrokers, reassignments });
  }
}

async function ongoingReassignments(
  admin: Admin,
  topics: readonly TopicDescription[],
): Promise<ReadonlyMap<string, OngoingReassignment>> {
  const partitions = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  );
  try {
    return await admin.listPartitionReassignments({ partitions });
  } catch (error) {
    const isUntold =
      isKafkaError(error, 'UNSUPPORTED') || isKafkaError(error, 'CLUSTER_AUTHORIZATION_FAILED');
    if (!isUntold) throw error;
    return new Map();
  }
}

/** How many replicas the partition shall have: while it is moved, those that are added do not count. */
function replicationFactor(
  { replicas }: PartitionDescription,
  moving: OngoingReassignment | undefined,
): number {
  const changing = [...(moving?.removingReplicas ?? []), ...(moving?.addingReplicas ?? [])];
  if (moving === undefined || !replicas.some((id) => changing.includes(id))) return replicas.length;
  return moving.replicas.length - moving.addingReplicas.length;
}

function printTopic(options: TopicsOptions, described: Described): void {
  const { topic, entries } = described;
  const isReport = [
    'unavailable-partitions',
    'under-replicated-partitions',
    'under-min-isr-partitions',
    'at-min-isr-partitions',
  ] as const;
  const describesAll = !isReport.some((report) => options.has(report));
  const overridden = options.has('topics-with-overrides');
  const set = entries.filter(({ isDefault }) => !isDefault);
  if (describesAll && (!overridden || set.length > 0)) {
    const configs = set.map(({ name, value }) => `${name}=${value}`).join(',');
    const id = topic.topicId === NO_TOPIC_ID ? '' : `\tTopicId: ${topic.topicId}`;
    const [first] = topic.partitions;
    const moving = described.reassignments.get(`${topic.name}-0`);
    const factor = first === undefined ? 0 : replicationFactor(first, moving);
    const counts = `\tPartitionCount: ${topic.partitions.length}\tReplicationFactor: ${factor}`;
    console.log(`Topic: ${topic.name}${id}${counts}\tConfigs: ${configs}`);
  }
  if (overridden) return;
  for (const partition of topic.partitions) {
    const moving = described.reassignments.get(`${topic.name}-${partition.partition}`);
    if (describesAll || isReported(options, partition, { ...described, moving })) {
      console.log(partitionLine(topic.name, partition, moving));
    }
  }
}

function isReported(
  options: TopicsOptions,
  partition: PartitionDescription,
  { entries, liveBrokers, moving }: Described & { readonly moving: OngoingReassignment | undefined },
): boolean {
  const { leader, isr } = partition;
  const minIsr = Number(entries.find(({ name }) => name === 'min.insync.replicas')?.value);
  const hasLeader = leader >= 0;
  return (
    (options.has('under-replicated-partitions') && replicationFactor(partition, moving) > isr.length) ||
    (options.has('unavailable-partitions') && (!hasLeader || !liveBrokers.has(leader))) ||
    (options.has('under-min-isr-partitions') && (!hasLeader || isr.length < minIsr)) ||
    (options.has('at-min-isr-partitions') && isr.length === minIsr)
  );
}

function partitionLine(
  topic: string,
  partition: PartitionDescription,
  moving: OngoingReassignment | undefined,
): string {
  const { leader, replicas, isr, eligibleLeaderReplicas, lastKnownEligibleLeaderReplicas } = partition;
  const list = (ids: readonly number[] | undefined) => (ids === undefined ? 'N/A' : ids.join(','));
  const fields = [
    `Topic: ${topic}`,
    `Partition: ${partition.partition}`,
    `Leader: ${leader >= 0 ? leader : 'none'}`,
    `Replicas: ${replicas.join(',')}`,
    `Isr: ${isr.join(',')}`,
    ...(moving === undefined
      ? []
      : [
          `Adding Replicas: ${list(moving.addingReplicas)}`,
          `Removing Replicas: ${list(moving.removingReplicas)}`,
        ]),
    `Elr: ${list(eligibleLeaderReplicas)}`,
    `LastKnownElr: ${list(lastKnownEligibleLeaderReplicas)}`,
  ];
  return fields.map((field) => `\t${field}`).join('');
}

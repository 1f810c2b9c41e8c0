import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConfigEntry } from '../../clients/kafka/admin/config-entry.ts';
import type { PartitionDescription, TopicDescription } from '../../clients/kafka/admin/topic-description.ts';
import type { TopicSelection } from '../../clients/kafka/admin/topics.ts';
import { stringHashOrder } from '../java-hash-order.ts';
import type { TopicsOptions } from '../kafka-topics.ts';

const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

interface Described {
  readonly topic: TopicDescription;
  readonly entries: readonly ConfigEntry[];
  readonly liveBrokers: ReadonlySet<number>;
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
  for (const name of names) {
    const topic = found.find((candidate) => candidate.name === name);
    const entries = configs.get(`TOPIC:${name}`)?.entries ?? [];
    if (topic !== undefined) printTopic(options, { topic, entries, liveBrokers });
  }
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
    const counts = `\tPartitionCount: ${topic.partitions.length}\tReplicationFactor: ${topic.partitions[0]?.replicas.length}`;
    console.log(`Topic: ${topic.name}${id}${counts}\tConfigs: ${configs}`);
  }
  if (overridden) return;
  for (const partition of topic.partitions) {
    if (describesAll || isReported(options, partition, described)) {
      console.log(partitionLine(topic.name, partition));
    }
  }
}

function isReported(
  options: TopicsOptions,
  { leader, isr, replicas }: PartitionDescription,
  { entries, liveBrokers }: Described,
): boolean {
  const minIsr = Number(entries.find(({ name }) => name === 'min.insync.replicas')?.value);
  const hasLeader = leader >= 0;
  return (
    (options.has('under-replicated-partitions') && replicas.length > isr.length) ||
    (options.has('unavailable-partitions') && (!hasLeader || !liveBrokers.has(leader))) ||
    (options.has('under-min-isr-partitions') && (!hasLeader || isr.length < minIsr)) ||
    (options.has('at-min-isr-partitions') && isr.length === minIsr)
  );
}

function partitionLine(topic: string, partition: PartitionDescription): string {
  const { leader, replicas, isr, eligibleLeaderReplicas, lastKnownEligibleLeaderReplicas } = partition;
  const list = (ids: readonly number[] | undefined) => (ids === undefined ? 'N/A' : ids.join(','));
  const fields = [
    `Topic: ${topic}`,
    `Partition: ${partition.partition}`,
    `Leader: ${leader >= 0 ? leader : 'none'}`,
    `Replicas: ${replicas.join(',')}`,
    `Isr: ${isr.join(',')}`,
    `Elr: ${list(eligibleLeaderReplicas)}`,
    `LastKnownElr: ${list(lastKnownEligibleLeaderReplicas)}`,
  ];
  return fields.map((field) => `\t${field}`).join('');
}

import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { TopicDescription } from '../../clients/kafka/admin/topic-description.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { minIsrOf, type PartitionTrouble, troubleOf } from '../verbs/partition-trouble.ts';
import { type Finding, shortList } from './finding.ts';

const REMEDIES: Readonly<Record<PartitionTrouble, string>> = {
  offline:
    'start the brokers that hold replicas of them; nothing can be written or read until one in sync is back',
  'under-min-isr':
    'producers with acks=all are refused: start the missing brokers, or look why they lag behind',
  'under-replicated':
    'start the missing brokers, or look into their logs for why they do not catch up (disk, network)',
};

const WORDS: Readonly<Record<PartitionTrouble, string>> = {
  offline: 'offline, without a leader',
  'under-min-isr': 'below min.insync.replicas',
  'under-replicated': 'under-replicated',
};

/** Partitions that are offline or lack replicas, and topics that one broker can take away. */
export async function checkPartitions(admin: Admin, brokerIds: readonly number[]): Promise<Finding[]> {
  const topics = [...(await admin.listTopics({ includeInternal: true })).values()];
  const minIsr = await minIsrOfTopics(admin, topics);
  const troubled = new Map<PartitionTrouble, string[]>();
  let count = 0;
  for (const topic of topics) {
    for (const partition of topic.partitions) {
      count++;
      // Each partition is named once, under the worst of its troubles.
      const worst = troubleOf(partition, minIsr.get(topic.name) ?? 1).at(-1);
      if (worst === undefined) continue;
      const name = `${topic.name}-${partition.partition}`;
      troubled.set(worst, [...(troubled.get(worst) ?? []), name]);
    }
  }
  const findings = (['offline', 'under-min-isr', 'under-replicated'] as const).flatMap(
    (trouble): Finding[] => {
      const names = troubled.get(trouble) ?? [];
      if (names.length === 0) return [];
      const message = `${names.length} of ${count} partitions are ${WORDS[trouble]}: ${shortList(names)}`;
      return [{ check: 'partitions', verdict: 'problem', message, remedy: REMEDIES[trouble] }];
    },
  );
  if (findings.length === 0) {
    const message = `all ${count} partitions of ${topics.length} topics have a leader and all their replicas`;
    findings.push({ check: 'partitions', verdict: 'ok', message });
  }
  return [
    ...missingBrokers(topics, brokerIds),
    ...findings,
    ...fragileTopics(topics, minIsr, brokerIds.length),
  ];
}

/** Brokers that hold replicas and are not there. */
export function missingBrokers(
  topics: readonly Pick<TopicDescription, 'partitions'>[],
  brokerIds: readonly number[],
): Finding[] {
  const counts = new Map<number, number>();
  for (const { replicas } of topics.flatMap(({ partitions }) => partitions)) {
    for (const id of replicas) if (!brokerIds.includes(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts].map(([id, count]) => ({
    check: 'brokers',
    verdict: 'problem',
    message: `broker ${id} is not there, and holds replicas of ${count} partitions`,
    remedy: 'start it; or, when it will not come back, move them with kafka-reassign-partitions.sh',
  }));
}

async function minIsrOfTopics(
  admin: Admin,
  topics: readonly TopicDescription[],
): Promise<ReadonlyMap<string, number>> {
  if (topics.length === 0) return new Map();
  const resources = topics.map(({ name }) => ({
    type: 'TOPIC' as const,
    name,
    keys: ['min.insync.replicas'],
  }));
  const described = await admin.describeConfigs(resources).settled();
  return new Map(
    [...described.values()].flatMap((outcome) =>
      outcome instanceof KafkaError ? [] : [[outcome.name, minIsrOf(outcome.entries)] as const],
    ),
  );
}

/** Topics whose replicas do not survive, or do not serve without, one broker. */
export function fragileTopics(
  topics: readonly Pick<TopicDescription, 'name' | 'partitions'>[],
  minIsr: ReadonlyMap<string, number>,
  brokers: number,
): Finding[] {
  if (brokers < 2) return [];
  const factorOf = ({ partitions }: Pick<TopicDescription, 'partitions'>) =>
    Math.min(...partitions.map(({ replicas }) => replicas.length));
  const single = topics.filter((topic) => factorOf(topic) === 1).map(({ name }) => name);
  const strict = topics
    .filter((topic) => factorOf(topic) > 1 && (minIsr.get(topic.name) ?? 1) >= factorOf(topic))
    .map(({ name }) => name);
  const findings: Finding[] = [];
  if (single.length > 0) {
    findings.push({
      check: 'partitions',
      verdict: 'warning',
      message: `${single.length} topics have one replica, and go with their broker: ${shortList(single)}`,
      remedy: 'raise their replication factor with kafka-reassign-partitions.sh',
    });
  }
  if (strict.length > 0) {
    findings.push({
      check: 'partitions',
      verdict: 'warning',
      message: `${strict.length} topics need all their replicas for acks=all: ${shortList(strict)}`,
      remedy: 'lower min.insync.replicas below the replication factor, so that one broker may be away',
    });
  }
  return findings;
}

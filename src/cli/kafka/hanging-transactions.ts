import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { ProducerState, TransactionDescription } from '../../clients/kafka/admin/transactions.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { isKafkaError, type KafkaError } from '../../clients/kafka/kafka-error.ts';
import type { Clock } from '../../env/clock.ts';
import type { ArgValues } from '../argparse/parse-args.ts';
import { printTable } from './table.ts';
import { orRefuse, type Refuse, refusal } from './transactions.ts';

const BATCH = 500;
const MINUTE_MS = 60_000;

/** A producer that has written to a partition without an end, for longer than transactions may last. */
interface OpenTransaction extends TopicPartition {
  readonly producer: ProducerState;
}

/** `find-hanging`: transactions that are open in a partition and that no coordinator will end. */
export async function findHanging(
  admin: Admin,
  values: ArgValues,
  refuse: Refuse,
  clock: Clock,
): Promise<void> {
  const brokerId = values.number('broker-id');
  const topic = values.text('topic');
  if (topic === undefined && brokerId === undefined) {
    throw refuse(
      'The `find-hanging` command requires either --topic or --broker-id to limit the scope of the search',
    );
  }
  if (values.has('partition') && topic === undefined) {
    throw refuse('The --partition argument requires --topic to be provided');
  }
  const search = { admin, refuse, clock, brokerId };
  const longestMs = Number(values.required('max-transaction-timeout')) * MINUTE_MS;
  const partitions = await partitionsToSearch(search, topic, values.number('partition'));
  const candidates = await openTransactions(search, partitions, longestMs);
  const hanging = candidates.length === 0 ? [] : await withoutAnEnd(search, candidates);
  const headings = [
    'Topic',
    'Partition',
    'ProducerId',
    'ProducerEpoch',
    'CoordinatorEpoch',
    'StartOffset',
    'LastTimestamp',
    'Duration(min)',
  ];
  const rows = hanging.map(({ topic, partition, producer }) => [
    topic,
    `${partition}`,
    `${producer.producerId}`,
    `${producer.producerEpoch}`,
    `${producer.coordinatorEpoch ?? -1}`,
    `${producer.currentTransactionStartOffset ?? -1}`,
    `${producer.lastTimestampMs}`,
    `${Math.trunc((clock.nowMs() - producer.lastTimestampMs) / MINUTE_MS)}`,
  ]);
  printTable(headings, rows);
}

interface Search {
  readonly admin: Admin;
  readonly refuse: Refuse;
  readonly clock: Clock;
  readonly brokerId: number | undefined;
}

async function partitionsToSearch(
  { admin, refuse, brokerId }: Search,
  topic: string | undefined,
  partition: number | undefined,
): Promise<TopicPartition[]> {
  if (topic !== undefined && partition !== undefined) return [{ topic, partition }];
  const topics =
    topic === undefined
      ? await orRefuse(refuse, { call: 'listTopics', what: 'Failed to list topics' }, async () => [
          ...(await admin.listTopics({ includeInternal: true })).keys(),
        ])
      : [topic];
  const found: TopicPartition[] = [];
  for (const batch of batches(topics)) {
    const what = `Failed to describe ${batch.length} topics`;
    const described = await orRefuse(refuse, { call: 'describeTopics', what }, () =>
      admin.describeTopics(batch),
    );
    for (const { name, partitions } of described.values()) {
      for (const { partition, replicas } of partitions) {
        const isThere = brokerId === undefined || replicas.includes(brokerId);
        if (isThere) found.push({ topic: name, partition });
      }
    }
  }
  return found;
}

async function openTransactions(
  { admin, refuse, clock, brokerId }: Search,
  partitions: readonly TopicPartition[],
  longestMs: number,
): Promise<OpenTransaction[]> {
  const open: OpenTransaction[] = [];
  for (const batch of batches(partitions)) {
    // As Java prints an Optional.
    const whom = brokerId === undefined ? 'Optional.empty' : `Optional[${brokerId}]`;
    const what = `Failed to describe producers for ${batch.length} partitions on broker ${whom}`;
    const described = await orRefuse(refuse, { call: 'describeProducers', what }, () =>
      admin.describeProducers(batch, brokerId === undefined ? {} : { brokerId }),
    );
    for (const partition of batch) {
      for (const producer of described.get(partitionKey(partition)) ?? []) {
        const isOpen = producer.currentTransactionStartOffset !== undefined;
        const isLong = clock.nowMs() - producer.lastTimestampMs > longestMs;
        if (isOpen && isLong) open.push({ ...partition, producer });
      }
    }
  }
  return open;
}

/** Those whose coordinator does not know of them, or not of their partition: it will write no marker there. */
async function withoutAnEnd(
  { admin, refuse }: Search,
  open: readonly OpenTransaction[],
): Promise<OpenTransaction[]> {
  const producerIds = [...new Set(open.map(({ producer }) => producer.producerId))];
  const what = `Failed to list transactions for ${producerIds.length} producers`;
  const listed = await orRefuse(refuse, { call: 'listTransactions', what }, () =>
    admin.listTransactions({ producerIds }),
  );
  const idOf = new Map(listed.map(({ producerId, transactionalId }) => [producerId, transactionalId]));
  const ids = [...new Set(idOf.values())];
  const outcomes = await admin.describeTransactions(ids).settled();
  for (const outcome of outcomes.values()) {
    if (!(outcome instanceof Error) || isKafkaError(outcome, 'TRANSACTIONAL_ID_NOT_FOUND')) continue;
    throw refusal(refuse, `Failed to describe ${ids.length} transactions`, outcome);
  }
  return open.filter((transaction) => {
    const description = outcomes.get(idOf.get(transaction.producer.producerId) ?? '');
    return !willEnd(transaction, description);
  });
}

function willEnd(
  { topic, partition }: OpenTransaction,
  description: TransactionDescription | KafkaError | undefined,
): boolean {
  if (description === undefined || description instanceof Error) return false;
  return description.partitions.some((known) => known.topic === topic && known.partition === partition);
}

function batches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );
}

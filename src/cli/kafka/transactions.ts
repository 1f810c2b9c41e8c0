import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { ProducerState } from '../../clients/kafka/admin/transactions.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { isKafkaError } from '../../clients/kafka/kafka-error.ts';
import type { Clock } from '../../env/clock.ts';
import type { Env } from '../../env/env.ts';
import type { ArgValues } from '../argparse/parse-args.ts';
import { JavaError } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import type { ToolExit } from '../tool.ts';
import { findHanging } from './hanging-transactions.ts';
import { printTable } from './table.ts';
import { firstCall, withAdmin } from './with-admin.ts';

/** Ends the command with a message on standard error. */
export type Refuse = (message: string) => ToolExit;

/** Does what the verb says. Throws ToolExit, JavaError and ConfigError. */
export async function runTransactions(values: ArgValues, refuse: Refuse): Promise<void> {
  const from = {
    bootstrapServers: values.required('bootstrap-server'),
    commandConfig: values.text('command-config'),
  };
  let isConnected = false;
  const act = async (admin: Admin, { clock }: Env): Promise<void> => {
    isConnected = true;
    if (values.verb === 'list') await list(admin, values, refuse);
    else if (values.verb === 'describe') await describe(admin, values, refuse, clock);
    else if (values.verb === 'describe-producers') await describeProducers(admin, values, refuse);
    else if (values.verb === 'abort') await abort(admin, values, refuse);
    else await findHanging(admin, values, refuse, clock);
  };
  try {
    await withAdmin(from, act);
  } catch (error) {
    const isFile = error instanceof JavaError && error.javaClass.startsWith('java.nio.file.');
    if (!isConnected && isFile) throw refusal(refuse, 'Failed to load admin client properties', error);
    throw error;
  }
}

/** How the tool tells of an error that a call met. */
export function refusal(refuse: Refuse, what: string, error: unknown): unknown {
  const known = asJavaError(error);
  if (!(known instanceof JavaError)) return error;
  return refuse(`${what}: ${known.message}. Enable debug logging for additional detail.`);
}

/** A call whose errors end the command with `what`. */
export async function orRefuse<T>(
  refuse: Refuse,
  names: { readonly call: string; readonly what: string },
  call: () => PromiseLike<T>,
): Promise<T> {
  try {
    return await firstCall(names.call, call);
  } catch (error) {
    throw refusal(refuse, names.what, error);
  }
}

async function list(admin: Admin, values: ArgValues, refuse: Refuse): Promise<void> {
  const durationMs = values.number('duration-filter');
  const outcomes = await orRefuse(
    refuse,
    { call: 'listTransactions', what: 'Failed to list transactions' },
    () => admin.listTransactions(durationMs === undefined ? {} : { durationMs }).settled(),
  );
  const rows: string[][] = [];
  for (const [brokerId, outcome] of outcomes) {
    if (outcome instanceof Error) throw refusal(refuse, 'Failed to list transactions', outcome);
    for (const { transactionalId, producerId, state } of outcome) {
      rows.push([transactionalId, `${brokerId}`, `${producerId}`, state]);
    }
  }
  printTable(['TransactionalId', 'Coordinator', 'ProducerId', 'TransactionState'], rows);
}

async function describe(admin: Admin, values: ArgValues, refuse: Refuse, clock: Clock): Promise<void> {
  const id = values.required('transactional-id');
  const what = `Failed to describe transaction state of transactional-id \`${id}\``;
  let described: Awaited<ReturnType<Admin['describeTransactions']>>;
  try {
    described = await firstCall('describeTransactions', () => admin.describeTransactions([id]));
  } catch (error) {
    // Java's admin client has words of its own for this.
    const why = `DescribeTransactions request for transactionalId \`${id}\` failed because the ID could not be found`;
    const isUnknown = isKafkaError(error, 'TRANSACTIONAL_ID_NOT_FOUND');
    throw refusal(refuse, what, isUnknown ? new JavaError('', why) : error);
  }
  const headings = [
    'CoordinatorId',
    'TransactionalId',
    'ProducerId',
    'ProducerEpoch',
    'TransactionState',
    'TransactionTimeoutMs',
    'CurrentTransactionStartTimeMs',
    'TransactionDurationMs',
    'TopicPartitions',
  ];
  const rows = [...described.values()].map((transaction) => {
    const { startTimeMs } = transaction;
    return [
      `${transaction.coordinatorId}`,
      id,
      `${transaction.producerId}`,
      `${transaction.producerEpoch}`,
      transaction.state,
      `${transaction.timeoutMs}`,
      startTimeMs === undefined ? 'None' : `${startTimeMs}`,
      startTimeMs === undefined ? 'None' : `${clock.nowMs() - startTimeMs}`,
      transaction.partitions.map(partitionKey).join(','),
    ];
  });
  printTable(headings, rows);
}

const partitionOf = (values: ArgValues): TopicPartition => ({
  topic: values.required('topic'),
  partition: Number(values.required('partition')),
});

async function producersOf(
  admin: Admin,
  partition: TopicPartition,
  brokerId: number | undefined,
): Promise<readonly ProducerState[]> {
  const options = brokerId === undefined ? {} : { brokerId };
  const producers = await firstCall('describeProducers', () => admin.describeProducers([partition], options));
  return producers.get(partitionKey(partition)) ?? [];
}

async function describeProducers(admin: Admin, values: ArgValues, refuse: Refuse): Promise<void> {
  const partition = partitionOf(values);
  const brokerId = values.number('broker-id');
  const whom = brokerId === undefined ? 'leader' : `broker ${brokerId}`;
  const what = `Failed to describe producers for partition ${partitionKey(partition)} on ${whom}`;
  const producers = await orRefuse(refuse, { call: 'describeProducers', what }, () =>
    producersOf(admin, partition, brokerId),
  );
  const headings = [
    'ProducerId',
    'ProducerEpoch',
    'LatestCoordinatorEpoch',
    'LastSequence',
    'LastTimestamp',
    'CurrentTransactionStartOffset',
  ];
  const rows = producers.map((producer) => [
    `${producer.producerId}`,
    `${producer.producerEpoch}`,
    `${producer.coordinatorEpoch ?? -1}`,
    `${producer.lastSequence}`,
    `${producer.lastTimestampMs}`,
    `${producer.currentTransactionStartOffset ?? 'None'}`,
  ]);
  printTable(headings, rows);
}

async function abort(admin: Admin, values: ArgValues, refuse: Refuse): Promise<void> {
  const partition = partitionOf(values);
  const producer = await producerToAbort(admin, values, refuse);
  const { producerId, producerEpoch } = producer;
  const coordinatorEpoch = Math.max(0, producer.coordinatorEpoch ?? 0);
  const spec = `AbortTransactionSpec(topicPartition=${partitionKey(partition)}, producerId=${producerId}, producerEpoch=${producerEpoch}, coordinatorEpoch=${coordinatorEpoch})`;
  await orRefuse(refuse, { call: 'abortTransaction', what: `Failed to abort transaction ${spec}` }, () =>
    admin.abortTransaction({ ...partition, producerId, producerEpoch, coordinatorEpoch }),
  );
}

type Abortable = Pick<ProducerState, 'producerId' | 'producerEpoch' | 'coordinatorEpoch'>;

/** The producer of the transaction at `--start-offset`, or as `--producer-id` and its like name it. */
async function producerToAbort(admin: Admin, values: ArgValues, refuse: Refuse): Promise<Abortable> {
  const startOffset = values.number('start-offset');
  if (startOffset !== undefined) return producerAt(admin, partitionOf(values), startOffset, refuse);
  const producerId = values.text('producer-id');
  if (producerId === undefined) {
    throw refuse(
      'The transaction to abort must be identified either with --start-offset (for brokers on 3.0 or above) or with --producer-id, --producer-epoch, and --coordinator-epoch (for older brokers)',
    );
  }
  const [producerEpoch, coordinatorEpoch] = [
    values.number('producer-epoch'),
    values.number('coordinator-epoch'),
  ];
  if (producerEpoch === undefined) throw refuse('Missing required argument --producer-epoch');
  if (coordinatorEpoch === undefined) throw refuse('Missing required argument --coordinator-epoch');
  return { producerId: BigInt(producerId.replace('+', '')), producerEpoch, coordinatorEpoch };
}

async function producerAt(
  admin: Admin,
  partition: TopicPartition,
  startOffset: number,
  refuse: Refuse,
): Promise<Abortable> {
  const key = partitionKey(partition);
  const producers = await orRefuse(
    refuse,
    { call: 'describeProducers', what: `Failed to validate producer state for partition ${key}` },
    () => producersOf(admin, partition, undefined),
  );
  const found = producers.find(
    ({ currentTransactionStartOffset }) => currentTransactionStartOffset === startOffset,
  );
  if (found !== undefined) return found;
  throw refuse(`Could not find any open transactions starting at offset ${startOffset} on partition ${key}`);
}

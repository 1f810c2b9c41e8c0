import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import { type ReplicaMove, replicaKey } from '../../clients/kafka/admin/log-dirs.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { isKafkaError, KafkaError } from '../../clients/kafka/kafka-error.ts';
import type { Env } from '../../env/env.ts';
import { readOrThrow } from '../client-settings.ts';
import { JavaError, TERSE_EXCEPTION, terse } from '../java-error.ts';
import { hashOrder } from '../java-hash-order.ts';
import { asExecutionError, asJavaError } from '../kafka-failure.ts';
import type { ReassignOptions } from '../kafka-reassign-partitions.ts';
import { messageAndTrace, ToolExit } from '../tool.ts';
import { generateAssignment } from './generate-assignment.ts';
import {
  byPartition,
  commandFailed,
  parseExecutable,
  parseReassignment,
  reassignmentJson,
  type TargetPartition,
} from './reassignment-json.ts';
import { clearThrottles, movesOf, throttleLogDirs, throttleMoves } from './reassignment-throttles.ts';
import { assignmentOf, moveStates, verifyAssignment } from './verify-assignment.ts';
import { firstFuture, withAdmin } from './with-admin.ts';

const RETRY_MS = 100;

/** Does what the action says. Errors are printed as Apache's ReassignPartitionsCommand prints them: {@link ToolExit}. */
export async function reassignPartitions(options: ReassignOptions): Promise<void> {
  const from = {
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.text('command-config'),
  };
  try {
    await withAdmin(from, (admin, env) => act(admin, env, options), {
      'client.id': 'reassign-partitions-tool',
    });
  } catch (error) {
    const known = asJavaError(error);
    if (!(known instanceof JavaError)) throw error;
    const isTerse = known.javaClass === TERSE_EXCEPTION;
    const stdout = isTerse ? `${known.message}\n` : `Error: ${messageAndTrace(known)}\n`;
    throw new ToolExit(1, { stdout });
  }
}

async function act(admin: Admin, env: Env, options: ReassignOptions): Promise<void> {
  const file = (name: 'reassignment-json-file' | 'topics-to-move-json-file'): string =>
    readFile(env, options.required(name));
  const preservesThrottles = options.has('preserve-throttles');
  if (options.has('list')) await list(admin);
  else if (options.has('generate')) {
    await generateAssignment(admin, env, {
      topics: file('topics-to-move-json-file'),
      brokers: options.required('broker-list'),
      isRackAware: !options.has('disable-rack-aware'),
    });
  } else if (options.has('verify')) {
    const { partitions, moves } = parseReassignment(file('reassignment-json-file'));
    const isOngoing = await verifyAssignment(admin, partitions, moves);
    if (!isOngoing && !preservesThrottles) await clearThrottles(admin, partitions);
  } else if (options.has('execute')) {
    await execute(admin, env, options, file('reassignment-json-file'));
  } else {
    await cancel(admin, env, options, file('reassignment-json-file'));
  }
}

function readFile(env: Env, path: string): string {
  try {
    return readOrThrow(env, path).toString();
  } catch (cause) {
    if (!(cause instanceof JavaError)) throw cause;
    throw new JavaError('java.io.IOException', `Unable to read file ${path}`, { cause });
  }
}

async function list(admin: Admin): Promise<void> {
  const ongoing = await firstFuture('listPartitionReassignments', () => admin.listPartitionReassignments());
  if (ongoing.size === 0) {
    console.log('No partition reassignments found.');
    return;
  }
  console.log('Current partition reassignments:');
  for (const entry of [...ongoing.values()].sort(byPartition)) {
    const part = (name: string, ids: readonly number[]) =>
      ids.length === 0 ? '' : ` ${name}: ${ids.join(',')}.`;
    const changes = part('adding', entry.addingReplicas) + part('removing', entry.removingReplicas);
    console.log(`${partitionKey(entry)}: replicas: ${entry.replicas.join(',')}.${changes}`);
  }
}

async function execute(admin: Admin, env: Env, options: ReassignOptions, text: string): Promise<void> {
  const { partitions, moves } = parseExecutable(text);
  const ongoing = await firstFuture('listPartitionReassignments', () => admin.listPartitionReassignments());
  if (!options.has('additional') && ongoing.size > 0) {
    throw terse(
      'Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.',
    );
  }
  await checkBrokers(admin, partitions);
  const current = await assignmentOf(admin, partitions);
  console.log(
    `Current partition replica assignment\n\n${reassignmentJson([...current.values()])}\n\nSave this to use as the --reassignment-json-file option during rollback`,
  );
  const throttle = options.number('throttle') ?? -1;
  const logDirThrottle = options.number('replica-alter-log-dirs-throttle') ?? -1;
  if (throttle >= 0 || logDirThrottle >= 0) {
    console.log(
      'Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.',
    );
    if (throttle >= 0) await throttleMoves(admin, movesOf(ongoing, partitions, current), throttle);
    if (logDirThrottle >= 0) {
      const brokers = [...moves.values()].map(({ brokerId }) => brokerId);
      await throttleLogDirs(admin, brokers, logDirThrottle);
    }
  }
  await alter(admin, partitions, 'Error reassigning partition(s):');
  const s = partitions.length === 1 ? '' : 's';
  console.log(`Successfully started partition reassignment${s} for ${keys(partitions)}`);
  if (moves.size > 0) await moveReplicas(admin, env, moves, options.number('timeout') ?? 0);
}

const keys = (partitions: readonly TopicPartition[]): string =>
  partitions.toSorted(byPartition).map(partitionKey).join(',');

async function checkBrokers(admin: Admin, partitions: readonly TargetPartition[]): Promise<void> {
  const { brokers } = await firstFuture('listNodes', () => admin.describeCluster());
  const wanted = hashOrder([...new Set(partitions.flatMap(({ replicas }) => replicas))], (id) => id);
  const unknown = wanted.find((id) => !brokers.some((broker) => broker.id === id));
  if (unknown !== undefined) throw commandFailed(`Unknown broker id ${unknown}`);
}

/** Starts reassignments, or with null for replicas gives them up. Throws {@link JavaError} with `what` above the errors. */
async function alter(
  admin: Admin,
  partitions: readonly (TopicPartition & { readonly replicas: readonly number[] | null })[],
  what: string | ((failures: number) => string),
): Promise<void> {
  const outcomes = await admin.alterPartitionReassignments(partitions).settled();
  const lines = partitions.toSorted(byPartition).flatMap((partition) => {
    const key = partitionKey(partition);
    const error = asJavaError(outcomes.get(key));
    return error instanceof JavaError ? [`${key}: ${error.message}`] : [];
  });
  if (lines.length === 0) return;
  const heading = typeof what === 'string' ? what : what(lines.length);
  throw terse([heading, ...lines].join('\n'));
}

async function cancel(admin: Admin, env: Env, options: ReassignOptions, text: string): Promise<void> {
  const { partitions, moves } = parseReassignment(text);
  const ongoing = await firstFuture('listPartitionReassignments', () =>
    admin.listPartitionReassignments({ partitions }),
  );
  // One that only adds replicas is passed over, as Apache's tool does (3.9.2).
  const active = [...ongoing.values()].filter(
    ({ addingReplicas, removingReplicas }) => addingReplicas.length === 0 || removingReplicas.length > 0,
  );
  if (active.length === 0) console.log('None of the specified partition reassignments are active.');
  else {
    await alter(
      admin,
      active.map(({ topic, partition }) => ({ topic, partition, replicas: null })),
      (failures) => `Error cancelling partition reassignment${failures === 1 ? '' : 's'} for:`,
    );
    const s = active.length === 1 ? '' : 's';
    console.log(`Successfully cancelled partition reassignment${s} for: ${keys(active)}`);
  }
  const back = new Map<string, ReplicaMove>();
  for (const [key, state] of await moveStates(admin, moves)) {
    if (state.future !== undefined && state.current !== undefined) {
      back.set(key, { ...state.move, path: state.current });
    }
  }
  // Without a line feed, as Apache's.
  if (back.size === 0) process.stdout.write('None of the specified partition moves are active.');
  else await moveReplicas(admin, env, back, options.number('timeout') ?? 0);
  if (!options.has('preserve-throttles')) await clearThrottles(admin, partitions);
}

/** Has replicas moved to log directories. One that has not come to its broker yet is asked for again. */
async function moveReplicas(
  admin: Admin,
  env: Env,
  moves: ReadonlyMap<string, ReplicaMove>,
  timeoutMs: number,
): Promise<void> {
  const endMs = env.clock.monotonicMs() + timeoutMs;
  const pending = new Map(moves);
  for (;;) {
    const outcomes = await admin.alterReplicaLogDirs([...pending.values()]).settled();
    const started: ReplicaMove[] = [];
    for (const [key, move] of [...pending]) {
      const outcome = outcomes.get(key);
      if (outcome instanceof KafkaError) {
        if (isKafkaError(outcome, 'REPLICA_NOT_AVAILABLE')) continue;
        const cause = asExecutionError(outcome);
        throw commandFailed(`Failed to alter dir for ${key}`, cause instanceof JavaError ? cause : undefined);
      }
      started.push(move);
      pending.delete(key);
    }
    for (const { path, topic, partition, brokerId } of started.sort(byReplica)) {
      console.log(
        `Successfully started moving log directory to ${path} for replica ${topic}-${partition} with broker ${brokerId} `,
      );
    }
    if (pending.size === 0) return;
    if (env.clock.monotonicMs() >= endMs) {
      const names = [...pending.values()].sort(byReplica).map(replicaKey);
      const s = names.length === 1 ? '' : 's';
      throw terse(`Timed out before log directory move${s} could be started for: ${names.join(',')}`);
    }
    await new Promise<void>((resolve) => env.timers.after(RETRY_MS, resolve));
  }
}

function byReplica(a: ReplicaMove, b: ReplicaMove): number {
  return a.brokerId - b.brokerId || byPartition(a, b);
}

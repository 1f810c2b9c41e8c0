import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { CommittedOffset } from '../../clients/kafka/admin/group-offsets.ts';
import type { ItemResults } from '../../clients/kafka/admin/item-results.ts';
import { executionException, JavaError, runtimeException } from '../java-error.ts';
import { hashOrder, partitionHash, stringHashOrder } from '../java-hash-order.ts';
import type { ConsumerGroupsOptions } from '../kafka-consumer-groups.ts';
import { asJavaError } from '../kafka-failure.ts';

/** One call of kafka-consumer-groups: its options, its client, and how long calls may take. */
export interface GroupCommand {
  readonly options: ConsumerGroupsOptions;
  readonly admin: Admin;
  /** `--timeout`. */
  readonly timeoutMs: number;
}

/** `printError` of Apache's ConsumerGroupCommand. */
export function printError(message: string): void {
  console.log(`\nError: ${message}`);
}

/** A cell of a table, padded with blanks on its right. */
export function cell(value: string | number | undefined, width: number): string {
  return String(value ?? '-').padEnd(width);
}

/** An error of a call as Java has it: in what its future threw. Errors that are bugs stay what they are. */
export async function inFuture<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const known = asJavaError(error);
    throw known instanceof JavaError ? executionException(known) : error;
  }
}

/** As {@link inFuture}, from where Java could not throw it on. */
export async function inRuntime<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await inFuture(call);
  } catch (error) {
    throw error instanceof JavaError ? runtimeException(error) : error;
  }
}

/** Ids of all groups of consumers, in the order in which Apache's tool has them. */
export async function listGroupIds({ admin, timeoutMs }: GroupCommand): Promise<string[]> {
  const groups = await inRuntime(admin.listGroups({ protocolTypes: ['consumer', ''], timeoutMs }));
  return stringHashOrder(groups.map(({ groupId }) => groupId));
}

/** The groups of `--group`, or all with `--all-groups`. */
export async function chosenGroups(command: GroupCommand): Promise<readonly string[]> {
  const { options } = command;
  return options.has('all-groups') ? listGroupIds(command) : [...new Set(options.all('group'))];
}

/** What a group has committed, in the order of Java's map of it. */
export async function committedOffsets(
  { admin, timeoutMs }: GroupCommand,
  groupId: string,
): Promise<readonly CommittedOffset[]> {
  const results: ItemResults<string, ReadonlyMap<string, CommittedOffset>> = admin.listConsumerGroupOffsets(
    [groupId],
    { timeoutMs },
  );
  const committed = [...((await inRuntime(results)).get(groupId)?.values() ?? [])];
  return hashOrder(committed, partitionHash);
}

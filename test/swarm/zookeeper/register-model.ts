import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import type { History } from '../invariant.ts';
import { type Call, findNonLinearizable, isLinearization, type SequentialModel } from '../linearizability.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { Operation, ZkObservation } from './observation.ts';

interface Register {
  readonly exists: boolean;
  readonly value: string | null;
  readonly version: number;
}

interface Input {
  readonly kind: 'create' | 'set' | 'delete' | 'get' | 'exists';
  readonly value: string | null;
  readonly version: number;
}

interface Output {
  readonly err: number;
  readonly value?: string | null;
  readonly version?: number;
}

const ABSENT: Register = { exists: false, value: null, version: -1 };

function outcome(state: Register, input: Input): { state: Register; output: Output } {
  const { kind, value, version } = input;
  const fail = (err: number) => ({ state, output: { err } });
  if (kind === 'create') {
    if (state.exists) return fail(ErrorCode.NODEEXISTS);
    return { state: { exists: true, value, version: 0 }, output: { err: ErrorCode.OK } };
  }
  if (!state.exists) return fail(ErrorCode.NONODE);
  if (kind === 'get') return { state, output: { err: 0, value: state.value, version: state.version } };
  if (kind === 'exists') return { state, output: { err: 0, version: state.version } };
  if (version !== -1 && version !== state.version) return fail(ErrorCode.BADVERSION);
  if (kind === 'delete') return { state: ABSENT, output: { err: ErrorCode.OK } };
  const after = { exists: true, value, version: state.version + 1 };
  return { state: after, output: { err: ErrorCode.OK, version: after.version } };
}

/** One operation on a register, as its client saw it. */
export type RegisterCall = Call<Input, Output>;

/** With the zxid that it has for the servers. */
type NumberedCall = RegisterCall & { readonly zxid: number };

/** A znode without children, as clients use it: created, set (also conditionally), deleted, read. */
export const registerModel: SequentialModel<Register, Input, Output> = {
  initial: ABSENT,
  apply(state, input, output) {
    const { state: after, output: expected } = outcome(state, input);
    if (output === undefined) return after;
    if (output.err !== expected.err) return undefined;
    if (output.version !== undefined && output.version !== expected.version) return undefined;
    if (output.value !== undefined && output.value !== expected.value) return undefined;
    return after;
  },
  key: ({ value, version }) => `${version} ${value}`,
};

/** What an operation did to one register. */
function inputFor(operation: Operation, path: string): Input | undefined {
  const { kind, value = null, version = -1 } = operation;
  if (kind === 'multi') {
    return operation.paths?.includes(path) === true ? { kind: 'set', value, version: -1 } : undefined;
  }
  if (operation.path !== path) return undefined;
  if (kind === 'get' || kind === 'exists') {
    return operation.afterSync === undefined ? undefined : { kind, value: null, version: -1 };
  }
  return kind === 'create' || kind === 'set' || kind === 'delete' ? { kind, value, version } : undefined;
}

const MODEL_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.OK,
  ErrorCode.NONODE,
  ErrorCode.NODEEXISTS,
  ErrorCode.BADVERSION,
]);

interface Deliveries {
  readonly history: CommittedHistory;
  /** The position at which each transaction was delivered first, by zxid. */
  readonly first: ReadonlyMap<number, number>;
}

function callOf(
  operation: Operation,
  input: Input,
  { history, first }: Deliveries,
): NumberedCall | undefined {
  // A read behind a sync is one operation with it: it began when the sync did.
  const invokedAt = operation.afterSync?.invokedAt ?? operation.invokedAt;
  const { reply } = operation;
  if (reply !== undefined) {
    // A multi that fails changes nothing, and which part refused it is not a register's matter.
    if (operation.kind === 'multi' && reply.err !== ErrorCode.OK) return undefined;
    if (!MODEL_ERRORS.has(reply.err)) return undefined;
    const { err, value, version } = reply;
    const seen = { ...(value === undefined ? {} : { value }), ...(version === undefined ? {} : { version }) };
    const output = err === ErrorCode.OK ? { err, ...seen } : { err };
    const endedAt = operation.endedAt ?? Number.POSITIVE_INFINITY;
    return { input, output, invokedAt, endedAt, zxid: reply.zxid };
  }
  // Without an answer the servers know whether it took effect: when it was delivered first, at the latest.
  const isRead = input.kind === 'get' || input.kind === 'exists';
  const zxid = isRead ? undefined : history.effectOf(operation);
  if (zxid === undefined) return undefined;
  const endedAt = first.get(zxid) ?? Number.POSITIVE_INFINITY;
  return { input, output: { err: ErrorCode.OK }, invokedAt, endedAt, zxid };
}

/**
 * Writes and reads behind a sync have to be linearizable, register by register, by what clients saw alone: zxids tell
 * which unanswered writes took effect, until when, and which order to try before all others, for dozens of
 * operations at a time have too many. They prove nothing.
 */
export function findNonLinearizableRegister(
  observed: History<ZkObservation>,
  history: CommittedHistory,
  paths: readonly string[],
): string | undefined {
  const operations: Operation[] = [];
  const first = new Map<number, number>();
  observed.observations.forEach((observation, position) => {
    if (observation.kind === 'invoked') operations.push(observation.operation);
    if (observation.kind !== 'delivered') return;
    const { zxid } = observation.header;
    if (!first.has(zxid)) first.set(zxid, position);
  });
  for (const path of paths) {
    const calls: NumberedCall[] = [];
    for (const operation of operations) {
      const input = inputFor(operation, path);
      const call = input === undefined ? undefined : callOf(operation, input, { history, first });
      if (call !== undefined) calls.push(call);
    }
    if (isLinearization(registerModel, inOrderOfZxids(calls))) continue;
    const stuck = findNonLinearizable(registerModel, calls);
    if (stuck !== undefined) {
      return `${path}: no order explains the ${calls.length} operations; stuck at ${JSON.stringify(stuck)}`;
    }
  }
  return undefined;
}

/** Reads behind the write that they show. */
function inOrderOfZxids(calls: readonly NumberedCall[]): NumberedCall[] {
  const isRead = ({ input }: NumberedCall): number =>
    input.kind === 'get' || input.kind === 'exists' ? 1 : 0;
  return [...calls].sort((a, b) => a.zxid - b.zxid || isRead(a) - isRead(b) || a.invokedAt - b.invokedAt);
}

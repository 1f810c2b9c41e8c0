import type { ACL, Stat } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import type { MultiOp, MultiResult } from '../../wire/zookeeper/multi.ts';
import { CreateMode, OpCode } from '../../wire/zookeeper/op-codes.ts';
import { type Chroot, checkPath, checkSequentialPath } from './path.ts';
import { ZooKeeperError } from './zookeeper-error.ts';

export type CreateModeName = keyof typeof CreateMode;

export interface CreateOptions {
  /** Default `persistent`. */
  mode?: CreateModeName;
  /** Default: anyone may do anything. */
  acl?: readonly ACL[];
  /** Life of a node without children and changes, for the two modes with a TTL. */
  ttlMs?: number;
}

/** One operation of a multi. A version left out matches any. */
export type MultiOperation =
  | ({ op: 'create'; path: string; data?: Buffer | null } & CreateOptions)
  | { op: 'delete'; path: string; version?: number }
  | { op: 'setData'; path: string; data: Buffer | null; version?: number }
  | { op: 'check'; path: string; version?: number };

/** What came of one operation of a multi. */
export type MultiOperationResult =
  | { op: 'create'; path: string; stat?: Stat }
  | { op: 'delete' }
  | { op: 'setData'; stat: Stat }
  | { op: 'check' };

export type MultiReadOperation = { op: 'getData'; path: string } | { op: 'getChildren'; path: string };

/** What came of one operation of a multiRead; one that fails does not keep the others from succeeding. */
export type MultiReadResult =
  | { op: 'getData'; data: Buffer | null; stat: Stat }
  | { op: 'getChildren'; children: string[] }
  | { op: 'error'; error: ZooKeeperError };

/** A vector of names as the wire has it, which allows for nulls. */
export function namesOf(vector: readonly (string | null)[] | null): string[] {
  return (vector ?? []).map((name) => name ?? '');
}

/** Access for anyone to everything (`ZooDefs.Ids.OPEN_ACL_UNSAFE`). */
export const OPEN_ACL: readonly ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

const SEQUENTIAL: ReadonlySet<CreateModeName> = new Set([
  'persistentSequential',
  'ephemeralSequential',
  'persistentSequentialWithTTL',
]);

/** The create request for a mode. `withStat` asks for the answer with the node's stat, where there is a choice. */
export function createOp(
  chroot: Chroot,
  path: string,
  data: Buffer | null,
  options: CreateOptions & { withStat: boolean },
): Extract<MultiOp, { type: 1 | 15 | 19 | 21 }> {
  const mode = options.mode ?? 'persistent';
  if (SEQUENTIAL.has(mode)) checkSequentialPath(path);
  else checkPath(path);
  const hasTtl = mode === 'persistentWithTTL' || mode === 'persistentSequentialWithTTL';
  if (hasTtl !== (options.ttlMs !== undefined)) {
    const text = hasTtl ? `mode ${mode} needs ttlMs` : `mode ${mode} takes no ttlMs`;
    throw new ZooKeeperError('BADARGUMENTS', path, { text });
  }
  const request = {
    path: chroot.toServer(path),
    data,
    acl: [...(options.acl ?? OPEN_ACL)],
    flags: CreateMode[mode],
  };
  if (options.ttlMs !== undefined)
    return { type: OpCode.createTTL, request: { ...request, ttl: options.ttlMs } };
  if (mode === 'container') return { type: OpCode.createContainer, request };
  return { type: options.withStat ? OpCode.create2 : OpCode.create, request };
}

export function toMultiOp(chroot: Chroot, operation: MultiOperation): MultiOp {
  if (operation.op === 'create') {
    return createOp(chroot, operation.path, operation.data ?? null, { ...operation, withStat: true });
  }
  checkPath(operation.path);
  const target = { path: chroot.toServer(operation.path), version: operation.version ?? -1 };
  if (operation.op === 'delete') return { type: OpCode.delete, request: target };
  if (operation.op === 'check') return { type: OpCode.check, request: target };
  return { type: OpCode.setData, request: { ...target, data: operation.data } };
}

export function toMultiReadOp(chroot: Chroot, operation: MultiReadOperation): MultiOp {
  checkPath(operation.path);
  const request = { path: chroot.toServer(operation.path), watch: false };
  return operation.op === 'getData'
    ? { type: OpCode.getData, request }
    : { type: OpCode.getChildren, request };
}

/** The results of a multi; throws the error of the first operation that was refused. */
export function fromMultiResults(
  chroot: Chroot,
  operations: readonly MultiOperation[],
  results: readonly MultiResult[],
): MultiOperationResult[] {
  const refused = results.findIndex(
    (result) => result.type === OpCode.error && result.response.err !== ErrorCode.OK,
  );
  const cause = results[refused];
  if (cause?.type === OpCode.error) {
    throw ZooKeeperError.of(cause.response.err, operations[refused]?.path ?? '', refused);
  }
  return results.map((result, index): MultiOperationResult => {
    switch (result.type) {
      case OpCode.create:
        return { op: 'create', path: chroot.toClient(result.response.path ?? '') };
      case OpCode.create2:
        return {
          op: 'create',
          path: chroot.toClient(result.response.path ?? ''),
          stat: result.response.stat,
        };
      case OpCode.setData:
        return { op: 'setData', stat: result.response.stat };
      case OpCode.delete:
        return { op: 'delete' };
      case OpCode.check:
        return { op: 'check' };
      default:
        throw new ZooKeeperError('DATAINCONSISTENCY', operations[index]?.path ?? '', {
          text: `answer of type ${result.type} to an operation of a multi`,
        });
    }
  });
}

export function fromMultiReadResults(
  operations: readonly MultiReadOperation[],
  results: readonly MultiResult[],
): MultiReadResult[] {
  return results.map((result, index): MultiReadResult => {
    const path = operations[index]?.path ?? '';
    if (result.type === OpCode.getData) return { op: 'getData', ...result.response };
    if (result.type === OpCode.getChildren) {
      return { op: 'getChildren', children: namesOf(result.response.children) };
    }
    const code = result.type === OpCode.error ? result.response.err : ErrorCode.DATAINCONSISTENCY;
    return { op: 'error', error: ZooKeeperError.of(code, path) };
  });
}

import { assert } from '../../base/assert.ts';
import type { FieldType } from '../../wire/jute/types.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import type { MultiResult } from '../../wire/zookeeper/multi.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import * as protocol from '../../wire/zookeeper/protocol.ts';
import type { TxnBody } from '../../wire/zookeeper/txn-entry.ts';
import type { TxnResult } from '../tree/apply-txn.ts';
import { MultiResponse } from './read-operations.ts';
import type { Reply } from './request.ts';

/** The answer to a write, from its transaction and what that did when it was applied. */
export function replyToWrite(body: TxnBody, result: TxnResult): Reply {
  const { type, error } = result;
  // A multi answers with its parts, whether it failed or not.
  if (type === OpCode.multi) return withRecord(MultiResponse, (result.results ?? []).map(multiResult));
  if (error !== ErrorCode.OK) return { error };
  if (body.type === OpCode.reconfig) {
    return withRecord(protocol.GetDataResponse, { data: body.txn.data, stat: statOf(result) });
  }
  switch (type) {
    case OpCode.create:
      return withRecord(protocol.CreateResponse, { path: pathOf(result) });
    case OpCode.create2:
    case OpCode.createTTL:
    case OpCode.createContainer:
      return withRecord(protocol.Create2Response, { path: pathOf(result), stat: statOf(result) });
    case OpCode.setData:
      return withRecord(protocol.SetDataResponse, { stat: statOf(result) });
    case OpCode.setACL:
      return withRecord(protocol.SetACLResponse, { stat: statOf(result) });
    default:
      return { error };
  }
}

function withRecord<T>(type: FieldType<T>, value: T): Reply {
  return { error: ErrorCode.OK, record: { type: type as FieldType<unknown>, value } };
}

function multiResult(result: TxnResult): MultiResult {
  switch (result.type) {
    case OpCode.create:
      return { type: OpCode.create, response: { path: pathOf(result) } };
    case OpCode.create2:
    case OpCode.createTTL:
    case OpCode.createContainer:
      return { type: OpCode.create2, response: { path: pathOf(result), stat: statOf(result) } };
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type: OpCode.delete };
    case OpCode.setData:
      return { type: OpCode.setData, response: { stat: statOf(result) } };
    case OpCode.check:
      return { type: OpCode.check };
    default:
      return { type: OpCode.error, response: { err: result.error } };
  }
}

function pathOf(result: TxnResult): string {
  assert(result.path !== undefined, () => `transaction of type ${result.type} was applied without a path`);
  return result.path;
}

function statOf(result: TxnResult): protocol.SetDataResponse['stat'] {
  assert(result.stat !== undefined, () => `transaction of type ${result.type} was applied without a stat`);
  return result.stat;
}

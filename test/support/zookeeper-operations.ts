import type { FieldType } from '../../src/wire/jute/types.ts';
import { OpCode, type OpName } from '../../src/wire/zookeeper/op-codes.ts';
import * as protocol from '../../src/wire/zookeeper/protocol.ts';

/** The records of one operation between client and server; null where a side sends none. */
export interface Operation {
  readonly name: OpName;
  readonly request: FieldType<unknown> | null;
  readonly response: FieldType<unknown> | null;
}

/** Every operation that a client can ask for, but multi and multiRead, whose bodies `multi.ts` codes. */
const operations: Readonly<Partial<Record<OpName, Omit<Operation, 'name'>>>> = {
  create: { request: protocol.CreateRequest, response: protocol.CreateResponse },
  create2: { request: protocol.CreateRequest, response: protocol.Create2Response },
  createContainer: { request: protocol.CreateRequest, response: protocol.Create2Response },
  createTTL: { request: protocol.CreateTTLRequest, response: protocol.Create2Response },
  delete: { request: protocol.DeleteRequest, response: null },
  deleteContainer: { request: protocol.DeleteRequest, response: null },
  exists: { request: protocol.ExistsRequest, response: protocol.ExistsResponse },
  getData: { request: protocol.GetDataRequest, response: protocol.GetDataResponse },
  setData: { request: protocol.SetDataRequest, response: protocol.SetDataResponse },
  getACL: { request: protocol.GetACLRequest, response: protocol.GetACLResponse },
  setACL: { request: protocol.SetACLRequest, response: protocol.SetACLResponse },
  getChildren: { request: protocol.GetChildrenRequest, response: protocol.GetChildrenResponse },
  getChildren2: { request: protocol.GetChildren2Request, response: protocol.GetChildren2Response },
  sync: { request: protocol.SyncRequest, response: protocol.SyncResponse },
  ping: { request: null, response: null },
  check: { request: protocol.CheckVersionRequest, response: null },
  reconfig: { request: protocol.ReconfigRequest, response: protocol.GetDataResponse },
  checkWatches: { request: protocol.CheckWatchesRequest, response: null },
  removeWatches: { request: protocol.RemoveWatchesRequest, response: null },
  auth: { request: protocol.AuthPacket, response: null },
  setWatches: { request: protocol.SetWatches, response: null },
  setWatches2: { request: protocol.SetWatches2, response: null },
  addWatch: { request: protocol.AddWatchRequest, response: protocol.ErrorResponse },
  sasl: { request: protocol.GetSASLRequest, response: protocol.SetSASLResponse },
  getEphemerals: { request: protocol.GetEphemeralsRequest, response: protocol.GetEphemeralsResponse },
  getAllChildrenNumber: {
    request: protocol.GetAllChildrenNumberRequest,
    response: protocol.GetAllChildrenNumberResponse,
  },
  whoAmI: { request: null, response: protocol.WhoAmIResponse },
  closeSession: { request: null, response: null },
};

const BY_CODE: ReadonlyMap<number, Operation> = new Map(
  Object.entries(operations).map(([key, records]) => {
    const name = key as OpName;
    return [OpCode[name], { name, ...records }];
  }),
);

/** The records of the operation `type`; undefined for multi, multiRead and unknown operations. */
export function operation(type: number): Operation | undefined {
  return BY_CODE.get(type);
}

import { type Infer, record } from '../jute/record.ts';
import { bigLong, bool, buffer, int, long, ustring, vector } from '../jute/types.ts';
import { ACL, ClientInfo, Stat } from './data.ts';

/** Requests, replies and events between client and server (`org.apache.zookeeper.proto`). */

export const AddWatchRequest = record('proto.AddWatchRequest', { path: ustring, mode: int });
export type AddWatchRequest = Infer<typeof AddWatchRequest>;

export const AuthPacket = record('proto.AuthPacket', { type: int, scheme: ustring, auth: buffer });
export type AuthPacket = Infer<typeof AuthPacket>;

export const CheckVersionRequest = record('proto.CheckVersionRequest', { path: ustring, version: int });
export type CheckVersionRequest = Infer<typeof CheckVersionRequest>;

export const CheckWatchesRequest = record('proto.CheckWatchesRequest', { path: ustring, type: int });
export type CheckWatchesRequest = Infer<typeof CheckWatchesRequest>;

export const ConnectRequest = record('proto.ConnectRequest', {
  protocolVersion: int,
  lastZxidSeen: long,
  timeOut: int,
  sessionId: bigLong,
  passwd: buffer,
  readOnly: bool,
});
export type ConnectRequest = Infer<typeof ConnectRequest>;

export const ConnectResponse = record('proto.ConnectResponse', {
  protocolVersion: int,
  timeOut: int,
  sessionId: bigLong,
  passwd: buffer,
  readOnly: bool,
});
export type ConnectResponse = Infer<typeof ConnectResponse>;

export const Create2Response = record('proto.Create2Response', { path: ustring, stat: Stat });
export type Create2Response = Infer<typeof Create2Response>;

export const CreateRequest = record('proto.CreateRequest', {
  path: ustring,
  data: buffer,
  acl: vector(ACL),
  flags: int,
});
export type CreateRequest = Infer<typeof CreateRequest>;

export const CreateResponse = record('proto.CreateResponse', { path: ustring });
export type CreateResponse = Infer<typeof CreateResponse>;

export const CreateTTLRequest = record('proto.CreateTTLRequest', {
  path: ustring,
  data: buffer,
  acl: vector(ACL),
  flags: int,
  ttl: long,
});
export type CreateTTLRequest = Infer<typeof CreateTTLRequest>;

export const DeleteRequest = record('proto.DeleteRequest', { path: ustring, version: int });
export type DeleteRequest = Infer<typeof DeleteRequest>;

export const ErrorResponse = record('proto.ErrorResponse', { err: int });
export type ErrorResponse = Infer<typeof ErrorResponse>;

export const ExistsRequest = record('proto.ExistsRequest', { path: ustring, watch: bool });
export type ExistsRequest = Infer<typeof ExistsRequest>;

export const ExistsResponse = record('proto.ExistsResponse', { stat: Stat });
export type ExistsResponse = Infer<typeof ExistsResponse>;

export const GetACLRequest = record('proto.GetACLRequest', { path: ustring });
export type GetACLRequest = Infer<typeof GetACLRequest>;

export const GetACLResponse = record('proto.GetACLResponse', { acl: vector(ACL), stat: Stat });
export type GetACLResponse = Infer<typeof GetACLResponse>;

export const GetAllChildrenNumberRequest = record('proto.GetAllChildrenNumberRequest', { path: ustring });
export type GetAllChildrenNumberRequest = Infer<typeof GetAllChildrenNumberRequest>;

export const GetAllChildrenNumberResponse = record('proto.GetAllChildrenNumberResponse', {
  totalNumber: int,
});
export type GetAllChildrenNumberResponse = Infer<typeof GetAllChildrenNumberResponse>;

export const GetChildren2Request = record('proto.GetChildren2Request', { path: ustring, watch: bool });
export type GetChildren2Request = Infer<typeof GetChildren2Request>;

export const GetChildren2Response = record('proto.GetChildren2Response', {
  children: vector(ustring),
  stat: Stat,
});
export type GetChildren2Response = Infer<typeof GetChildren2Response>;

export const GetChildrenRequest = record('proto.GetChildrenRequest', { path: ustring, watch: bool });
export type GetChildrenRequest = Infer<typeof GetChildrenRequest>;

export const GetChildrenResponse = record('proto.GetChildrenResponse', { children: vector(ustring) });
export type GetChildrenResponse = Infer<typeof GetChildrenResponse>;

export const GetDataRequest = record('proto.GetDataRequest', { path: ustring, watch: bool });
export type GetDataRequest = Infer<typeof GetDataRequest>;

export const GetDataResponse = record('proto.GetDataResponse', { data: buffer, stat: Stat });
export type GetDataResponse = Infer<typeof GetDataResponse>;

export const GetEphemeralsRequest = record('proto.GetEphemeralsRequest', { prefixPath: ustring });
export type GetEphemeralsRequest = Infer<typeof GetEphemeralsRequest>;

export const GetEphemeralsResponse = record('proto.GetEphemeralsResponse', { ephemerals: vector(ustring) });
export type GetEphemeralsResponse = Infer<typeof GetEphemeralsResponse>;

export const GetMaxChildrenRequest = record('proto.GetMaxChildrenRequest', { path: ustring });
export type GetMaxChildrenRequest = Infer<typeof GetMaxChildrenRequest>;

export const GetMaxChildrenResponse = record('proto.GetMaxChildrenResponse', { max: int });
export type GetMaxChildrenResponse = Infer<typeof GetMaxChildrenResponse>;

export const GetSASLRequest = record('proto.GetSASLRequest', { token: buffer });
export type GetSASLRequest = Infer<typeof GetSASLRequest>;

export const MultiHeader = record('proto.MultiHeader', { type: int, done: bool, err: int });
export type MultiHeader = Infer<typeof MultiHeader>;

export const ReconfigRequest = record('proto.ReconfigRequest', {
  joiningServers: ustring,
  leavingServers: ustring,
  newMembers: ustring,
  curConfigId: long,
});
export type ReconfigRequest = Infer<typeof ReconfigRequest>;

export const RemoveWatchesRequest = record('proto.RemoveWatchesRequest', { path: ustring, type: int });
export type RemoveWatchesRequest = Infer<typeof RemoveWatchesRequest>;

export const ReplyHeader = record('proto.ReplyHeader', { xid: int, zxid: long, err: int });
export type ReplyHeader = Infer<typeof ReplyHeader>;

export const RequestHeader = record('proto.RequestHeader', { xid: int, type: int });
export type RequestHeader = Infer<typeof RequestHeader>;

export const SetACLRequest = record('proto.SetACLRequest', { path: ustring, acl: vector(ACL), version: int });
export type SetACLRequest = Infer<typeof SetACLRequest>;

export const SetACLResponse = record('proto.SetACLResponse', { stat: Stat });
export type SetACLResponse = Infer<typeof SetACLResponse>;

export const SetDataRequest = record('proto.SetDataRequest', { path: ustring, data: buffer, version: int });
export type SetDataRequest = Infer<typeof SetDataRequest>;

export const SetDataResponse = record('proto.SetDataResponse', { stat: Stat });
export type SetDataResponse = Infer<typeof SetDataResponse>;

export const SetMaxChildrenRequest = record('proto.SetMaxChildrenRequest', { path: ustring, max: int });
export type SetMaxChildrenRequest = Infer<typeof SetMaxChildrenRequest>;

export const SetSASLRequest = record('proto.SetSASLRequest', { token: buffer });
export type SetSASLRequest = Infer<typeof SetSASLRequest>;

export const SetSASLResponse = record('proto.SetSASLResponse', { token: buffer });
export type SetSASLResponse = Infer<typeof SetSASLResponse>;

export const SetWatches = record('proto.SetWatches', {
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
});
export type SetWatches = Infer<typeof SetWatches>;

export const SetWatches2 = record('proto.SetWatches2', {
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
  persistentWatches: vector(ustring),
  persistentRecursiveWatches: vector(ustring),
});
export type SetWatches2 = Infer<typeof SetWatches2>;

export const SyncRequest = record('proto.SyncRequest', { path: ustring });
export type SyncRequest = Infer<typeof SyncRequest>;

export const SyncResponse = record('proto.SyncResponse', { path: ustring });
export type SyncResponse = Infer<typeof SyncResponse>;

export const WatcherEvent = record('proto.WatcherEvent', { type: int, state: int, path: ustring });
export type WatcherEvent = Infer<typeof WatcherEvent>;

export const WhoAmIResponse = record('proto.WhoAmIResponse', { clientInfo: vector(ClientInfo) });
export type WhoAmIResponse = Infer<typeof WhoAmIResponse>;

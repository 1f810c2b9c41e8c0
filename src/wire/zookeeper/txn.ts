import { type Infer, record } from '../jute/record.ts';
import { bigLong, bool, buffer, int, long, ustring, vector } from '../jute/types.ts';
import { ACL } from './data.ts';

/** Transactions, in logs and in proposals (`org.apache.zookeeper.txn`). */

export const TxnHeader = record('txn.TxnHeader', {
  clientId: bigLong,
  cxid: int,
  zxid: long,
  time: long,
  type: int,
});
export type TxnHeader = Infer<typeof TxnHeader>;

export const TxnDigest = record('txn.TxnDigest', { version: int, treeDigest: bigLong });
export type TxnDigest = Infer<typeof TxnDigest>;

export const CheckVersionTxn = record('txn.CheckVersionTxn', { path: ustring, version: int });
export type CheckVersionTxn = Infer<typeof CheckVersionTxn>;

export const CloseSessionTxn = record('txn.CloseSessionTxn', { paths2Delete: vector(ustring) });
export type CloseSessionTxn = Infer<typeof CloseSessionTxn>;

export const CreateContainerTxn = record('txn.CreateContainerTxn', {
  path: ustring,
  data: buffer,
  acl: vector(ACL),
  parentCVersion: int,
});
export type CreateContainerTxn = Infer<typeof CreateContainerTxn>;

export const CreateSessionTxn = record('txn.CreateSessionTxn', { timeOut: int });
export type CreateSessionTxn = Infer<typeof CreateSessionTxn>;

export const CreateTTLTxn = record('txn.CreateTTLTxn', {
  path: ustring,
  data: buffer,
  acl: vector(ACL),
  parentCVersion: int,
  ttl: long,
});
export type CreateTTLTxn = Infer<typeof CreateTTLTxn>;

export const CreateTxn = record('txn.CreateTxn', {
  path: ustring,
  data: buffer,
  acl: vector(ACL),
  ephemeral: bool,
  parentCVersion: int,
});
export type CreateTxn = Infer<typeof CreateTxn>;

export const CreateTxnV0 = record('txn.CreateTxnV0', {
  path: ustring,
  data: buffer,
  acl: vector(ACL),
  ephemeral: bool,
});
export type CreateTxnV0 = Infer<typeof CreateTxnV0>;

export const DeleteTxn = record('txn.DeleteTxn', { path: ustring });
export type DeleteTxn = Infer<typeof DeleteTxn>;

export const ErrorTxn = record('txn.ErrorTxn', { err: int });
export type ErrorTxn = Infer<typeof ErrorTxn>;

export const Txn = record('txn.Txn', { type: int, data: buffer });
export type Txn = Infer<typeof Txn>;

export const MultiTxn = record('txn.MultiTxn', { txns: vector(Txn) });
export type MultiTxn = Infer<typeof MultiTxn>;

export const SetACLTxn = record('txn.SetACLTxn', { path: ustring, acl: vector(ACL), version: int });
export type SetACLTxn = Infer<typeof SetACLTxn>;

export const SetDataTxn = record('txn.SetDataTxn', { path: ustring, data: buffer, version: int });
export type SetDataTxn = Infer<typeof SetDataTxn>;

export const SetMaxChildrenTxn = record('txn.SetMaxChildrenTxn', { path: ustring, max: int });
export type SetMaxChildrenTxn = Infer<typeof SetMaxChildrenTxn>;

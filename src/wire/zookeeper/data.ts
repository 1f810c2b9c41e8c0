import { type Infer, record } from '../jute/record.ts';
import { bigLong, int, long, ustring } from '../jute/types.ts';

/** Values that requests, transactions and snapshots share (`org.apache.zookeeper.data`). */

export const Id = record('data.Id', { scheme: ustring, id: ustring });
export type Id = Infer<typeof Id>;

export const ACL = record('data.ACL', { perms: int, id: Id });
export type ACL = Infer<typeof ACL>;

export const Stat = record('data.Stat', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: bigLong,
  dataLength: int,
  numChildren: int,
  pzxid: long,
});
export type Stat = Infer<typeof Stat>;

export const StatPersisted = record('data.StatPersisted', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: bigLong,
  pzxid: long,
});
export type StatPersisted = Infer<typeof StatPersisted>;

export const ClientInfo = record('data.ClientInfo', { authScheme: ustring, user: ustring });
export type ClientInfo = Infer<typeof ClientInfo>;

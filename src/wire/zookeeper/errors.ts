/** Error codes of reply headers and error transactions (`KeeperException.Code`). */
export const ErrorCode = {
  OK: 0,
  SYSTEMERROR: -1,
  RUNTIMEINCONSISTENCY: -2,
  DATAINCONSISTENCY: -3,
  CONNECTIONLOSS: -4,
  MARSHALLINGERROR: -5,
  UNIMPLEMENTED: -6,
  OPERATIONTIMEOUT: -7,
  BADARGUMENTS: -8,
  UNKNOWNSESSION: -12,
  NEWCONFIGNOQUORUM: -13,
  RECONFIGINPROGRESS: -14,
  APIERROR: -100,
  NONODE: -101,
  NOAUTH: -102,
  BADVERSION: -103,
  NOCHILDRENFOREPHEMERALS: -108,
  NODEEXISTS: -110,
  NOTEMPTY: -111,
  SESSIONEXPIRED: -112,
  INVALIDCALLBACK: -113,
  INVALIDACL: -114,
  AUTHFAILED: -115,
  SESSIONMOVED: -118,
  NOTREADONLY: -119,
  EPHEMERALONLOCALSESSION: -120,
  NOWATCHER: -121,
  REQUESTTIMEOUT: -122,
  RECONFIGDISABLED: -123,
  SESSIONCLOSEDREQUIRESASLAUTH: -124,
  QUOTAEXCEEDED: -125,
  THROTTLEDOP: -127,
} as const;

export type ErrorName = keyof typeof ErrorCode;
export type ErrorCode = (typeof ErrorCode)[ErrorName];

export interface ErrorInfo {
  readonly name: ErrorName;
  readonly code: ErrorCode;
  /** What went wrong, for a human. */
  readonly text: string;
}

const TEXTS: Readonly<Record<ErrorName, string>> = {
  OK: 'no error',
  SYSTEMERROR: 'system error on the server',
  RUNTIMEINCONSISTENCY: 'runtime inconsistency, or an operation of a multi that was not tried',
  DATAINCONSISTENCY: 'data inconsistency',
  CONNECTIONLOSS: 'connection to the server was lost; whether the operation happened is unknown',
  MARSHALLINGERROR: 'the request could not be decoded',
  UNIMPLEMENTED: 'the server does not know this operation',
  OPERATIONTIMEOUT: 'the operation timed out',
  BADARGUMENTS: 'invalid arguments',
  UNKNOWNSESSION: 'unknown session',
  NEWCONFIGNOQUORUM: 'no quorum of the new configuration is connected and up to date',
  RECONFIGINPROGRESS: 'another reconfiguration is under way',
  APIERROR: 'API error',
  NONODE: 'the node does not exist',
  NOAUTH: 'not permitted by the ACL of the node',
  BADVERSION: 'the version does not match that of the node',
  NOCHILDRENFOREPHEMERALS: 'ephemeral nodes cannot have children',
  NODEEXISTS: 'the node exists already',
  NOTEMPTY: 'the node has children',
  SESSIONEXPIRED: 'the session has expired',
  INVALIDCALLBACK: 'invalid callback',
  INVALIDACL: 'invalid ACL',
  AUTHFAILED: 'authentication failed',
  SESSIONMOVED: 'the session has moved to another server',
  NOTREADONLY: 'a write was sent to a read-only server',
  EPHEMERALONLOCALSESSION: 'a local session cannot own ephemeral nodes',
  NOWATCHER: 'no such watch',
  REQUESTTIMEOUT: 'the request was not answered in time',
  RECONFIGDISABLED: 'reconfiguration is disabled',
  SESSIONCLOSEDREQUIRESASLAUTH: 'the server requires SASL authentication and closed the session',
  QUOTAEXCEEDED: 'the quota would be exceeded',
  THROTTLEDOP: 'the server is overloaded and dropped the operation',
};

const BY_CODE: ReadonlyMap<number, ErrorInfo> = new Map(
  Object.entries(ErrorCode).map(([key, code]) => {
    const name = key as ErrorName;
    return [code, { name, code, text: TEXTS[name] }];
  }),
);

/** Undefined for a code that ZooKeeper 3.9 does not know. */
export function errorInfo(code: number): ErrorInfo | undefined {
  return BY_CODE.get(code);
}

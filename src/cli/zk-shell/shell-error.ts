import { ZooKeeperError } from '../../clients/index.ts';

/** A command that came to nothing: what is printed, and what a one-shot call exits with. */
export class ShellError extends Error {
  override name = 'ShellError';
  readonly exitCode: number;
  /** The name of ZooKeeper's error, for programs. */
  readonly code: string | undefined;

  constructor(message: string, options: { exitCode?: number; code?: string } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? 1;
    this.code = options.code;
  }
}

/** How CliWrapperException says the usual errors. */
const TOLD: Readonly<Record<string, (path: string) => string>> = {
  NONODE: (path) => `Node does not exist: ${path}`,
  NOCHILDRENFOREPHEMERALS: (path) => `Ephemerals cannot have children: ${path}`,
  NODEEXISTS: (path) => `Node already exists: ${path}`,
  NOTEMPTY: (path) => `Node not empty: ${path}`,
  NOTREADONLY: (path) => `Not a read-only call: ${path}`,
  INVALIDACL: (path) => `Acl is not valid : ${path}`,
  NOAUTH: (path) => `Insufficient permission : ${path}`,
  BADARGUMENTS: (path) => `Arguments are not valid : ${path}`,
  BADVERSION: (path) => `version No is not valid : ${path}`,
  RECONFIGINPROGRESS: () =>
    'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  NEWCONFIGNOQUORUM: () =>
    'No quorum of new config is connected and up-to-date with the leader of last commmitted config - try ' +
    'invoking reconfiguration after new servers are connected and synced',
  QUOTAEXCEEDED: (path) => `Quota has exceeded : ${path}`,
};

/** The names in `KeeperException.getCodeMessage` that are not the plain name of the error. */
const KEEPER_NAMES: Readonly<Record<string, string>> = {
  OK: 'ok',
  SYSTEMERROR: 'SystemError',
  RUNTIMEINCONSISTENCY: 'RuntimeInconsistency',
  DATAINCONSISTENCY: 'DataInconsistency',
  CONNECTIONLOSS: 'ConnectionLoss',
  MARSHALLINGERROR: 'MarshallingError',
  NEWCONFIGNOQUORUM: 'NewConfigNoQuorum',
  RECONFIGINPROGRESS: 'ReconfigInProgress',
  UNIMPLEMENTED: 'Unimplemented',
  OPERATIONTIMEOUT: 'OperationTimeout',
  BADARGUMENTS: 'BadArguments',
  APIERROR: 'APIError',
  NONODE: 'NoNode',
  NOAUTH: 'NoAuth',
  BADVERSION: 'BadVersion',
  NOCHILDRENFOREPHEMERALS: 'NoChildrenForEphemerals',
  NODEEXISTS: 'NodeExists',
  INVALIDACL: 'InvalidACL',
  AUTHFAILED: 'AuthFailed',
  NOTEMPTY: 'Directory not empty',
  SESSIONEXPIRED: 'Session expired',
  INVALIDCALLBACK: 'Invalid callback',
  SESSIONMOVED: 'Session moved',
  NOTREADONLY: 'Not a read-only call',
  EPHEMERALONLOCALSESSION: 'Ephemeral node on local session',
  NOWATCHER: 'No such watcher',
  RECONFIGDISABLED: 'Reconfig is disabled',
  SESSIONCLOSEDREQUIRESASLAUTH: 'Session closed because client failed to authenticate',
  QUOTAEXCEEDED: 'Quota has exceeded',
  THROTTLEDOP: 'Op throttled due to high load',
};

/** The message of Java's KeeperException. */
export function keeperMessage(code: string, path: string): string {
  const name = KEEPER_NAMES[code] ?? `Unknown error ${code}`;
  return `KeeperErrorCode = ${name}${path === '' ? '' : ` for ${path}`}`;
}

/** An error of the client as Apache's shell tells it; any other as it is. */
export function toShellError(error: unknown): unknown {
  if (!(error instanceof ZooKeeperError)) return error;
  const { code, path } = error;
  return new ShellError(TOLD[code]?.(path) ?? keeperMessage(code, path), { code });
}

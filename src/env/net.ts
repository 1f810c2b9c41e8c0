/** What a connection tells its owner. Set once by {@link Connection.start}, before any event is delivered. */
export interface ConnectionHandler {
  /** Bytes arrived. The buffer belongs to the receiver, unless it {@link ConnectionHandler.copies}. */
  data(bytes: Buffer): void;
  /** The receiver copies what it keeps: the memory that `data` is given may be used anew after the call. */
  readonly copies?: true;
  /** Everything handed to `write` has been taken by the system, after a `write` that returned false. */
  drain?(): void;
  /** The connection is gone, for whatever reason; the last event. `error` is absent after an orderly end. */
  close(error?: Error): void;
}

/** One byte stream between two addresses. */
export interface Connection {
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  /** Attaches the handler and lets data flow. */
  start(handler: ConnectionHandler): void;
  /**
   * Queues chunks in order; the chunks of one turn leave as one vectored write. The memory must not change
   * until it has been sent. Returns false when more than a socket buffer is waiting: stop until `drain`.
   */
  write(chunks: readonly Buffer[]): boolean;
  /** Bytes queued and not yet taken by the system. */
  readonly pendingBytes: number;
  /** Stops (and lets go on) the flow of `data` events, so that a slow receiver holds its sender back. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once, dropping what is queued. */
  destroy(): void;
}

export interface Listener {
  readonly host: string;
  /** The port in fact bound: never 0. */
  readonly port: number;
  /** Stops accepting; resolves when the port is free again. Accepted connections live on. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  host: string;
  port: number;
  /** Gives up after this long. */
  timeoutMs?: number;
  /** Local address to connect from. */
  localHost?: string;
}

/** TCP. Failures carry Node's error codes (`EADDRINUSE`, `ECONNREFUSED`, `ETIMEDOUT`, ...) in `code`. */
export interface Net {
  /** `host` undefined binds every interface; `port` 0 picks a free one. */
  listen(
    options: { host?: string; port: number; backlog?: number },
    accept: (connection: Connection) => void,
  ): Promise<Listener>;
  connect(options: ConnectOptions): Promise<Connection>;
  /** Addresses of a host name, for ensembles and advertised listeners. */
  resolve(host: string): Promise<string[]>;
  /** The name that this machine gives itself. */
  hostname(): string;
}

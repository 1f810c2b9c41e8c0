import type { Log } from '../../env/log.ts';
import type { Timers } from '../../env/timers.ts';
import { isZooKeeperError, type OpenSession, type ZooKeeperSession } from './port.ts';

/** Who wants to know of a change of session. */
export interface SessionChangeListener {
  /** The session has expired: everything ephemeral and every watch is gone. */
  sessionLost?(): void;
  /** A new session stands; watches must be set again, ephemeral nodes created again. */
  sessionRenewed?(): void;
}

/** Thrown to callers that still wait when the connection is closed. */
export class ZkClosedError extends Error {
  override name = 'ZkClosedError';
  constructor() {
    super('the connection to ZooKeeper is closed');
  }
}

const reopenDelayMs = 1000;

/**
 * One broker's standing connection to ZooKeeper, through as many sessions as it takes.
 *
 * States: open (a session that is attached, or on its way back to a server) -> renewing (it has expired; a new
 * one is being opened, until it stands) -> open; closed from anywhere, for good. Operations wait while there is
 * no server and are tried again after a lost connection, as `KafkaZkClient.retryRequestsUntilConnected` does.
 */
export class ZkConnection {
  readonly #open: OpenSession;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #listeners = new Set<SessionChangeListener>();
  #session: Promise<ZooKeeperSession>;
  /** Grows with every session, so that a late event of an old one does nothing. */
  #generation = 0;
  #closed = false;
  readonly #whenClosed: Promise<never>;
  #reject: (error: Error) => void = () => {};

  private constructor(env: { timers: Timers; log: Log }, open: OpenSession) {
    this.#open = open;
    this.#timers = env.timers;
    this.#log = env.log;
    this.#whenClosed = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#whenClosed.catch(() => {});
    this.#session = this.#openOnce();
  }

  /** Opens the first session; fails when that cannot be done. */
  static async open(env: { timers: Timers; log: Log }, open: OpenSession): Promise<ZkConnection> {
    const connection = new ZkConnection(env, open);
    await connection.#session;
    return connection;
  }

  /** The id of the session that stands now (or is being opened). */
  async sessionId(): Promise<bigint> {
    return (await this.#current()).sessionId;
  }

  /** Does one operation, as often as it takes to get an answer to it. */
  async run<T>(operation: (session: ZooKeeperSession) => Promise<T>): Promise<T> {
    for (;;) {
      const session = await this.#current();
      const generation = this.#generation;
      try {
        return await operation(session);
      } catch (error) {
        if (this.#closed) throw new ZkClosedError();
        if (isZooKeeperError(error, 'SESSIONEXPIRED')) this.#expire(generation);
        else if (isZooKeeperError(error, 'CONNECTIONLOSS')) await this.#reattached(session, generation);
        else throw error;
      }
    }
  }

  /** Returns the function that ends the listening. */
  listen(listener: SessionChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the session, so that its ephemeral nodes go at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reject(new ZkClosedError());
    const session = await this.#session.catch(() => null);
    await session?.close();
  }

  #current(): Promise<ZooKeeperSession> {
    if (this.#closed) return Promise.reject(new ZkClosedError());
    return Promise.race([this.#session, this.#whenClosed]);
  }

  async #reattached(session: ZooKeeperSession, generation: number): Promise<void> {
    try {
      await Promise.race([session.connected(), this.#whenClosed]);
    } catch (error) {
      if (!isZooKeeperError(error, 'SESSIONEXPIRED')) throw error;
      this.#expire(generation);
    }
  }

  #openOnce(): Promise<ZooKeeperSession> {
    this.#generation += 1;
    const generation = this.#generation;
    return this.#open({
      disconnected: () => this.#log.warn('lost the connection to ZooKeeper'),
      reconnected: () => this.#log.info('connected to ZooKeeper again, in the same session'),
      expired: () => this.#expire(generation),
    });
  }

  /** Replaces the session of a generation, once. */
  #expire(generation: number): void {
    if (this.#closed || generation !== this.#generation) return;
    this.#generation += 1;
    this.#log.warn('the ZooKeeper session has expired; opening a new one');
    const renewed = this.#openUntilItStands();
    this.#session = renewed;
    for (const listener of [...this.#listeners]) listener.sessionLost?.();
    renewed.then(
      () => {
        for (const listener of [...this.#listeners]) listener.sessionRenewed?.();
      },
      (error: unknown) => this.#log.debug('no new ZooKeeper session', { error }),
    );
  }

  async #openUntilItStands(): Promise<ZooKeeperSession> {
    for (;;) {
      if (this.#closed) throw new ZkClosedError();
      try {
        return await this.#openOnce();
      } catch (error) {
        this.#log.warn('cannot open a ZooKeeper session', { error, retryMs: reopenDelayMs });
        await Promise.race([
          new Promise<void>((resolve) => void this.#timers.after(reopenDelayMs, resolve)),
          this.#whenClosed,
        ]);
      }
    }
  }
}

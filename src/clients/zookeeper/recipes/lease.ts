import { unlessAborted } from '../../../base/unless-aborted.ts';
import type { Timer } from '../../../env/timers.ts';
import type { Stat } from '../../../wire/zookeeper/data.ts';
import { createIfAbsent, inContainer, isRetriable, parentOf, randomId, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { watchOnce } from './contender.ts';
import { RecipeError } from './recipe-error.ts';

/** How often a lease is renewed in its duration. */
const RENEWALS = 3;

export interface LeaseOptions {
  /** Whose it is: an owner gets its own lease anew at once, in another session too. */
  owner: string;
  /** How long others wait without having seen a renewal. */
  durationMs: number;
}

interface Terms extends LeaseOptions {
  /** Tells one acquisition from another. */
  token: string;
}

function parseTerms(data: Buffer | null, path: string): Terms | undefined {
  if (data === null || data.length === 0) return undefined;
  try {
    const { owner, durationMs, token } = JSON.parse(data.toString()) as Partial<Terms>;
    if (typeof owner === 'string' && typeof durationMs === 'number' && typeof token === 'string') {
      return { owner, durationMs, token };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new RecipeError('FOREIGN_DATA', path, 'its data is no lease');
}

/**
 * Something that one owner has for a time, and for longer as it renews it. Unlike a lock it does not hang on a
 * session: it outlives the end of one for as long as it was last renewed for. Each end measures durations by its
 * own monotonic clock, so that clocks need to go at the same speed and no more.
 */
export class Lease {
  private readonly client: ZooKeeperClient;
  private readonly path: string;
  private readonly options: LeaseOptions;

  constructor(client: ZooKeeperClient, path: string, options: LeaseOptions) {
    this.client = client;
    this.path = path;
    this.options = options;
  }

  /** Waits until it is free, has run out, or is this owner's. It is then renewed until it is released or lost. */
  async acquire({ signal }: { signal?: AbortSignal } = {}): Promise<HeldLease> {
    const { client, path } = this;
    await inContainer(client, parentOf(path), () => createIfAbsent(client, path, 'persistent'));
    for (;;) {
      const { fired: change, watch: changed } = watchOnce();
      const { data, stat } = await withRetries(client, () => client.getData(path, changed), signal);
      const terms = parseTerms(data, path);
      if (terms !== undefined && terms.owner !== this.options.owner) {
        if (await this.isRenewed(change, terms.durationMs, signal)) continue;
      }
      signal?.throwIfAborted();
      const held = await this.take(stat.version);
      if (held !== undefined) return held;
    }
  }

  /** Whether it changes before it has run out. */
  private async isRenewed(
    change: Promise<void>,
    durationMs: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    let timer: Timer | undefined;
    const ranOut = new Promise<boolean>((resolve) => {
      timer = this.client.env.timers.after(durationMs, () => resolve(false));
    });
    try {
      return await unlessAborted(Promise.race([ranOut, change.then(() => true)]), signal);
    } finally {
      timer?.cancel();
    }
  }

  private async take(version: number): Promise<HeldLease | undefined> {
    const terms = { ...this.options, token: randomId(this.client) };
    const sinceMs = this.client.env.clock.monotonicMs();
    const stat = await writeTerms(this.client, this.path, { terms, data: encode(terms), version });
    return stat === undefined ? undefined : new HeldLease(this.client, this.path, { terms, stat, sinceMs });
  }
}

const encode = (terms: Terms): Buffer => Buffer.from(JSON.stringify(terms));

/**
 * Writes over a version. Undefined when it is another one; after a lost answer, the token tells whether the write
 * was done.
 */
async function writeTerms(
  client: ZooKeeperClient,
  path: string,
  write: { terms: Terms; data: Buffer; version: number },
): Promise<Stat | undefined> {
  for (;;) {
    try {
      return await client.setData(path, write.data, write.version);
    } catch (error) {
      if (isZooKeeperError(error, 'BADVERSION')) return undefined;
      if (!isRetriable(error)) throw error;
    }
    const { data, stat } = await withRetries(client, async () => {
      await client.sync(path);
      return client.getData(path);
    });
    if (stat.version !== write.version) {
      const isOwn = stat.version === write.version + 1 && data?.equals(write.data) === true;
      return isOwn ? stat : undefined;
    }
  }
}

/** A lease that one has. */
export class HeldLease {
  readonly path: string;
  /** The transaction by which it was taken; a later owner's is greater. */
  readonly fencingNumber: number;
  private readonly client: ZooKeeperClient;
  private readonly terms: Terms;
  private readonly abort = new AbortController();
  private version: number;
  private end: Timer;
  private renewal: Timer;
  /** Writes go one after another, each over the version of the one before. */
  private lastWrite: Promise<unknown> = Promise.resolve();
  private released: Promise<void> | undefined;

  constructor(
    client: ZooKeeperClient,
    path: string,
    { terms, stat, sinceMs }: { terms: Terms; stat: Stat; sinceMs: number },
  ) {
    this.client = client;
    this.path = path;
    this.terms = terms;
    this.fencingNumber = stat.mzxid;
    this.version = stat.version;
    this.end = this.endAfter(sinceMs);
    this.renewal = client.env.timers.every(terms.durationMs / RENEWALS, () => {
      this.lastWrite = this.lastWrite.then(() => this.renew());
    });
  }

  /** Aborted when it has run out, or is another's: measured from before the last renewal was sent. */
  get lost(): AbortSignal {
    return this.abort.signal;
  }

  /** Frees it for others at once, if it is still this one. */
  release(): Promise<void> {
    this.released ??= this.free();
    return this.released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  private endAfter(sinceMs: number): Timer {
    const { clock, timers } = this.client.env;
    const leftMs = Math.max(0, sinceMs + this.terms.durationMs - clock.monotonicMs());
    return timers.after(leftMs, () => this.lose('it has run out'));
  }

  private async renew(): Promise<void> {
    if (this.released !== undefined || this.abort.signal.aborted) return;
    const { client, path, terms, version } = this;
    const sinceMs = client.env.clock.monotonicMs();
    try {
      const stat = await writeTerms(client, path, { terms, data: encode(terms), version });
      if (stat === undefined) {
        this.lose('somebody else has it');
        return;
      }
      this.version = stat.version;
      this.end.cancel();
      if (!this.abort.signal.aborted) this.end = this.endAfter(sinceMs);
    } catch (error) {
      // It is one's own until it runs out, and may be acquired anew by then.
      client.env.log.warn('a lease cannot be renewed', { path, error: String(error) });
      this.renewal.cancel();
    }
  }

  private async free(): Promise<void> {
    this.renewal.cancel();
    await this.lastWrite;
    const { client, path, terms, version } = this;
    try {
      await writeTerms(client, path, { terms, data: Buffer.alloc(0), version });
    } catch (error) {
      if (!isZooKeeperError(error, 'SESSIONEXPIRED') && !isZooKeeperError(error, 'NONODE')) throw error;
    } finally {
      this.end.cancel();
    }
  }

  private lose(why: string): void {
    if (this.abort.signal.aborted) return;
    this.renewal.cancel();
    this.end.cancel();
    this.abort.abort(new RecipeError('LOST', this.path, why));
  }
}

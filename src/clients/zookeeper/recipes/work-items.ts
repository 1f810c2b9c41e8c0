import {
  childOf,
  childrenIn,
  createProtected,
  ensureContainer,
  inContainer,
  isRetriable,
  randomId,
  withRetries,
} from '../retry.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { type Place, placesAmong, watchOnce } from './contender.ts';
import { Holding } from './holding.ts';
import { RecipeError } from './recipe-error.ts';

/** One item, claimed by whoever took it. */
export class TakenItem {
  readonly data: Buffer | null;
  private readonly client: ZooKeeperClient;
  private readonly itemPath: string;
  private readonly claim: Holding;
  private isCompleting = false;

  constructor(client: ZooKeeperClient, item: { path: string; data: Buffer | null }, claim: Holding) {
    this.client = client;
    this.itemPath = item.path;
    this.data = item.data;
    this.claim = claim;
  }

  /** Aborted when the claim is lost: the item is for others to take. */
  get lost(): AbortSignal {
    return this.claim.lost;
  }

  /** As of a lock; whoever takes the item after this one has a greater number. */
  get fencingNumber(): number {
    return this.claim.fencingNumber;
  }

  /**
   * Takes the item out for good. Resolves for one claim on an item at most; rejects with LOST when the claim was
   * lost before, and SESSIONEXPIRED leaves open whether it is out.
   */
  complete(): Promise<void> {
    this.isCompleting = true;
    if (this.lost.aborted) return Promise.reject(this.lost.reason);
    return this.claim.release(() => this.takeOut());
  }

  private async takeOut(): Promise<void> {
    const operations = [this.claim.path, this.itemPath].map((path) => ({ op: 'delete' as const, path }));
    let mayBeDone = false;
    for (;;) {
      try {
        await this.client.multi(operations);
        return;
      } catch (error) {
        if (isZooKeeperError(error, 'NONODE')) {
          // Nobody takes an item out whose claim is somebody else's: while the session lives, that was this call.
          if (mayBeDone) return;
          throw new RecipeError('LOST', this.itemPath, 'its claim is gone');
        }
        if (!isRetriable(error)) throw error;
        mayBeDone = true;
        await this.client.connected();
      }
    }
  }

  /** Gives the item back, to be taken again, unless `complete` was called. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isCompleting) await this.claim.release();
  }
}

/**
 * Items at a path, put by anyone and taken by anyone: `items` has them in the order of their putting, `claims` who
 * has taken which, by ephemeral nodes of the same names.
 */
export class WorkItems {
  private readonly client: ZooKeeperClient;
  private readonly items: string;
  private readonly claims: string;
  private readonly inOrder: (places: Place[]) => Place[];

  constructor(client: ZooKeeperClient, path: string, inOrder: (places: Place[]) => Place[]) {
    this.client = client;
    this.items = childOf(path, 'items');
    this.claims = childOf(path, 'claims');
    this.inOrder = inOrder;
  }

  async put(label: string, data: Buffer | null): Promise<void> {
    const { client, items } = this;
    await inContainer(client, items, () =>
      createProtected(client, childOf(items, `${label}-`), data, { mode: 'persistentSequential' }),
    );
  }

  /** How many there are, taken or not. */
  async count(): Promise<number> {
    const names = await childrenIn(this.client, this.items);
    return placesAmong(names).length;
  }

  async take(signal: AbortSignal | undefined): Promise<TakenItem> {
    for (;;) {
      const { fired: change, watch: changed } = watchOnce();
      const items = placesAmong(await childrenIn(this.client, this.items, changed, signal));
      const claimed = new Set(await childrenIn(this.client, this.claims, changed, signal));
      const free = this.inOrder(items).filter(({ name }) => !claimed.has(name));
      for (const { name } of free) {
        const claiming = this.claim(name);
        const taken = await unlessAborted(claiming, signal, (late) => void late?.[Symbol.asyncDispose]());
        if (taken !== undefined) return taken;
      }
      if (free.length === 0) await unlessAborted(change, signal);
    }
  }

  /** Undefined when somebody else has it, or it is gone. */
  private async claim(name: string): Promise<TakenItem | undefined> {
    const { client } = this;
    const item = childOf(this.items, name);
    const claim = await this.createClaim(item, childOf(this.claims, name));
    if (claim === undefined) return undefined;
    try {
      const { data } = await withRetries(client, () => client.getData(item));
      return new TakenItem(client, { path: item, data }, claim);
    } catch (error) {
      await claim.release();
      if (isZooKeeperError(error, 'NONODE')) return undefined;
      throw error;
    }
  }

  private async createClaim(item: string, path: string): Promise<Holding | undefined> {
    const { client } = this;
    const id = randomId(client);
    for (;;) {
      try {
        await client.multi([
          { op: 'check', path: item },
          { op: 'create', path, data: Buffer.from(id), mode: 'ephemeral' },
        ]);
        return await this.ownClaim(path, id);
      } catch (error) {
        if (isZooKeeperError(error, 'NODEEXISTS')) return this.ownClaim(path, id);
        if (isZooKeeperError(error, 'NONODE')) {
          if (error.opIndex === 0) return undefined;
          await ensureContainer(client, this.claims);
        } else if (isRetriable(error)) await client.connected();
        else throw error;
      }
    }
  }

  /** The claim, when the id on it is this one: also that of a create whose answer was lost. */
  private async ownClaim(path: string, id: string): Promise<Holding | undefined> {
    const { client } = this;
    try {
      const { data, stat } = await withRetries(client, () => client.getData(path));
      return data?.toString() === id ? new Holding(client, { path, czxid: stat.czxid }) : undefined;
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return undefined;
      throw error;
    }
  }
}

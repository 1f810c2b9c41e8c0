import { unlessAborted } from '../../../base/unless-aborted.ts';
import { childOf, childrenIn, ensureContainer, isRetriable, randomId, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { leavePlace, type Place, placesAmong, watchOnce } from './contender.ts';
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
   * Takes the item out for good. Resolves for one claim on an item at most. Rejects with LOST when the claim was
   * lost before: the item stays, for the next to take. SESSIONEXPIRED leaves open whether it is out. After any
   * rejection the claim is given up.
   */
  complete(): Promise<void> {
    this.isCompleting = true;
    if (!this.lost.aborted) return this.claim.release(() => this.takeOut());
    // Its session may live on after all, and nobody could take the item for as long as it does.
    this.giveBackInBackground();
    return Promise.reject(this.lost.reason);
  }

  private async takeOut(): Promise<void> {
    try {
      await this.deleteWithClaim();
    } catch (error) {
      this.giveBackInBackground();
      throw error;
    }
  }

  private async deleteWithClaim(): Promise<void> {
    const { client, claim, itemPath } = this;
    const operations = [claim.path, itemPath].map((path) => ({ op: 'delete' as const, path }));
    const lost = (): RecipeError => new RecipeError('LOST', itemPath, 'its claim is gone');
    let mayBeDone = false;
    for (;;) {
      try {
        if (mayBeDone && !(await isThere(client, claim))) {
          // While the session lives, its claim goes by its own multi alone, and the item with it.
          if ((await client.exists(itemPath)) === null) return;
          throw lost();
        }
        await client.multi(operations);
        return;
      } catch (error) {
        if (isZooKeeperError(error, 'NONODE')) throw lost();
        if (!isRetriable(error)) throw error;
        mayBeDone = true;
        await client.connected();
      }
    }
  }

  private giveBackInBackground(): void {
    const { client, claim } = this;
    giveBack(client, claim).catch((error: unknown) => {
      client.env.log.debug('a claim goes with its session', { path: claim.path, error: String(error) });
    });
  }

  /** Gives the item back, to be taken again, unless `complete` was called. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isCompleting) await releaseClaim(this.client, this.claim);
  }
}

/** Whether the node of a claim is there and not another's of the same name, by the latest state. */
async function isThere(client: ZooKeeperClient, claim: Holding): Promise<boolean> {
  await client.sync(claim.path);
  const stat = await client.exists(claim.path);
  return stat?.czxid === claim.fencingNumber;
}

/** Deletes the claim's node, and never the one of whoever has claimed the item since. */
async function giveBack(client: ZooKeeperClient, claim: Holding): Promise<void> {
  try {
    await withRetries(client, async () => {
      if (await isThere(client, claim)) await client.delete(claim.path);
    });
  } catch (error) {
    if (!isZooKeeperError(error, 'NONODE') && !isZooKeeperError(error, 'SESSIONEXPIRED')) throw error;
  }
}

function releaseClaim(client: ZooKeeperClient, claim: Holding): Promise<void> {
  return claim.release(() => giveBack(client, claim));
}

/**
 * Items at a path, put by anyone and taken by anyone: `items` has them in the order of their putting, `claims` who
 * has taken which, by ephemeral nodes of the same names, and `puts` has an ephemeral node for each putting under way.
 */
export class WorkItems {
  private readonly client: ZooKeeperClient;
  private readonly items: string;
  private readonly claims: string;
  private readonly puts: string;
  private readonly inOrder: (places: Place[]) => Place[];

  constructor(client: ZooKeeperClient, path: string, inOrder: (places: Place[]) => Place[]) {
    this.client = client;
    this.items = childOf(path, 'items');
    this.claims = childOf(path, 'claims');
    this.puts = childOf(path, 'puts');
    this.inOrder = inOrder;
  }

  /**
   * The node that is made together with the item tells, when the answer was lost, that it is in: by the item itself
   * it could not be told, for that may have been taken and completed since.
   */
  async put(label: string, data: Buffer | null): Promise<void> {
    const { client, items, puts } = this;
    const id = randomId(client);
    const note = childOf(puts, id);
    const item = childOf(items, `_c_${id}-${label}-`);
    for (;;) {
      try {
        await client.multi([
          { op: 'create', path: note, mode: 'ephemeral' },
          { op: 'create', path: item, data, mode: 'persistentSequential' },
        ]);
        break;
      } catch (error) {
        if (isZooKeeperError(error, 'NODEEXISTS')) break;
        if (isZooKeeperError(error, 'NONODE'))
          await ensureContainer(client, error.opIndex === 0 ? puts : items);
        else if (isRetriable(error)) await client.connected();
        else throw error;
      }
    }
    leavePlace(client, note);
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
      await releaseClaim(client, claim);
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

import { parentOf, withRetries } from '../../zookeeper/retry.ts';
import type { Watch } from '../../zookeeper/watches.ts';
import type { ZooKeeperClient } from '../../zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import {
  decodeOffset,
  decodeSubscription,
  encodeSubscription,
  memberIdsPath,
  memberPath,
  offsetPath,
  ownerPath,
  type Subscription,
} from './znodes.ts';

/**
 * The nodes of one group, as one session of a member works on them. Everything ephemeral is the session's: once that
 * has expired all calls reject with SESSIONEXPIRED, so that a member that has been given up cannot undo what its
 * successors did.
 */
export class GroupRegistry {
  private readonly client: ZooKeeperClient;
  private readonly group: string;

  constructor(client: ZooKeeperClient, group: string) {
    this.client = client;
    this.group = group;
  }

  /** Makes the member known. False while another session has its id, such as its own former one. */
  register(consumerId: string, subscription: Subscription): Promise<boolean> {
    const data = encodeSubscription(subscription, this.client.env.clock.nowMs());
    return this.createEphemeral(memberPath(this.group, consumerId), data);
  }

  /** The members and what they consume. Watches who comes and goes. */
  async members(watch: Watch): Promise<ReadonlyMap<string, Subscription>> {
    const { client, group } = this;
    const ids = await withRetries(client, () => client.getChildren(memberIdsPath(group), watch));
    const members = new Map<string, Subscription>();
    for (const id of ids) {
      const path = memberPath(group, id);
      const data = await this.data(path);
      // Gone since: the watch tells.
      if (data !== undefined) members.set(id, decodeSubscription(path, data));
    }
    return members;
  }

  /** Takes a partition for a thread. False while another has it. */
  claim(topic: string, partition: number, thread: string): Promise<boolean> {
    return this.createEphemeral(ownerPath(this.group, topic, partition), Buffer.from(thread));
  }

  /** Gives up a partition that this session has claimed. */
  async release(topic: string, partition: number): Promise<void> {
    const { client } = this;
    const path = ownerPath(this.group, topic, partition);
    try {
      await withRetries(client, () => client.delete(path));
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
    }
  }

  /** The offset to go on at, undefined when there is none. Read after {@link claim}, it has the last owner's last commit. */
  async offset(topic: string, partition: number): Promise<number | undefined> {
    const path = offsetPath(this.group, topic, partition);
    const data = await this.data(path);
    return data === undefined ? undefined : decodeOffset(path, data);
  }

  async commit(topic: string, partition: number, offset: number): Promise<void> {
    const { client } = this;
    const path = offsetPath(this.group, topic, partition);
    const data = Buffer.from(String(offset));
    try {
      await withRetries(client, () => client.setData(path, data));
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      await this.ensure(parentOf(path));
      try {
        await withRetries(client, () => client.create(path, data));
      } catch (raced) {
        if (!isZooKeeperError(raced, 'NODEEXISTS')) throw raced;
        await this.commit(topic, partition, offset);
      }
    }
  }

  private async createEphemeral(path: string, data: Buffer): Promise<boolean> {
    const { client } = this;
    for (;;) {
      try {
        await withRetries(client, () => client.create(path, data, { mode: 'ephemeral' }));
        return true;
      } catch (error) {
        if (isZooKeeperError(error, 'NONODE')) {
          await this.ensure(parentOf(path));
        } else if (isZooKeeperError(error, 'NODEEXISTS')) {
          const stat = await withRetries(client, () => client.exists(path));
          // Its own: the answer to the first attempt was lost.
          if (stat !== null) return stat.ephemeralOwner === client.sessionId;
        } else throw error;
      }
    }
  }

  private async data(path: string): Promise<Buffer | null | undefined> {
    const { client } = this;
    try {
      return (await withRetries(client, () => client.getData(path))).data;
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return undefined;
      throw error;
    }
  }

  private async ensure(path: string): Promise<void> {
    const { client } = this;
    try {
      await withRetries(client, () => client.create(path));
    } catch (error) {
      if (isZooKeeperError(error, 'NODEEXISTS')) return;
      if (!isZooKeeperError(error, 'NONODE') || path.lastIndexOf('/') === 0) throw error;
      await this.ensure(parentOf(path));
      await this.ensure(path);
    }
  }
}

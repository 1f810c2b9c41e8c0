import { createIfAbsent, inContainer, isRetriable, parentOf, randomId, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError, ZooKeeperError } from '../zookeeper-error.ts';
import { RecipeError } from './recipe-error.ts';

const INTEGER = /^-?\d+$/;

/**
 * An integer that many change. Each change happens exactly once when it resolves: beside the number, a node of the
 * session's own notes in the same transaction which of its changes was the last, so that a lost answer is found out.
 */
export class Counter {
  private readonly client: ZooKeeperClient;
  private readonly path: string;
  private readonly notePath: string;
  /** Changes of one instance go one after another, as the note has room for one. */
  private lastChange: Promise<unknown> = Promise.resolve();

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
    this.notePath = `${path}/_c_${randomId(client)}`;
  }

  /** The number; 0 before the first change. May be a little behind. */
  async get(): Promise<number> {
    return (await this.read()).value;
  }

  /**
   * Adds to the number; resolves to what it is then. SESSIONEXPIRED leaves open whether it was added; FOREIGN_DATA
   * when what lies there is no integer, BADARGUMENTS when the sum would be none that is exact.
   */
  add(delta: number): Promise<number> {
    const change = this.lastChange.then(() => this.addOnce(delta));
    this.lastChange = change.catch(() => undefined);
    return change;
  }

  private async addOnce(delta: number): Promise<number> {
    const { client, path } = this;
    const id = Buffer.from(randomId(client));
    for (;;) {
      const { value, version } = await this.read();
      const sum = value + delta;
      if (!Number.isSafeInteger(sum)) {
        throw new ZooKeeperError('BADARGUMENTS', path, { text: `${value} + ${delta} is no exact integer` });
      }
      const data = Buffer.from(String(sum));
      try {
        await client.multi([
          { op: 'setData', path, data, version },
          { op: 'setData', path: this.notePath, data: id },
        ]);
        return sum;
      } catch (error) {
        if (isZooKeeperError(error, 'NONODE')) await this.prepare();
        else if (isRetriable(error)) {
          if (await this.isNoted(id)) return sum;
        } else if (!isZooKeeperError(error, 'BADVERSION')) throw error;
      }
    }
  }

  private async isNoted(id: Buffer): Promise<boolean> {
    const { client, notePath } = this;
    return withRetries(client, async () => {
      await client.sync(notePath);
      try {
        return (await client.getData(notePath)).data?.equals(id) === true;
      } catch (error) {
        if (isZooKeeperError(error, 'NONODE')) return false;
        throw error;
      }
    });
  }

  private async prepare(): Promise<void> {
    const { client, path } = this;
    await inContainer(client, parentOf(path), () => createIfAbsent(client, path, 'persistent'));
    await createIfAbsent(client, this.notePath, 'ephemeral');
  }

  private async read(): Promise<{ value: number; version: number }> {
    const { client, path } = this;
    try {
      const { data, stat } = await withRetries(client, () => client.getData(path));
      const text = data?.toString() ?? '';
      if (text === '') return { value: 0, version: stat.version };
      if (INTEGER.test(text)) return { value: Number(text), version: stat.version };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return { value: 0, version: 0 };
      throw error;
    }
    throw new RecipeError('FOREIGN_DATA', path, 'its data is no integer');
  }
}

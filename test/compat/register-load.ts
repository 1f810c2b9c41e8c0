import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { ZooKeeperClient } from '../../src/clients/zookeeper/zookeeper-client.ts';
import { ZooKeeperError } from '../../src/clients/zookeeper/zookeeper-error.ts';
import type { SimRandom } from '../../src/env/sim/sim-random.ts';
import { ErrorCode } from '../../src/wire/zookeeper/errors.ts';
import { findNonLinearizable } from '../swarm/linearizability.ts';
import { type RegisterCall, registerModel } from '../swarm/zookeeper/register-model.ts';

/** Refusals that say something about a register; any other failure leaves open what has happened. */
const REFUSALS: ReadonlySet<number> = new Set([ErrorCode.NONODE, ErrorCode.NODEEXISTS, ErrorCode.BADVERSION]);

const PAUSE_MS = 8;

/** Everything that clients did to registers, in the order in which this process saw it begin and end. */
export class RegisterHistory {
  readonly calls = new Map<string, RegisterCall[]>();
  private position = 0;
  answered = 0;
  unanswered = 0;

  /** Runs an operation and writes down what came of it. Rejects with what no server may answer. */
  async record(
    path: string,
    input: RegisterCall['input'],
    run: () => Promise<Partial<NonNullable<RegisterCall['output']>>>,
  ): Promise<void> {
    const invokedAt = this.position++;
    const output = await run().then(
      (seen) => ({ err: ErrorCode.OK, ...seen }),
      (error: unknown) => refusalOf(error),
    );
    const endedAt = output === undefined ? Number.POSITIVE_INFINITY : this.position++;
    if (output === undefined) this.unanswered++;
    else this.answered++;
    // A read without an answer says nothing.
    if (output === undefined && input.kind === 'get') return;
    const calls = this.calls.get(path) ?? [];
    this.calls.set(path, calls);
    calls.push({ input, output, invokedAt, endedAt });
  }

  /** A read that sees all that was acknowledged before it began. */
  read(client: ZooKeeperClient, path: string): Promise<void> {
    return this.record(path, { kind: 'get', value: null, version: -1 }, async () => {
      const [, { data, stat }] = await Promise.all([client.sync(path), client.getData(path)]);
      return { value: String(data), version: stat.version };
    });
  }

  /** Fails unless some order explains all that clients saw. */
  assertLinearizable(): void {
    for (const [path, calls] of this.calls) {
      const stuck = findNonLinearizable(registerModel, calls);
      assert.equal(stuck, undefined, `${path}: no order explains its ${calls.length} operations`);
    }
  }
}

/** The answer in a failure; undefined when nobody knows what has happened. */
function refusalOf(error: unknown): { err: number } | undefined {
  if (!(error instanceof ZooKeeperError)) throw error;
  if (REFUSALS.has(error.errorCode)) return { err: error.errorCode };
  if (error.code === 'CONNECTIONLOSS') return undefined;
  throw error;
}

export interface RegisterLoadOptions {
  readonly name: string;
  readonly client: ZooKeeperClient;
  readonly history: RegisterHistory;
  readonly random: SimRandom;
  /** The registers of the present; a few, so that clients meet. */
  readonly registers: () => readonly string[];
  /** Where it also writes one new node after another, in parallel with nothing. */
  readonly journal: string;
}

/** One client that reads and writes registers, one operation after another, whatever happens to its servers. */
export class RegisterLoad {
  /** Nodes whose creation has been acknowledged. */
  readonly journal: string[] = [];
  private readonly options: RegisterLoadOptions;
  private readonly versions = new Map<string, number>();
  private isEnding = false;
  private readonly done: Promise<void>;
  private count = 0;

  constructor(options: RegisterLoadOptions) {
    this.options = options;
    this.done = this.run();
    // What went wrong is for `end` to say.
    this.done.catch(() => undefined);
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await this.done;
  }

  private async run(): Promise<void> {
    const { random } = this.options;
    while (!this.isEnding) {
      await (random.chance(0.05) ? this.append() : this.touch());
      await delay(random.below(2 * PAUSE_MS));
    }
  }

  private async append(): Promise<void> {
    const { client, journal, name } = this.options;
    const path = `${journal}/${name}-${this.count++}`;
    try {
      await client.create(path, Buffer.from(path));
      this.journal.push(path);
    } catch (error) {
      // Its session is its own, and so are its names: nobody else can have made the node.
      if (refusalOf(error) !== undefined) throw error;
    }
  }

  private touch(): Promise<void> {
    const { client, history, random, registers, name } = this.options;
    const paths = registers();
    const path = paths[random.below(paths.length)] ?? '';
    const value = `${name}.${this.count++}`;
    const seen = this.versions.get(path) ?? -1;
    const version = random.chance(0.3) ? seen : -1;
    const choice = random.below(10);
    if (choice < 3) return history.read(client, path);
    if (choice < 7) {
      return history.record(path, { kind: 'set', value, version }, async () => {
        const stat = await client.setData(path, Buffer.from(value), version);
        this.versions.set(path, stat.version);
        return { version: stat.version };
      });
    }
    if (choice < 9) {
      return history.record(path, { kind: 'create', value, version: -1 }, async () => {
        await client.create(path, Buffer.from(value));
        return {};
      });
    }
    return history.record(path, { kind: 'delete', value: null, version }, async () => {
      await client.delete(path, version);
      return {};
    });
  }
}

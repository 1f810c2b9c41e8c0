import { isZooKeeperError, RecipeError, ZooKeeperClient } from '../../../src/clients/zookeeper/index.ts';
import type { SimHost } from '../../../src/env/sim/sim-host.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Play, Stage } from './play.ts';

const SESSION_TIMEOUT_MS = 2000;
const LONGEST_PAUSE_MS = 100;
/** No round waits for others longer than that. */
const PATIENCE_MS = 20_000;

/** What a session's end, lost holdings and impatience do to a round is no fault of the recipe. */
function isExpected(error: unknown): boolean {
  if (error instanceof RecipeError) return error.code === 'LOST' || error.code === 'TAKEN';
  return isZooKeeperError(error, 'SESSIONEXPIRED') || error === IMPATIENCE;
}

const IMPATIENCE = new Error('waited for long enough');

/** A program that takes part in plays, round after round, with a new session whenever one has ended. */
export class Worker {
  readonly name: string;
  readonly random: SimRandom;
  isOver = false;
  rounds = 0;
  private readonly host: SimHost;
  private readonly stage: Stage;
  private current: ZooKeeperClient | undefined;
  private patience = new AbortController();

  constructor(stage: Stage, name: string) {
    this.name = name;
    this.host = stage.sim.host(name);
    this.random = stage.random.fork();
    this.stage = stage;
  }

  /** The client of the session at hand. */
  get client(): ZooKeeperClient {
    if (this.current === undefined) throw new Error(`${this.name} has no session yet`);
    return this.current;
  }

  get session(): { id: bigint; password: Buffer } | undefined {
    const client = this.current;
    return client === undefined ? undefined : { id: client.sessionId, password: client.sessionPassword };
  }

  /** Aborted when the round has waited for too long. */
  get signal(): AbortSignal {
    return this.patience.signal;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.host.env.timers.after(ms, resolve);
    });
  }

  /** A pause of random length. */
  dawdle(): Promise<void> {
    return this.pause(this.random.below(LONGEST_PAUSE_MS));
  }

  async run(plays: readonly Play[]): Promise<void> {
    while (!this.isOver) {
      const play = plays[this.random.below(plays.length)];
      if (play !== undefined) await this.attempt(() => play.round(this));
      await this.dawdle();
    }
  }

  /** Does something in a session that lives; whether it was done. */
  async attempt(action: () => Promise<void>): Promise<boolean> {
    this.patience = new AbortController();
    const { patience } = this;
    const timer = this.host.env.timers.after(PATIENCE_MS, () => patience.abort(IMPATIENCE));
    try {
      await this.ensureSession();
      await action();
      this.rounds++;
      return true;
    } catch (error) {
      if (!isExpected(error)) throw error;
      return false;
    } finally {
      timer.cancel();
    }
  }

  private async ensureSession(): Promise<void> {
    const { current } = this;
    if (current !== undefined && !['expired', 'closed', 'authFailed'].includes(current.state)) return;
    this.current = ZooKeeperClient.open(this.host.env, {
      connectString: this.stage.connectString,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    await this.current.connected();
  }
}

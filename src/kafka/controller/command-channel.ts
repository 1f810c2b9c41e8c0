import type { Log } from '../../env/log.ts';
import type { Timer, Timers } from '../../env/timers.ts';
import type { CommandResult, ControllerCommand } from '../metadata/controller-commands.ts';
import type { Broker } from '../metadata/model.ts';
import type { BrokerChannel } from './ports.ts';

/** The way to one broker. */
export interface CommandPath {
  /** Has a command carried out. Rejects when the broker was not reached: whether it has been done is not known then. */
  deliver(command: ControllerCommand): Promise<CommandResult>;
  /** Lets go of what is under way, which rejects. */
  close(): void;
}

/** Opens the way to a broker, whose addresses may change: `brokers` has all that are alive now. */
export type OpenCommandPath = (brokerId: number, brokers: () => ReadonlyMap<number, Broker>) => CommandPath;

/** How long a broker is left alone that could not be reached (`RequestSendThread.backoff`, 3.9). */
const retryMs = 100;

/**
 * The controller's way to all brokers: a queue for each, one command under way, tried again until it was answered or
 * the broker is gone, as `kafka.controller.ControllerChannelManager` (3.9) does.
 */
export class CommandChannel implements BrokerChannel {
  readonly #env: { timers: Timers; log: Log };
  readonly #open: OpenCommandPath;
  #brokers: ReadonlyMap<number, Broker> = new Map();
  readonly #queues = new Map<number, CommandQueue>();
  readonly #ending = new Set<Promise<void>>();

  constructor(env: { timers: Timers; log: Log }, open: OpenCommandPath) {
    this.#env = env;
    this.#open = open;
  }

  /** A broker that is gone, or has another epoch than before, loses what was meant for it. */
  setBrokers(brokers: readonly Broker[]): void {
    const before = this.#brokers;
    this.#brokers = new Map(brokers.map((broker) => [broker.id, broker]));
    for (const [id, queue] of [...this.#queues]) {
      if (this.#brokers.get(id)?.epoch === before.get(id)?.epoch) continue;
      this.#queues.delete(id);
      const ended = queue.close().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
    for (const id of this.#brokers.keys()) {
      if (this.#queues.has(id)) continue;
      this.#queues.set(
        id,
        new CommandQueue(
          this.#env,
          id,
          this.#open(id, () => this.#brokers),
        ),
      );
    }
  }

  send(...[brokerId, command, done]: Parameters<BrokerChannel['send']>): void {
    this.#queues.get(brokerId)?.put({ command, done });
  }

  /** Resolves when nothing is under way any more for brokers that were given up. */
  async idle(): Promise<void> {
    await Promise.all(this.#ending);
  }
}

interface QueuedCommand {
  command: ControllerCommand;
  done: (result: CommandResult) => void;
}

class CommandQueue {
  readonly #env: { timers: Timers; log: Log };
  readonly #brokerId: number;
  readonly #path: CommandPath;
  #waiting: QueuedCommand[] = [];
  #running: Promise<void> | null = null;
  #pause: { timer: Timer; end: () => void } | null = null;
  #closed = false;

  constructor(env: { timers: Timers; log: Log }, brokerId: number, path: CommandPath) {
    this.#env = env;
    this.#brokerId = brokerId;
    this.#path = path;
  }

  put(item: QueuedCommand): void {
    if (this.#closed) return;
    this.#waiting.push(item);
    this.#running ??= this.#drain();
  }

  /** Drops what waits; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    this.#path.close();
    this.#pause?.timer.cancel();
    this.#pause?.end();
    await this.#running;
  }

  async #drain(): Promise<void> {
    // The step of the controller that sent it comes to its end first.
    await Promise.resolve();
    for (;;) {
      const item = this.#waiting.shift();
      if (item === undefined) break;
      const result = await this.#deliver(item.command);
      if (result !== null && !this.#closed) item.done(result);
    }
    this.#running = null;
  }

  /** Null when the broker was given up before it answered. */
  async #deliver(command: ControllerCommand): Promise<CommandResult | null> {
    for (let tries = 1; !this.#closed; tries++) {
      try {
        return await this.#path.deliver(command);
      } catch (error) {
        if (this.#closed) return null;
        // A broker that is down is gone from ZooKeeper soon; until then one line says it.
        if (tries === 1) {
          this.#env.log.warn('the controller does not reach a broker; trying again until it is gone', {
            broker: this.#brokerId,
            command: command.kind,
            reason: error instanceof Error ? error.message : String(error),
            retryMs,
          });
        }
        await this.#rest();
      }
    }
    return null;
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause = null;
        resolve();
      };
      this.#pause = { timer: this.#env.timers.after(retryMs, end), end };
    });
  }
}

import { assert } from '../../base/assert.ts';
import { EventQueue, type SimEvent } from './event-queue.ts';
import { SimHost } from './sim-host.ts';
import type { SimLogLine } from './sim-log.ts';
import { SimNetwork } from './sim-network.ts';
import { SimRandom } from './sim-random.ts';

const DEFAULT_WITHIN_MS = 10 * 60_000;
const KEPT_LOG_LINES = 10_000;
/** More events than this at one instant are a loop that time cannot end. */
const MOST_EVENTS_AT_ONCE = 1_000_000;

export interface SimulationOptions {
  /** All that happens follows from it. */
  seed: number;
  /** Wall clock at the start, milliseconds since the epoch. */
  epochMs?: number;
  /** Keeps the text of every event in {@link Simulation.trace}. */
  keepTrace?: boolean;
}

export interface RunOptions {
  /** Virtual time after which waiting is given up. Default ten minutes. */
  withinMs?: number;
}

/** A simulation did not get where its test wanted it, or code under it failed. Names the seed. */
export class SimulationError extends Error {
  override name = 'SimulationError';
}

interface Waiter {
  isDone(): boolean;
  deadlineMs: number;
  settle(outcome: 'done' | 'late'): void;
  fail(error: Error): void;
}

/**
 * Several hosts, their network and their disks in virtual time. Events (timers, packets, finished disk calls)
 * run one at a time in the order of time; between two events all promise reactions run out, so programs
 * written with promises work unchanged. The same seed and the same program give the same sequence of events.
 *
 *     const sim = new Simulation({ seed: 1 });
 *     const server = sim.host('server');
 *     await sim.run(async () => {
 *       const peer = await startServer(server.env);
 *       await sim.advance(5000);
 *       server.crash();
 *       ...
 *     });
 */
export class Simulation {
  readonly seed: number;
  readonly epochMs: number;
  /** Draws for the test and for the hosts. */
  readonly random: SimRandom;
  readonly network: SimNetwork;
  /** The latest lines that hosts logged. */
  readonly logLines: SimLogLine[] = [];
  /** One line an event, when `keepTrace` is set. */
  readonly trace: string[] = [];
  private readonly keepTrace: boolean;
  private readonly queue = new EventQueue();
  private readonly waiters: Waiter[] = [];
  private running = false;
  private virtualMs = 0;
  private digest = 0x811c_9dc5;
  private eventsAtOnce = 0;

  constructor(options: SimulationOptions) {
    this.seed = options.seed;
    this.epochMs = options.epochMs ?? Date.UTC(2024, 0, 1);
    this.keepTrace = options.keepTrace ?? false;
    this.random = new SimRandom(options.seed);
    this.network = new SimNetwork({
      random: this.random.fork(),
      nowMs: () => this.virtualMs,
      schedule: (delayMs, label, action) => this.schedule(delayMs, label, action),
    });
  }

  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.virtualMs;
  }

  /** A number that is equal for equal sequences of events. */
  get traceDigest(): number {
    return this.digest >>> 0;
  }

  /** The host of that name, made (and up) at first use. */
  host(name: string): SimHost {
    const known = this.network.hosts.get(name);
    if (known !== undefined) return known;
    const number = this.network.hosts.size + 1;
    const host = new SimHost(this, name, `10.0.${number >> 8}.${number & 255}`);
    this.network.hosts.set(name, host);
    return host;
  }

  schedule(delayMs: number, label: string, action: () => void): SimEvent {
    assert(delayMs >= 0, `timer delay ${delayMs} must not be negative`);
    return this.queue.push(this.virtualMs + delayMs, label, action);
  }

  addLogLine(line: SimLogLine): void {
    if (this.logLines.length >= KEPT_LOG_LINES) this.logLines.shift();
    this.logLines.push(line);
    this.note(`log ${line.host} ${line.level} ${line.text}`);
  }

  /** Runs `main` and everything it sets off until its promise settles. */
  async run<T>(main: () => Promise<T> | T, options: RunOptions = {}): Promise<T> {
    const outcome: { settled: boolean } = { settled: false };
    const result = Promise.resolve().then(main);
    const mark = (): void => {
      outcome.settled = true;
    };
    result.then(mark, mark);
    await this.wait(() => outcome.settled, options, 'the promise did not settle');
    return result;
  }

  /** Lets time pass until `predicate` holds, checked between events. */
  async runUntil(predicate: () => boolean, options: RunOptions = {}): Promise<void> {
    await this.wait(predicate, options, 'the condition did not come true');
  }

  /** Lets `ms` of virtual time pass. */
  async advance(ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.addWaiter({
        isDone: () => false,
        deadlineMs: this.virtualMs + ms,
        settle: () => resolve(),
        fail: reject,
      });
    });
  }

  private async wait(predicate: () => boolean, options: RunOptions, failure: string): Promise<void> {
    const withinMs = options.withinMs ?? DEFAULT_WITHIN_MS;
    const outcome = await new Promise<'done' | 'late'>((resolve, reject) => {
      this.addWaiter({
        isDone: predicate,
        deadlineMs: this.virtualMs + withinMs,
        settle: resolve,
        fail: reject,
      });
    });
    if (outcome === 'late') throw this.failure(`${failure} within ${withinMs} ms of virtual time`);
  }

  private addWaiter(waiter: Waiter): void {
    this.waiters.push(waiter);
    if (this.running) return;
    this.running = true;
    this.loop().catch((error: Error) => {
      this.running = false;
      for (const each of this.waiters.splice(0)) each.fail(error);
    });
  }

  private async loop(): Promise<void> {
    while (this.waiters.length > 0) {
      // A plain macrotask: promise reactions of the last event have all run when it comes.
      await new Promise((resolve) => setImmediate(resolve));
      // Whoever waited goes on before the next event.
      if (this.settle((waiter) => waiter.isDone(), 'done')) continue;
      const firstDeadlineMs = Math.min(...this.waiters.map((waiter) => waiter.deadlineMs));
      const event = this.queue.peek();
      if (event !== undefined && event.atMs <= firstDeadlineMs) {
        this.queue.pop();
        this.runEvent(event);
      } else {
        this.virtualMs = firstDeadlineMs;
        this.settle((waiter) => waiter.deadlineMs <= firstDeadlineMs, 'late');
      }
    }
    this.running = false;
  }

  /** Ends the wait of those that match; true when there were any. */
  private settle(which: (waiter: Waiter) => boolean, outcome: 'done' | 'late'): boolean {
    const matching = this.waiters.filter(which);
    for (const waiter of matching) {
      this.waiters.splice(this.waiters.indexOf(waiter), 1);
      waiter.settle(outcome);
    }
    return matching.length > 0;
  }

  private runEvent(event: SimEvent): void {
    this.eventsAtOnce = event.atMs > this.virtualMs ? 0 : this.eventsAtOnce + 1;
    if (this.eventsAtOnce > MOST_EVENTS_AT_ONCE) throw this.failure(`time stands still: ${event.label}`);
    this.virtualMs = event.atMs;
    this.note(event.label);
    try {
      event.action();
    } catch (error) {
      throw this.failure(`${event.label}: ${String(error)}`, error);
    }
  }

  private note(label: string): void {
    const line = `${this.virtualMs} ${label}`;
    for (let index = 0; index < line.length; index += 1) {
      this.digest = Math.imul(this.digest ^ line.charCodeAt(index), 0x0100_0193);
    }
    if (this.keepTrace) this.trace.push(line);
  }

  private failure(text: string, cause?: unknown): SimulationError {
    return new SimulationError(`${text} (seed ${this.seed}, at ${this.virtualMs} ms)`, { cause });
  }
}

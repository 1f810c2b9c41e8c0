/** One thing for the controller to do. Runs alone, to its end. */
export interface ControllerEvent {
  name: string;
  run(): Promise<void>;
  /** Called instead when the event is not to run any more. */
  dropped?: (() => void) | undefined;
}

/** Runs events one after the other, in the order of their arrival. */
export class EventQueue {
  readonly #failed: (event: ControllerEvent, error: unknown) => Promise<void>;
  readonly #waiting: ControllerEvent[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  /** `failed` is told of an event that threw, before the next one runs. */
  constructor(failed: (event: ControllerEvent, error: unknown) => Promise<void>) {
    this.#failed = failed;
  }

  put(name: string, run: () => Promise<void>, dropped?: () => void): void {
    if (this.#closed) {
      dropped?.();
      return;
    }
    this.#waiting.push({ name, run, dropped });
    this.#running ??= this.#drain();
  }

  /** Drops what waits. The event under way goes on. */
  clear(): void {
    for (const event of this.#waiting.splice(0)) event.dropped?.();
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Takes no more events and drops those that wait; resolves when the one under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.clear();
    await this.idle();
  }

  async #drain(): Promise<void> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event === undefined) break;
      try {
        await event.run();
      } catch (error) {
        await this.#failed(event, error);
      }
    }
    this.#running = null;
  }
}

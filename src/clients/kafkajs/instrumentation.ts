import type { Clock } from '../../env/clock.ts';
import { KafkaJSNonRetriableError } from './errors.ts';
import type { InstrumentationEvent, Logger } from './types/common.ts';

type Listener = (event: InstrumentationEvent<unknown>) => unknown;

/** Numbers the events of all clients of this process. */
let nextId = 0;

/** The events of one client: names, listeners, and telling them. */
export class Instrumentation<Events extends Readonly<Record<string, string>>> {
  readonly events: Events;
  private readonly clock: Clock;
  private readonly logger: Logger;
  /** The client's name in its events: `consumer` for `consumer.crash`. */
  private readonly client: string;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(clock: Clock, logger: Logger, client: string, events: Events) {
    this.clock = clock;
    this.logger = logger;
    this.client = client;
    this.events = events;
  }

  /** Throws a KafkaJSNonRetriableError for a name that is none of the client's. */
  on(eventName: string, listener: Listener): () => void {
    if (!Object.values(this.events).includes(eventName)) {
      const names = Object.keys(this.events).map((key) => `${this.client}.events.${key}`);
      throw new KafkaJSNonRetriableError(`Event name should be one of ${names.join(', ')}`);
    }
    const told = (event: InstrumentationEvent<unknown>): void => {
      // A listener that throws at once is as the emitter's: the one who emits hears of it.
      Promise.resolve(listener(event)).catch((error: Error) => {
        this.logger.error(`Failed to execute listener: ${error.message}`, { eventName, stack: error.stack });
      });
    };
    const listeners = this.listeners.get(eventName) ?? new Set();
    this.listeners.set(eventName, listeners.add(told));
    return () => {
      listeners.delete(told);
    };
  }

  has(eventName: string): boolean {
    return (this.listeners.get(eventName)?.size ?? 0) > 0;
  }

  emit(eventName: string, payload?: object): void {
    if (!this.has(eventName)) return;
    for (const listener of [...(this.listeners.get(eventName) ?? [])]) {
      const event = { id: nextId++, type: eventName, timestamp: this.clock.nowMs(), payload };
      // kafkajs says in its types that ids are texts, and gives numbers.
      listener(event as unknown as InstrumentationEvent<unknown>);
    }
  }
}

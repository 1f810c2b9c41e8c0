import type { Watch } from './ports.ts';

/**
 * Room for one pending watch on one thing, so that reading it again while a watch is still out does not add
 * another: ZooKeeper's watches fire once each.
 */
export class WatchSlot {
  readonly #fire: () => void;
  #armed = false;

  constructor(fire: () => void) {
    this.#fire = fire;
  }

  /** The watch to read with; undefined while one is out. */
  arm(): Watch | undefined {
    if (this.#armed) return undefined;
    this.#armed = true;
    return () => {
      this.#armed = false;
      this.#fire();
    };
  }
}

import type { ProducerIdBlock } from '../zk/znodes/producer-id-block.ts';

/** Gives out producer ids, each once in the life of the cluster, from blocks that this broker has claimed. */
export class ProducerIdManager {
  readonly #nextBlock: () => Promise<ProducerIdBlock>;
  #next = 0n;
  #last = -1n;
  #claiming: Promise<void> | null = null;

  constructor(nextBlock: () => Promise<ProducerIdBlock>) {
    this.#nextBlock = nextBlock;
  }

  async next(): Promise<bigint> {
    while (this.#next > this.#last) {
      this.#claiming ??= this.#claim();
      await this.#claiming;
    }
    const id = this.#next;
    this.#next += 1n;
    return id;
  }

  async #claim(): Promise<void> {
    try {
      const block = await this.#nextBlock();
      this.#next = block.first;
      this.#last = block.last;
    } finally {
      this.#claiming = null;
    }
  }
}

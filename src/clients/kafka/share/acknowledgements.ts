import type { KafkaError } from '../kafka-error.ts';
import { AcknowledgeCode, type AcknowledgeType } from './acknowledge-type.ts';
import type { SharePartition } from './share-partition.ts';

export interface AcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** One for all offsets, or one for each. */
  readonly acknowledgeTypes: number[];
}

/** Offsets next to each other, of one type. */
interface Run {
  first: number;
  last: number;
  code: number;
}

/** So many offsets of one type are said by their ends; fewer are not worth a batch of their own. */
const WORTH_A_BATCH = 10;

/** What is said of records of one partition that were acquired in one share session, until the broker has answered. */
export class Acknowledgements {
  readonly partition: SharePartition;
  /** The broker that the records came from, and which of the sessions with it. */
  readonly nodeId: number;
  readonly generation: number;
  /** How often it was sent in vain. */
  attempts = 0;
  /** Settles with what the broker answers: undefined when it has taken them. */
  readonly settled: Promise<KafkaError | undefined>;
  private readonly codes = new Map<number, number>();
  private resolve: (error: KafkaError | undefined) => void = () => undefined;

  constructor(partition: SharePartition, nodeId: number, generation: number) {
    this.partition = partition;
    this.nodeId = nodeId;
    this.generation = generation;
    this.settled = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  add(offset: number, type: AcknowledgeType | 'gap'): void {
    this.codes.set(offset, AcknowledgeCode[type]);
  }

  settle(error: KafkaError | undefined): void {
    this.resolve(error);
  }

  get isEmpty(): boolean {
    return this.codes.size === 0;
  }

  get hasRenewals(): boolean {
    return this.offsetsOf('renew').length > 0;
  }

  /** Ascending; without the gaps, of which nobody but the broker wants to know. */
  get offsets(): number[] {
    return this.ascending.filter((offset) => this.codes.get(offset) !== AcknowledgeCode.gap);
  }

  offsetsOf(type: AcknowledgeType): number[] {
    return this.ascending.filter((offset) => this.codes.get(offset) === AcknowledgeCode[type]);
  }

  batches(): AcknowledgementBatch[] {
    const batches: { firstOffset: number; lastOffset: number; acknowledgeTypes: number[] }[] = [];
    let mixed = false;
    for (const { first, last, code } of this.runs()) {
      const count = last - first + 1;
      const before = batches.at(-1);
      const isLong = count > WORTH_A_BATCH;
      if (before !== undefined && mixed && !isLong && before.lastOffset === first - 1) {
        before.lastOffset = last;
        before.acknowledgeTypes.push(...new Array<number>(count).fill(code));
      } else {
        batches.push({
          firstOffset: first,
          lastOffset: last,
          acknowledgeTypes: new Array(isLong ? 1 : count).fill(code),
        });
        mixed = !isLong;
      }
    }
    for (const batch of batches) {
      const [only] = batch.acknowledgeTypes;
      if (batch.acknowledgeTypes.every((code) => code === only)) batch.acknowledgeTypes.length = 1;
    }
    return batches;
  }

  private get ascending(): number[] {
    return [...this.codes.keys()].sort((a, b) => a - b);
  }

  private runs(): Run[] {
    const runs: Run[] = [];
    for (const offset of this.ascending) {
      const code = this.codes.get(offset) ?? AcknowledgeCode.gap;
      const run = runs.at(-1);
      if (run !== undefined && run.last === offset - 1 && run.code === code) run.last = offset;
      else runs.push({ first: offset, last: offset, code });
    }
    return runs;
  }
}

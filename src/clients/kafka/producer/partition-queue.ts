import { PartitionSequences } from './partition-sequences.ts';
import type { ProducerBatch } from './producer-batch.ts';

/** The batches of one partition that wait to be sent, the oldest first. The last one may take more records. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly batches: ProducerBatch[] = [];
  readonly sequences = new PartitionSequences();
  /** Batches under way. */
  inFlight = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get first(): ProducerBatch | undefined {
    return this.batches[0];
  }

  get last(): ProducerBatch | undefined {
    return this.batches.at(-1);
  }

  /** Puts back a batch that is to be sent again, by its sequence; one without comes first. */
  putBack(batch: ProducerBatch): void {
    if (!batch.hasSequence) {
      this.batches.unshift(batch);
      return;
    }
    const { batches, sequences } = this;
    let index = 0;
    for (; index < batches.length; index++) {
      const other = batches[index];
      if (other === undefined || !other.hasSequence || sequences.isBefore(batch, other)) break;
    }
    batches.splice(index, 0, batch);
  }

  remove(batch: ProducerBatch): void {
    const index = this.batches.indexOf(batch);
    if (index >= 0) this.batches.splice(index, 1);
  }
}

import type { Invariant } from '../invariant.ts';
import type { KafkaObservation, SeenRecord } from './observation.ts';

export type KafkaInvariant = Invariant<KafkaObservation>;

const at = (partition: number, offset: number): string => `partition ${partition}, offset ${offset}`;

interface Acknowledged {
  partition: number;
  offset: number;
  value: string;
  /** How many losses of unsynced data were before it. */
  era: number;
}

/**
 * Every acknowledged record is in the log at its offset. Where a power loss may take what was not flushed, it
 * takes an end: of what was acknowledged before it, a beginning is there.
 */
export function noAcknowledgedRecordLost(): KafkaInvariant {
  const acknowledged: Acknowledged[] = [];
  let now = 0;
  return {
    name: 'no acknowledged record lost',
    see(observation) {
      if (observation.kind === 'unsynced records lost') now++;
      if (observation.kind === 'acknowledged') {
        const { batch, baseOffset, era } = observation;
        // Whether it was appended before or after a loss in between, nobody knows.
        if (era !== now) return undefined;
        batch.values.forEach((value, index) => {
          acknowledged.push({ partition: batch.partition, offset: baseOffset + index, value, era });
        });
      }
      if (observation.kind !== 'whole log') return undefined;
      const { partition, records } = observation;
      const values = new Map(records.map(({ offset, value }) => [offset, value]));
      const firstLost = new Map<number, Acknowledged>();
      const own = acknowledged.filter((each) => each.partition === partition);
      for (const each of own.sort((a, b) => a.offset - b.offset)) {
        const isKept = values.get(each.offset) === each.value;
        if (!isKept && each.era === now) {
          return `${at(partition, each.offset)} was acknowledged for ${each.value} and holds ${values.get(each.offset)}`;
        }
        const lost = firstLost.get(each.era);
        if (isKept && lost !== undefined) {
          return `${at(partition, lost.offset)} (${lost.value}) is lost but not ${at(partition, each.offset)} behind it`;
        }
        if (!isKept && lost === undefined) firstLost.set(each.era, each);
      }
      return undefined;
    },
  };
}

/** A record that was sent once is there at most once, however often an idempotent producer tried. */
export function noDuplicates(): KafkaInvariant {
  const idempotent = new Set<string>();
  return {
    name: 'no duplicates of idempotent producers',
    see(observation) {
      if (observation.kind === 'sent' && observation.batch.isIdempotent) {
        for (const value of observation.batch.values) idempotent.add(value);
      }
      if (observation.kind !== 'whole log') return undefined;
      const seen = new Map<string, number>();
      for (const { offset, value } of observation.records) {
        const first = seen.get(value);
        if (first !== undefined && idempotent.has(value)) {
          return `${value} is at offsets ${first} and ${offset} of partition ${observation.partition}`;
        }
        seen.set(value, offset);
      }
      return undefined;
    },
  };
}

/** Nothing is in the log that nobody sent. */
export function noInventions(): KafkaInvariant {
  const sent = new Set<string>();
  return {
    name: 'only what was sent',
    see(observation) {
      if (observation.kind === 'sent') for (const value of observation.batch.values) sent.add(value);
      if (observation.kind !== 'fetched' && observation.kind !== 'whole log') return undefined;
      const invented = observation.records.find(({ value }) => !sent.has(value));
      return invented === undefined
        ? undefined
        : `${at(observation.partition, invented.offset)} holds ${invented.value}`;
    },
  };
}

/** A fetch gives the records from its offset on, without a gap, below the high watermark. */
export function contiguousOffsets(): KafkaInvariant {
  return {
    name: 'contiguous offsets',
    see(observation) {
      if (observation.kind !== 'fetched' && observation.kind !== 'whole log') return undefined;
      const { partition, records, highWatermark } = observation;
      let expected = observation.kind === 'fetched' ? observation.fetchOffset : 0;
      for (const { offset } of records) {
        if (offset !== expected) return `${at(partition, offset)} came where ${expected} was due`;
        expected++;
      }
      if (expected > highWatermark && records.length > 0) {
        return `${at(partition, expected - 1)} was handed out with the high watermark at ${highWatermark}`;
      }
      if (observation.kind === 'whole log' && expected !== highWatermark) {
        return `partition ${partition} ends at ${expected}, its high watermark is ${highWatermark}`;
      }
      return undefined;
    },
  };
}

/** What one reader has seen at an offset, every other sees. */
export function equalLogs(): KafkaInvariant {
  const known = new Map<string, string>();
  let now = 0;
  const check = (partition: number, { offset, value }: SeenRecord): string | undefined => {
    const place = at(partition, offset);
    const first = known.get(place);
    known.set(place, value);
    return first === undefined || first === value ? undefined : `${place} was ${first} and is ${value}`;
  };
  return {
    name: 'a record never changes',
    see(observation) {
      if (observation.kind === 'unsynced records lost') {
        known.clear();
        now++;
      }
      if (observation.kind === 'acknowledged' && observation.era === now) {
        const { batch, baseOffset } = observation;
        for (const [index, value] of batch.values.entries()) {
          const wrong = check(batch.partition, { offset: baseOffset + index, value, timestamp: 0 });
          if (wrong !== undefined) return wrong;
        }
      }
      if (observation.kind !== 'fetched' && observation.kind !== 'whole log') return undefined;
      for (const record of observation.records) {
        const wrong = check(observation.partition, record);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
  };
}

/** The largest of some numbers per partition, as of any position in the history. */
class Peaks {
  private readonly byPartition = new Map<number, { at: number; value: number }[]>();

  add(partition: number, position: number, value: number): void {
    const peaks = this.byPartition.get(partition) ?? [];
    this.byPartition.set(partition, peaks);
    if (value > (peaks.at(-1)?.value ?? -1)) peaks.push({ at: position, value });
  }

  before(partition: number, position: number): number {
    return this.byPartition.get(partition)?.findLast((peak) => peak.at < position)?.value ?? -1;
  }

  clear(): void {
    this.byPartition.clear();
  }
}

/** The high watermark never goes back: what could be read can be read. */
export function monotoneHighWatermark(): KafkaInvariant {
  const peaks = new Peaks();
  let position = -1;
  return {
    name: 'monotone high watermark',
    see(observation) {
      position++;
      if (observation.kind === 'unsynced records lost') peaks.clear();
      if (observation.kind !== 'fetched') return undefined;
      const { partition, highWatermark, invokedAt, reader } = observation;
      const before = peaks.before(partition, invokedAt);
      peaks.add(partition, position, highWatermark);
      if (highWatermark >= before) return undefined;
      return `${reader} found the high watermark of partition ${partition} at ${highWatermark} after ${before}`;
    },
  };
}

/** Committed offsets are kept and never go back, through rebalances and restarts. */
export function committedOffsetsNeverGoBack(): KafkaInvariant {
  const peaks = new Peaks();
  let position = -1;
  return {
    name: 'committed offsets never go back',
    see(observation) {
      position++;
      if (observation.kind === 'unsynced records lost') peaks.clear();
      if (observation.kind === 'committed') peaks.add(observation.partition, position, observation.offset);
      if (observation.kind !== 'commit found') return undefined;
      const { partition, offset, invokedAt } = observation;
      const before = peaks.before(partition, invokedAt);
      if (offset >= before) return undefined;
      return `the group is at ${offset} of partition ${partition}, ${before} had been committed`;
    },
  };
}

/** A group commits only what its members have read, as long as nothing was lost. */
export function groupReadsEverything(): KafkaInvariant {
  const read = new Map<number, Set<number>>();
  const done = new Map<number, number>();
  let hasLost = false;
  return {
    name: 'a group reads every record',
    see(observation) {
      if (observation.kind === 'unsynced records lost') hasLost = true;
      if (hasLost) return undefined;
      if (observation.kind === 'fetched' && observation.reader.startsWith('member')) {
        const offsets = read.get(observation.partition) ?? new Set();
        read.set(observation.partition, offsets);
        for (const { offset } of observation.records) offsets.add(offset);
      }
      if (observation.kind !== 'committed') return undefined;
      const { partition, offset } = observation;
      for (let each = done.get(partition) ?? 0; each < offset; each++) {
        if (!read.get(partition)?.has(each))
          return `${at(partition, each)} was committed and read by no member`;
      }
      done.set(partition, Math.max(offset, done.get(partition) ?? 0));
      return undefined;
    },
  };
}

/** An idempotent producer that keeps to its sequence is not refused, as long as nothing was lost. */
export function producerStateIsKept(): KafkaInvariant {
  let hasLost = false;
  return {
    name: 'producer state is kept',
    see(observation) {
      if (observation.kind === 'unsynced records lost') hasLost = true;
      if (observation.kind !== 'out of sequence' || hasLost) return undefined;
      const { producer, partition, values } = observation.batch;
      return `producer ${producer} was refused ${values[0]} in partition ${partition} with error ${observation.errorCode}`;
    },
  };
}

/** The time index finds the first record that is not earlier. */
export function timeIndexIsRight(): KafkaInvariant {
  const logs = new Map<number, readonly SeenRecord[]>();
  return {
    name: 'time index agrees with the log',
    see(observation) {
      if (observation.kind === 'whole log') logs.set(observation.partition, observation.records);
      if (observation.kind !== 'offset by time') return undefined;
      const { partition, timestamp, offset } = observation;
      const expected = logs.get(partition)?.find((record) => record.timestamp >= timestamp)?.offset ?? -1;
      if (offset === expected) return undefined;
      return `the first record of partition ${partition} from ${timestamp} on is at ${expected}, found at ${offset}`;
    },
  };
}

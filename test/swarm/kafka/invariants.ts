import type { Invariant } from '../invariant.ts';
import { contentOf, type KafkaObservation, type SeenRecord, type SentRecord } from './observation.ts';

export type KafkaInvariant = Invariant<KafkaObservation>;

const at = (partition: string, offset: number): string => `${partition}, offset ${offset}`;

/** Whether a lapse of the promise concerns a partition. */
function lapses(observation: KafkaObservation, partition: string): boolean {
  if (observation.kind !== 'promise lapsed') return false;
  return observation.partition === undefined || observation.partition === partition;
}

interface Acknowledged {
  offset: number;
  record: SentRecord;
  /** How many lapses of the promise were before it. */
  era: number;
}

/**
 * Every acknowledged record is in the log at its offset, or in a compacted log a later one of its key. Where the
 * promise lapsed, an end may be lost: of what was acknowledged before it, a beginning is there.
 */
export function noAcknowledgedRecordLost(): KafkaInvariant {
  const acknowledged = new Map<string, Acknowledged[]>();
  const eras = new Eras();
  const tombstones = new Set<string>();
  return {
    name: 'no acknowledged record lost',
    see(observation) {
      eras.see(observation);
      if (observation.kind === 'sent') {
        for (const { key, value } of observation.batch.records) {
          if (value === null) tombstones.add(`${observation.batch.partition} ${key}`);
        }
      }
      if (observation.kind === 'acknowledged') {
        const { batch, baseOffset } = observation;
        const era = eras.of(batch.partition);
        const own = acknowledged.get(batch.partition) ?? [];
        acknowledged.set(batch.partition, own);
        for (const [index, record] of batch.records.entries()) {
          own.push({ offset: baseOffset + index, record, era });
        }
      }
      if (observation.kind !== 'whole log') return undefined;
      const { partition } = observation;
      const own = acknowledged.get(partition) ?? [];
      const lastOfKey = new Map(observation.records.map(({ key, offset }) => [key, offset]));
      const isCleaned = ({ offset, record: { key } }: Acknowledged): boolean => {
        // Without any record of a key, its tombstone may have gone the way that it is meant to go.
        const last = lastOfKey.get(key);
        return last === undefined ? tombstones.has(`${partition} ${key}`) : last > offset;
      };
      const kept = own.filter((each) => !observation.isCompacted || !isCleaned(each));
      const wrong = firstLoss(kept, observation.records, eras.of(partition));
      return wrong === undefined ? undefined : `${partition}: ${wrong}`;
    },
  };
}

function firstLoss(
  acknowledged: readonly Acknowledged[],
  records: readonly SeenRecord[],
  now: number,
): string | undefined {
  const contents = new Map(records.map((record) => [record.offset, contentOf(record)]));
  const firstLost = new Map<number, Acknowledged>();
  for (const each of [...acknowledged].sort((a, b) => a.offset - b.offset)) {
    const content = contentOf(each.record);
    const isKept = contents.get(each.offset) === content;
    if (!isKept && each.era === now) {
      return `offset ${each.offset} was acknowledged for ${content} and holds ${contents.get(each.offset)}`;
    }
    const lost = firstLost.get(each.era);
    if (isKept && lost !== undefined) {
      return `offset ${lost.offset} (${contentOf(lost.record)}) is lost but not offset ${each.offset} behind it`;
    }
    if (!isKept && lost === undefined) firstLost.set(each.era, each);
  }
  return undefined;
}

/** Counts lapses of the promise. */
class Eras {
  private ofAll = 0;
  private readonly byPartition = new Map<string, number>();

  see(observation: KafkaObservation): void {
    if (observation.kind !== 'promise lapsed') return;
    const { partition } = observation;
    if (partition === undefined) this.ofAll++;
    else this.byPartition.set(partition, (this.byPartition.get(partition) ?? 0) + 1);
  }

  of(partition: string): number {
    return this.ofAll + (this.byPartition.get(partition) ?? 0);
  }
}

/** A record that was sent once is there at most once, however often an idempotent producer tried. */
export function noDuplicates(): KafkaInvariant {
  const idempotent = new Set<string>();
  return {
    name: 'no duplicates of idempotent producers',
    see(observation) {
      if (observation.kind === 'sent' && observation.batch.isIdempotent) {
        for (const { value } of observation.batch.records) if (value !== null) idempotent.add(value);
      }
      if (observation.kind !== 'whole log') return undefined;
      const seen = new Map<string, number>();
      for (const { offset, value } of observation.records) {
        if (value === null) continue;
        const first = seen.get(value);
        if (first !== undefined && idempotent.has(value)) {
          return `${value} is at offsets ${first} and ${offset} of ${observation.partition}`;
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
      if (observation.kind === 'sent') {
        for (const record of observation.batch.records) sent.add(contentOf(record));
      }
      if (observation.kind !== 'fetched' && observation.kind !== 'whole log') return undefined;
      const invented = observation.records.find((record) => !sent.has(contentOf(record)));
      return invented === undefined
        ? undefined
        : `${at(observation.partition, invented.offset)} holds ${contentOf(invented)}`;
    },
  };
}

/** A fetch gives the records from its offset on below the high watermark, without a gap unless the log is compacted. */
export function contiguousOffsets(): KafkaInvariant {
  return {
    name: 'contiguous offsets',
    see(observation) {
      if (observation.kind !== 'fetched' && observation.kind !== 'whole log') return undefined;
      const { partition, records, highWatermark, isCompacted } = observation;
      let expected = observation.kind === 'fetched' ? observation.fetchOffset : 0;
      for (const { offset } of records) {
        const isRight = isCompacted ? offset >= expected : offset === expected;
        if (!isRight) return `${at(partition, offset)} came where ${expected} was due`;
        expected = offset + 1;
      }
      if (expected > highWatermark && records.length > 0) {
        return `${at(partition, expected - 1)} was handed out with the high watermark at ${highWatermark}`;
      }
      if (observation.kind === 'whole log' && !isCompacted && expected !== highWatermark) {
        return `${partition} ends at ${expected}, its high watermark is ${highWatermark}`;
      }
      return undefined;
    },
  };
}

/** What one reader has seen at an offset, every other sees. */
export function equalLogs(): KafkaInvariant {
  const known = new Map<string, Map<number, string>>();
  const check = (partition: string, offset: number, record: SentRecord): string | undefined => {
    const own = known.get(partition) ?? new Map<number, string>();
    known.set(partition, own);
    const content = contentOf(record);
    const first = own.get(offset);
    own.set(offset, content);
    if (first === undefined || first === content) return undefined;
    return `${at(partition, offset)} was ${first} and is ${content}`;
  };
  return {
    name: 'a record never changes',
    see(observation) {
      if (observation.kind === 'promise lapsed') {
        if (observation.partition === undefined) known.clear();
        else known.delete(observation.partition);
      }
      if (observation.kind === 'acknowledged') {
        const { batch, baseOffset } = observation;
        for (const [index, record] of batch.records.entries()) {
          const wrong = check(batch.partition, baseOffset + index, record);
          if (wrong !== undefined) return wrong;
        }
      }
      if (observation.kind !== 'fetched' && observation.kind !== 'whole log') return undefined;
      for (const record of observation.records) {
        const wrong = check(observation.partition, record.offset, record);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
  };
}

/** The largest of some numbers by name, as of any position in the history. */
class Peaks {
  private readonly byName = new Map<string, { at: number; value: number }[]>();

  add(name: string, position: number, value: number): void {
    const peaks = this.byName.get(name) ?? [];
    this.byName.set(name, peaks);
    if (value > (peaks.at(-1)?.value ?? -1)) peaks.push({ at: position, value });
  }

  before(name: string, position: number): number {
    return this.byName.get(name)?.findLast((peak) => peak.at < position)?.value ?? -1;
  }

  forget(isMeant: (name: string) => boolean): void {
    for (const name of this.byName.keys()) if (isMeant(name)) this.byName.delete(name);
  }
}

/**
 * The high watermark that a broker shows never goes back: what could be read there can be read. Another broker may
 * be behind; what was read before its high watermark comes again by then is judged by the other rules.
 */
export function monotoneHighWatermark(): KafkaInvariant {
  const peaks = new Peaks();
  let position = -1;
  return {
    name: 'monotone high watermark',
    see(observation) {
      position++;
      peaks.forget((name) => lapses(observation, name.slice(name.indexOf(' ') + 1)));
      if (observation.kind !== 'fetched') return undefined;
      const { partition, broker, highWatermark, invokedAt, reader } = observation;
      const name = `${broker} ${partition}`;
      const before = peaks.before(name, invokedAt);
      peaks.add(name, position, highWatermark);
      if (highWatermark >= before) return undefined;
      return `${reader} found the high watermark of ${partition} at ${highWatermark} after ${before}`;
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
      // A lapse of the partition that keeps the group, or of the one that is read: then it begins anew.
      if (observation.kind === 'promise lapsed') peaks.forget(() => true);
      if (observation.kind === 'out of range') peaks.forget((name) => name === observation.partition);
      if (observation.kind === 'committed') peaks.add(observation.partition, position, observation.offset);
      if (observation.kind !== 'commit found') return undefined;
      const { partition, offset, invokedAt } = observation;
      const before = peaks.before(partition, invokedAt);
      if (offset >= before) return undefined;
      return `the group is at ${offset} of ${partition}, ${before} had been committed`;
    },
  };
}

/** Where a group is, there is something to read or the end, as long as the promise holds. */
export function committedIsInRange(): KafkaInvariant {
  const eras = new Eras();
  return {
    name: 'committed offsets are in range',
    see(observation) {
      eras.see(observation);
      if (observation.kind !== 'out of range' || eras.of(observation.partition) > 0) return undefined;
      const { member, partition, offset } = observation;
      return `${member} reads ${partition} from ${offset} on, which is out of range`;
    },
  };
}

/** A group commits only what its members have read, as long as the promise holds. */
export function groupReadsEverything(): KafkaInvariant {
  const read = new Map<string, Set<number>>();
  const done = new Map<string, number>();
  let hasLapsed = false;
  return {
    name: 'a group reads every record',
    see(observation) {
      if (observation.kind === 'promise lapsed') hasLapsed = true;
      if (hasLapsed) return undefined;
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

/** An idempotent producer that keeps to its sequence is not refused, as long as the promise holds. */
export function producerStateIsKept(): KafkaInvariant {
  const eras = new Eras();
  return {
    name: 'producer state is kept',
    see(observation) {
      eras.see(observation);
      if (observation.kind !== 'out of sequence') return undefined;
      const { producer, partition, records } = observation.batch;
      const [first] = records;
      if (eras.of(partition) > 0 || first === undefined) return undefined;
      return `producer ${producer} was refused ${contentOf(first)} in ${partition} with error ${observation.errorCode}`;
    },
  };
}

/** The time index finds the first record that is not earlier. */
export function timeIndexIsRight(): KafkaInvariant {
  const logs = new Map<string, readonly SeenRecord[]>();
  return {
    name: 'time index agrees with the log',
    see(observation) {
      if (observation.kind === 'whole log') logs.set(observation.partition, observation.records);
      if (observation.kind !== 'offset by time') return undefined;
      const { partition, timestamp, offset } = observation;
      const expected = logs.get(partition)?.find((record) => record.timestamp >= timestamp)?.offset ?? -1;
      if (offset === expected) return undefined;
      return `the first record of ${partition} from ${timestamp} on is at ${expected}, found at ${offset}`;
    },
  };
}

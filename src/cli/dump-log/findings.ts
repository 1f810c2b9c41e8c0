type Pairs = Map<string, [number, number][]>;

function add(pairs: Pairs, file: string, pair: [number, number]): void {
  pairs.set(file, [...(pairs.get(file) ?? []), pair]);
}

/** What does not fit together in the files of a dump, by file. */
export class Findings {
  private readonly indexes: Pairs = new Map();
  private readonly times: Pairs = new Map();
  private readonly disorder: Pairs = new Map();
  private readonly missing: Pairs = new Map();
  private readonly gaps: Pairs = new Map();

  /** An index entry names an offset, and the batch at its position ends at another. */
  indexMismatch(file: string, indexOffset: number, logOffset: number): void {
    add(this.indexes, file, [indexOffset, logOffset]);
  }

  timeMismatch(file: string, indexTimestamp: number, logTimestamp: number): void {
    add(this.times, file, [indexTimestamp, logTimestamp]);
  }

  timeDisorder(file: string, timestamp: number, previous: number): void {
    add(this.disorder, file, [timestamp, previous]);
  }

  timeOffsetMissing(file: string, indexOffset: number, logOffset: number): void {
    add(this.missing, file, [indexOffset, logOffset]);
  }

  notConsecutive(file: string, first: number, second: number): void {
    add(this.gaps, file, [first, second]);
  }

  /** On standard error, in Apache's words; the latest first where Apache collects them so. */
  print(): void {
    for (const [file, pairs] of this.indexes) {
      console.error(`Mismatches in :${file}`);
      for (const [index, log] of pairs.toReversed()) {
        console.error(`  Index offset: ${index}, log offset: ${log}`);
      }
    }
    for (const [file, pairs] of this.times) {
      console.error(`Found timestamp mismatch in :${file}`);
      for (const [index, log] of pairs) {
        console.error(`  Index timestamp: ${index}, log timestamp: ${log}`);
      }
    }
    for (const [file, pairs] of this.disorder) {
      console.error(`Found out of order timestamp in :${file}`);
      for (const [now, before] of pairs) {
        console.error(`  Index timestamp: ${now}, Previously indexed timestamp: ${before}`);
      }
    }
    for (const pairs of this.missing.values()) {
      console.error('The following indexed offsets are not found in the log.');
      for (const [index, log] of pairs) {
        console.error(`Indexed offset: ${index}, found log offset: ${log}`);
      }
    }
    for (const [file, pairs] of this.gaps) {
      console.error(`Non-consecutive offsets in ${file}`);
      for (const [first, second] of pairs.toReversed()) console.error(`  ${first} is followed by ${second}`);
    }
  }
}

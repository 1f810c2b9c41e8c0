import { JavaError } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import { logLine } from '../log-line.ts';
import type { MessageFormatter, PrintableRecord } from './formatters/message-formatter.ts';
import { OutputBuffer } from './output-buffer.ts';

const FLUSH_BYTES = 64 * 1024;

export interface Printing<R extends PrintableRecord> {
  /** Some records; none when the time is up. Rejects with what went wrong, or with the reason of a signal. */
  poll(): Promise<readonly R[]>;
  readonly formatter: MessageFormatter;
  /** Asked once, at the begin; undefined for no end. */
  maxMessages(): number | undefined;
  readonly signal: AbortSignal;
  /** The class that logs, for messages on standard error. */
  readonly logger: string;
  /** Told of each record that was printed. */
  printed?(record: R): void;
  /** What becomes of a record that cannot be printed: true when it goes on. */
  unprintable(record: R, error: unknown): boolean;
  /** Of the records that came and were not printed, because there were enough. */
  left?(records: readonly R[]): void;
}

/** Prints records until there are enough, nothing comes in time, somebody interrupts, or nobody reads what is printed. */
export async function printRecords<R extends PrintableRecord>(printing: Printing<R>): Promise<void> {
  const counted = new RecordCount();
  try {
    await new Printer(printing, counted).run();
  } finally {
    counted.report();
  }
}

/** "Processed a total of N messages", which comes whatever happens. */
class RecordCount {
  value = 0;

  report(): void {
    console.error(`Processed a total of ${this.value} messages`);
  }
}

class Printer<R extends PrintableRecord> {
  private readonly printing: Printing<R>;
  private readonly counted: RecordCount;
  private readonly output = new OutputBuffer();
  private readonly standardOut = new StandardOut();
  private maxMessages = 0;

  constructor(printing: Printing<R>, counted: RecordCount) {
    this.printing = printing;
    this.counted = counted;
  }

  async run(): Promise<void> {
    this.maxMessages = this.printing.maxMessages() ?? Number.POSITIVE_INFINITY;
    try {
      while (this.wantsMore && !this.standardOut.isBroken) {
        const records = await this.receive();
        if (records === undefined) return;
        this.print(records);
        this.standardOut.write(this.output.take());
      }
      if (this.standardOut.isBroken) console.error('Unable to write to standard out, closing consumer.');
    } finally {
      this.standardOut.write(this.output.take());
    }
  }

  private get wantsMore(): boolean {
    return this.counted.value < this.maxMessages;
  }

  /** Undefined at the end. What goes wrong here ends the tool without a failure, as Apache's. */
  private async receive(): Promise<readonly R[] | undefined> {
    const { poll, signal, logger } = this.printing;
    try {
      const records = await poll();
      if (records.length > 0) return records;
      throw new JavaError('org.apache.kafka.common.errors.TimeoutException', null);
    } catch (error) {
      if (signal.aborted) return undefined;
      const known = asJavaError(error);
      logLine('ERROR', 'Error processing message, terminating consumer process: ', logger);
      console.error(known instanceof JavaError ? known.toTrace() : known);
      return undefined;
    }
  }

  private print(records: readonly R[]): void {
    const { formatter, printed, unprintable, left } = this.printing;
    for (const [index, record] of records.entries()) {
      if (!this.wantsMore) {
        left?.(records.slice(index));
        return;
      }
      this.counted.value++;
      try {
        formatter.write(record, this.output);
      } catch (error) {
        if (unprintable(record, error)) continue;
        left?.(records.slice(index));
        throw error;
      }
      printed?.(record);
      if (this.output.size >= FLUSH_BYTES) this.standardOut.write(this.output.take());
    }
  }
}

/** Standard output; one that nobody reads any more is noticed. */
class StandardOut {
  isBroken = false;

  constructor() {
    process.stdout.on('error', () => {
      this.isBroken = true;
    });
  }

  write(bytes: Buffer): void {
    if (bytes.length > 0 && !this.isBroken) process.stdout.write(bytes);
  }
}

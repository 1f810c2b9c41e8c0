import { InvalidRecordError } from './errors.ts';

/**
 * Walks over the magic 2 records of an (unpacked) batch body without allocating for any of them: what a broker
 * needs to check a batch before it is appended. After each {@link RecordScanner.next} the fields tell about the
 * record just passed; its structure has been checked as far as its lengths and counts go.
 */
export class RecordScanner {
  timestampDelta = 0;
  offsetDelta = 0;
  hasKey = false;
  hasValue = false;
  /** Where the key lies in the body, when there is one. */
  readonly key = { start: 0, end: 0 };
  /** Key, value and headers with their lengths: what does not depend on the record's place. */
  readonly content = { start: 0, end: 0 };
  private readonly body: Buffer;
  private readonly count: number;
  private at = 0;
  private index = 0;

  /** `count` is the batch header's; a negative one throws {@link InvalidRecordError}. */
  constructor(body: Buffer, count: number) {
    if (count < 0) throw new InvalidRecordError(`a batch announces ${count} records`);
    this.body = body;
    this.count = count;
  }

  /** False after the last record. Throws {@link InvalidRecordError}. */
  next(): boolean {
    if (this.index === this.count) return false;
    if (this.at >= this.body.length) {
      throw new InvalidRecordError(`a batch announces ${this.count} records and has ${this.index}`);
    }
    const length = this.varint();
    const end = this.at + length;
    if (length < 0 || end > this.body.length) {
      throw new InvalidRecordError(
        `a record of ${length} bytes where ${this.body.length - this.at} are left`,
      );
    }
    this.skip(1, end);
    this.timestampDelta = this.varlong();
    this.offsetDelta = this.varint();
    this.content.start = this.at;
    this.content.end = end;
    this.hasKey = this.skipKey(end);
    this.hasValue = this.skipNullable(end);
    this.skipHeaders(end);
    if (this.at !== end) throw new InvalidRecordError('a record is not as long as it announces');
    this.index++;
    if (this.index === this.count && this.at < this.body.length) {
      throw new InvalidRecordError(`a batch has ${this.body.length - this.at} bytes after its last record`);
    }
    return true;
  }

  private skipKey(end: number): boolean {
    const length = this.varint();
    if (length < 0) return false;
    this.key.start = this.at;
    this.skip(length, end);
    this.key.end = this.at;
    return true;
  }

  private skipHeaders(end: number): void {
    const headers = this.varint();
    if (headers < 0 || headers > end - this.at) {
      throw new InvalidRecordError(`a record announces ${headers} headers`);
    }
    for (let header = 0; header < headers; header++) {
      if (!this.skipNullable(end)) throw new InvalidRecordError('a record header has no key');
      this.skipNullable(end);
    }
  }

  /** Whether there was a value: its length is not negative. */
  private skipNullable(end: number): boolean {
    const length = this.varint();
    if (length < 0) return false;
    this.skip(length, end);
    return true;
  }

  private skip(length: number, end: number): void {
    if (length > end - this.at) throw new InvalidRecordError('a record ends inside one of its fields');
    this.at += length;
  }

  private varint(): number {
    const { body } = this;
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = body[this.at++];
      if (byte === undefined) throw new InvalidRecordError('a batch ends inside a number');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new InvalidRecordError('a varint is longer than 32 bits');
  }

  /** Exact up to 2^53, beyond which it throws. */
  private varlong(): number {
    const { body } = this;
    let value = 0;
    let scale = 1;
    for (let bytes = 0; bytes < 10; bytes++) {
      const byte = body[this.at++];
      if (byte === undefined) throw new InvalidRecordError('a batch ends inside a number');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      scale *= 0x80;
    }
    throw new InvalidRecordError('a timestamp delta is beyond 2^53');
  }
}

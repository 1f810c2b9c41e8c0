import type { Receipt, RecordMetadata } from './prepared-record.ts';

/** Tells one sender of one record. */
export class OneReceipt implements Receipt {
  private readonly resolve: (metadata: RecordMetadata) => void;
  private readonly reject: (error: Error) => void;

  constructor(resolve: (metadata: RecordMetadata) => void, reject: (error: Error) => void) {
    this.resolve = resolve;
    this.reject = reject;
  }

  acknowledged(_slot: number, metadata: RecordMetadata): void {
    this.resolve(metadata);
  }

  failed(_slot: number, error: Error): void {
    this.reject(error);
  }
}

/** Tells one sender of many records, once all of them have their outcome. */
export class ManyReceipt implements Receipt {
  private readonly resolve: (metadata: RecordMetadata[]) => void;
  private readonly reject: (error: Error) => void;
  private readonly results: RecordMetadata[];
  private left: number;
  private error: Error | undefined;

  constructor(count: number, resolve: (metadata: RecordMetadata[]) => void, reject: (error: Error) => void) {
    this.resolve = resolve;
    this.reject = reject;
    this.left = count;
    this.results = new Array<RecordMetadata>(count);
    if (count === 0) resolve([]);
  }

  acknowledged(slot: number, metadata: RecordMetadata): void {
    this.results[slot] = metadata;
    this.settle();
  }

  failed(_slot: number, error: Error): void {
    this.error ??= error;
    this.settle();
  }

  private settle(): void {
    this.left--;
    if (this.left > 0) return;
    if (this.error === undefined) this.resolve(this.results);
    else this.reject(this.error);
  }
}

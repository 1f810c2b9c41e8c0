/** Values that leave in the order they came in, both in constant time. */
export class Fifo<T> {
  private values: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.values.length - this.head;
  }

  push(value: T): void {
    this.values.push(value);
  }

  peek(): T | undefined {
    return this.values[this.head];
  }

  shift(): T | undefined {
    const value = this.values[this.head];
    if (this.head < this.values.length) {
      this.values[this.head] = undefined;
      this.head += 1;
    }
    // Moves what is left once in a while, so that the part in front does not grow.
    if (this.head > 1024 && this.head * 2 > this.values.length) {
      this.values = this.values.slice(this.head);
      this.head = 0;
    }
    return value;
  }

  /** Takes all values out. */
  drain(): T[] {
    const values = this.values.slice(this.head) as T[];
    this.values = [];
    this.head = 0;
    return values;
  }
}

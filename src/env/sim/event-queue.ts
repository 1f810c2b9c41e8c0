/** A unit of work at a virtual time. */
export interface SimEvent {
  readonly atMs: number;
  /** Order among events of one time: as they were set. */
  readonly sequence: number;
  /** Shown in the trace. */
  readonly label: string;
  readonly action: () => void;
  cancelled: boolean;
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}

/** A binary heap of events, earliest first. Cancelled ones are dropped when they come to the top. */
export class EventQueue {
  private readonly heap: SimEvent[] = [];
  private sequence = 0;

  push(atMs: number, label: string, action: () => void): SimEvent {
    this.sequence += 1;
    const event = { atMs, sequence: this.sequence, label, action, cancelled: false };
    this.heap.push(event);
    this.rise(this.heap.length - 1, event);
    return event;
  }

  /** The earliest event that still stands, left in place. */
  peek(): SimEvent | undefined {
    for (;;) {
      const top = this.heap[0];
      if (top === undefined || !top.cancelled) return top;
      this.pop();
    }
  }

  pop(): SimEvent | undefined {
    const top = this.heap[0];
    const last = this.heap.pop();
    if (top !== undefined && last !== undefined && top !== last) this.sink(last);
    return top;
  }

  private rise(from: number, event: SimEvent): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.heap[parentIndex];
      if (parent === undefined || !isBefore(event, parent)) break;
      this.heap[index] = parent;
      index = parentIndex;
    }
    this.heap[index] = event;
  }

  private sink(event: SimEvent): void {
    let index = 0;
    for (;;) {
      let childIndex = index * 2 + 1;
      const left = this.heap[childIndex];
      if (left === undefined) break;
      const right = this.heap[childIndex + 1];
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        childIndex += 1;
      }
      if (!isBefore(child, event)) break;
      this.heap[index] = child;
      index = childIndex;
    }
    this.heap[index] = event;
  }
}

/** Readers of one segment that are remembered at a time. */
const MAX_ENDS = 16;

interface ReadEnd {
  /** The offset that the next read asks for, and where in the file it begins. */
  readonly offset: number;
  readonly position: number;
}

/** Where recent reads of a segment ended: who reads on from there needs neither index nor search. */
export class ReadEnds {
  private ends: ReadEnd[] = [];

  positionOf(offset: number): number | undefined {
    return this.ends.find((end) => end.offset === offset)?.position;
  }

  /** A read that began at `startOffset` has ended; its reader's earlier end is not needed any more. */
  moved(startOffset: number, end: ReadEnd): void {
    const others = this.ends.filter(({ offset }) => offset !== startOffset && offset !== end.offset);
    this.ends = [...others.slice(-(MAX_ENDS - 1)), end];
  }

  /** The file was cut: positions may mean something else from now on. */
  clear(): void {
    this.ends = [];
  }
}

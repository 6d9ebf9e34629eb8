/** Sorts an array in slices of time: pieces by the runtime's own sort, then merges of two and two, bottom-up. Stable. */

/** Rows sorted at a stretch: about a millisecond. */
const PIECE = 1024;
/** Rows merged between two looks at the clock. */
const ROWS_PER_LOOK = 512;

export class SlicedSort<T> {
  private piece = 0;
  private width = PIECE;
  private into: T[] = [];
  /** Of the merge under way: where it began, and how far it has come in both halves. */
  private start = 0;
  private left = 0;
  private right = PIECE;

  /** @param rows  the caller's no longer */
  constructor(
    private rows: T[],
    private readonly compare: (a: T, b: T) => number,
  ) {}

  /**
   * Goes on where it stopped.
   * @param pause  asked now and then whether to stop
   * @returns the sorted rows; undefined: it stopped
   */
  run(pause: () => boolean): T[] | undefined {
    const { length } = this.rows;
    while (this.piece < length) {
      const sorted = this.rows.slice(this.piece, this.piece + PIECE).sort(this.compare);
      for (let i = 0; i < sorted.length; i++) this.rows[this.piece + i] = sorted[i]!;
      this.piece += PIECE;
      if (this.piece < length && pause()) return undefined;
    }
    while (this.width < length) {
      if (!this.mergeSome(length)) this.nextWidth();
      else if (pause()) return undefined;
    }
    return this.rows;
  }

  /** @returns whether the round goes on */
  private mergeSome(length: number): boolean {
    const { rows, into, width, compare } = this;
    for (let some = ROWS_PER_LOOK; some > 0 && this.start < length; some--) {
      const middle = Math.min(this.start + width, length);
      const end = Math.min(this.start + 2 * width, length);
      if (this.left < middle && (this.right >= end || compare(rows[this.left]!, rows[this.right]!) <= 0))
        into.push(rows[this.left++]!);
      else into.push(rows[this.right++]!);
      if (this.left === middle && this.right >= end) this.beginMerge(end);
    }
    return this.start < length;
  }

  private beginMerge(start: number): void {
    this.start = this.left = start;
    this.right = Math.min(start + this.width, this.rows.length);
  }

  private nextWidth(): void {
    this.rows = this.into;
    this.into = [];
    this.width *= 2;
    this.beginMerge(0);
  }
}

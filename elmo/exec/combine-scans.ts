/** Several sources of record ids as one: one after another, side by side in the order of keys, or what all of them have. */
import { ROW, END, PAUSE, type Pulled } from '../operation/row-source.js';
import type { IndexScan, RecordIdSource } from './index-scan.js';
import { StageStats } from './plan-stats.js';
import { isFirstTime, RecordIdSet } from './record-id-set.js';
import { compareBytes } from './sort-key.js';

/** Records of several sources, each once. */
export class UnionOfScans implements RecordIdSource {
  readonly stats = new StageStats();
  recordId = -1;
  private current = 0;
  private readonly seen = new RecordIdSet();

  constructor(private readonly sources: readonly RecordIdSource[]) {}

  /** Which of the sources the record came from. */
  get source(): number {
    return this.current;
  }

  pull(): Pulled {
    const { sources, seen, stats } = this;
    while (this.current < sources.length) {
      const source = sources[this.current]!;
      const pulled = source.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled === END) {
        this.current++;
        continue;
      }
      if (!isFirstTime(seen, source.recordId, stats)) continue;
      this.recordId = source.recordId;
      stats.returned++;
      return ROW;
    }
    stats.isAtEnd = true;
    return END;
  }

  close(): void {
    for (const source of this.sources) source.close();
  }
}

/** A scan that takes part in a merge, and the part of its current key that decides. */
interface Merged {
  readonly scan: IndexScan;
  /** Bytes that all keys of the scan share. */
  readonly prefixLength: number;
}

/**
 * Scans of one index, each with other values in its first fields, in the common order of what follows these. Each record
 * once: where it comes first.
 */
export class MergeOfScans implements RecordIdSource {
  readonly stats = new StageStats();
  recordId = -1;
  /** A heap with the scan to take from next on top. */
  private readonly heap: Merged[] = [];
  private readonly waiting: Merged[];
  private readonly sign: 1 | -1;
  private readonly seen = new RecordIdSet();
  /** The scan whose entry was given last, and has to move on. */
  private taken: Merged | undefined;

  constructor(
    private readonly sources: readonly Merged[],
    direction: 'forward' | 'backward',
  ) {
    this.waiting = [...sources];
    this.sign = direction === 'forward' ? 1 : -1;
  }

  /** The scan the record came from. */
  get scan(): IndexScan | undefined {
    return this.taken?.scan;
  }

  pull(): Pulled {
    const { heap, waiting, seen, stats } = this;
    for (;;) {
      if (this.taken !== undefined) {
        waiting.push(this.taken);
        this.taken = undefined;
      }
      while (waiting.length > 0) {
        const next = waiting.at(-1)!;
        const pulled = next.scan.pull();
        if (pulled === PAUSE) return PAUSE;
        waiting.pop();
        if (pulled === ROW) this.push(next);
      }
      if (heap.length === 0) {
        stats.isAtEnd = true;
        return END;
      }
      const top = this.pop();
      this.taken = top;
      this.recordId = top.scan.recordId;
      if (!isFirstTime(seen, this.recordId, stats)) continue;
      stats.returned++;
      return ROW;
    }
  }

  private readonly compare = (a: Merged, b: Merged): number => {
    const x = a.scan.place;
    const y = b.scan.place;
    return (
      this.sign *
      compareBytes(
        x.keyBytes.subarray(a.prefixLength, x.keyLength),
        x.keyLength - a.prefixLength,
        y.keyBytes.subarray(b.prefixLength, y.keyLength),
        y.keyLength - b.prefixLength,
      )
    );
  };

  private push(source: Merged): void {
    const { heap, compare } = this;
    let i = heap.length;
    heap.push(source);
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      if (compare(heap[i]!, heap[parent]!) >= 0) return;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  private pop(): Merged {
    const { heap, compare } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && compare(heap[child]!, heap[least]!) < 0) least = child;
      if (least === i) return top;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  }

  close(): void {
    for (const { scan } of this.sources) scan.close();
  }
}

/** A source that gives record ids in ascending order, and can go on from one. */
export interface AscendingIds extends RecordIdSource {
  /** The next pull gives the first id from `recordId` on. */
  skipTo(recordId: number): void;
}

/** Records that all sources have. Whoever lags behind goes straight to where the others are. */
export class IntersectionOfScans implements RecordIdSource {
  readonly stats = new StageStats();
  recordId = -1;
  private agreed = 0;
  private next = 0;

  constructor(private readonly sources: readonly AscendingIds[]) {}

  pull(): Pulled {
    const { sources, stats } = this;
    for (;;) {
      const source = sources[this.next]!;
      if (this.agreed > 0) source.skipTo(this.recordId);
      const pulled = source.pull();
      if (pulled !== ROW) {
        stats.isAtEnd = pulled === END;
        return pulled;
      }
      if (this.agreed > 0 && source.recordId === this.recordId) this.agreed++;
      else {
        this.recordId = source.recordId;
        this.agreed = 1;
      }
      this.next = (this.next + 1) % sources.length;
      if (this.agreed === sources.length) {
        this.agreed = 0;
        stats.returned++;
        return ROW;
      }
    }
  }

  close(): void {
    for (const source of this.sources) source.close();
  }
}

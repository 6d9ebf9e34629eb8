/**
 * The sources of a read, newest first. A layer is a memtable until its flush is published, then the run the flush wrote;
 * it changes in place, so that every version that holds it, pinned ones too, lets go of the memory at once. That is
 * sound because a flush keeps each entry that a live snapshot needs.
 */
import type { Bytes } from '../base/bytes.js';
import type { LookupHash } from '../table/bloom.js';
import type { Memtable } from '../memtable/memtable.js';
import type { RangeTombstones } from '../memtable/range-tombstones.js';
import type { RunReader } from './run-reader.js';
import type { EntryRegisters, SourceCursor } from './source-cursor.js';

export class Layer {
  memtable: Memtable | undefined;
  run: RunReader | undefined;

  /** @param order  recency among the layers above level 1: greater is newer */
  constructor(
    readonly order: number,
    memtable: Memtable | undefined,
    run: RunReader | undefined,
  ) {
    this.memtable = memtable;
    this.run = run;
  }

  becomeRun(run: RunReader): void {
    this.run = run;
    this.memtable = undefined;
  }

  get maxSeq(): number {
    return this.memtable !== undefined ? this.memtable.maxSeq : this.run!.maxSeq;
  }

  find(
    key: Bytes,
    offset: number,
    length: number,
    hash: LookupHash,
    maxSeq: number,
    out: EntryRegisters,
  ): boolean {
    if (this.memtable !== undefined) return this.memtable.find(key, offset, length, maxSeq, out);
    return this.run!.find(key, offset, length, hash, maxSeq, out);
  }

  coveringSeq(key: Bytes, offset: number, length: number, maxSeq: number): number {
    const memtable = this.memtable;
    if (memtable === undefined) return this.run!.coveringSeq(key, offset, length, maxSeq);
    return memtable.tombstones.count === 0 ? 0 : memtable.tombstones.coveringSeq(key, offset, length, maxSeq);
  }

  /** undefined when the layer has no range tombstone. */
  tombstones(): RangeTombstones | undefined {
    if (this.memtable !== undefined)
      return this.memtable.tombstones.count > 0 ? this.memtable.tombstones : undefined;
    return this.run!.rangeTombstoneCount > 0 ? this.run!.tombstones() : undefined;
  }

  /** Whether an entry or range tombstone of the layer may lie in [low, high): now, for a memtable may be written to. */
  mayOverlap(low: Bytes | undefined, high: Bytes | undefined): boolean {
    if (this.memtable !== undefined) return this.memtable.overlaps(low, high);
    return this.run!.mayOverlap(low, high);
  }

  estimate(low: Bytes | undefined, high: Bytes | undefined): { count: number; bytes: number } {
    return this.memtable !== undefined ? this.memtable.estimate(low, high) : this.run!.estimate(low, high);
  }

  /** Sequence number of the newest entry of the key or range tombstone over it; 0 when there is none, or it is old. */
  newestSeq(key: Bytes, offset: number, length: number, hash: LookupHash, out: EntryRegisters): number {
    if (this.memtable !== undefined) {
      const { memtable } = this;
      const own = memtable.newestSeq(key, offset, length);
      return Math.max(own, this.coveringSeq(key, offset, length, Number.MAX_SAFE_INTEGER));
    }
    const isFound = this.run!.find(key, offset, length, hash, Number.MAX_SAFE_INTEGER, out);
    return Math.max(isFound ? out.seq : 0, this.coveringSeq(key, offset, length, Number.MAX_SAFE_INTEGER));
  }

  /** Whether anything in [low, high) was written with a greater sequence number than `seq`. */
  hasNewerIn(low: Bytes | undefined, high: Bytes | undefined, seq: number): boolean {
    if (this.memtable !== undefined) return this.memtable.hasNewerIn(low, high, seq);
    return this.run!.hasNewerIn(low, high, seq);
  }

  cursor(): SourceCursor {
    return this.memtable !== undefined ? this.memtable.cursor() : this.run!.cursor();
  }
}

/** What a reader pins: an immutable list of layers, and the number of the manifest version they belong to. */
export class ReadState {
  constructor(
    readonly versionNumber: number,
    /** Newest first: the active memtable, frozen memtables and level-0 runs by order, then one run a level. */
    readonly layers: readonly Layer[],
  ) {}
}

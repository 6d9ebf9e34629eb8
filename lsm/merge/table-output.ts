/**
 * The output of a flush or merge: entries in order become tables of bounded size, disjoint and ascending.
 *
 * Cuts fall only between keys: when a table is full, when it overlaps so many tables of the next level that merging it
 * later would be dear, and a little early where a table of the next level ends anyway. Range tombstones that stay are
 * cut with the tables, each piece in the table whose bounds it lies in.
 *
 * Two builders take turns: the bytes of a finished table stay good until the table after it is finished, so that one can
 * be written while the next is built. With a single builder they stay good until the next table is begun.
 */
import { compareBytes, compareRanges, copyOf, type Bytes } from '../base/bytes.js';
import type { SourceCursor } from '../read/source-cursor.js';
import { TableBuilder, type FinishedTable, type TableBuilderOptions } from '../table/table-builder.js';
import type { DeletionFragment } from './deletions.js';
import { NEXT_LEVEL_TABLES } from './pick.js';
import type { KeySpan } from './spans.js';

export interface TableOutputParams {
  readonly builder: TableBuilderOptions;
  /** Builders with these options, to be used in turns and again later; when they are not given two are made. */
  readonly builders?: readonly TableBuilder[] | undefined;
  readonly tableBytes: number;
  /** Each call a new id. */
  nextTableId(): number;
  /** Range tombstones that stay: ascending, disjoint. */
  readonly fragments: readonly DeletionFragment[];
  /** Tables one level below the output: ascending, disjoint. */
  readonly nextLevel: readonly KeySpan[];
}

/** A table this much fuller than asked for is better than a small one after it. */
const STRETCH = 1.25;
/** What is expected is not known exactly: tables grow a little beyond their share, lest a few entries are left over. */
const SLACK = 1.02;
/** From this fill on a table ends where one of the next level does. */
const ALIGN_FILL = 0.75;
/** No table is cut for its overlap before this fill. */
const OVERLAP_FILL = 0.125;

/** @param tableBytes  what their tables are to have: they grow beyond it by STRETCH, and by their index and filter */
export function newBuilder(options: TableBuilderOptions, tableBytes: number): TableBuilder {
  return new TableBuilder(options, Math.ceil(tableBytes * STRETCH * 1.1));
}

export class TableOutput {
  /** Entries written to tables so far. */
  entriesOut: number;
  /** Bytes of finished tables. */
  bytesOut: number;
  private readonly builders: readonly TableBuilder[];
  private builder: TableBuilder;
  private readonly tableBytes: number;
  private readonly nextTableId: () => number;
  private readonly fragments: readonly DeletionFragment[];
  private readonly nextLevel: readonly KeySpan[];
  private fragmentAt: number;
  /** What of the current fragment was written already ends here. */
  private writtenUpTo: Bytes | undefined;
  private nextLevelAt: number;
  private overlapped: number;
  private fullBytes: number;
  private tableCount: number;
  private isOpen: boolean;
  /** Greatest sequence number that an entry of the table had, also of those stored with 0. */
  private maxSeq: number;

  constructor(params: TableOutputParams) {
    this.entriesOut = 0;
    this.bytesOut = 0;
    this.builders = params.builders ?? [
      newBuilder(params.builder, params.tableBytes),
      newBuilder(params.builder, params.tableBytes),
    ];
    this.builder = this.builders[0]!;
    this.tableBytes = params.tableBytes;
    this.nextTableId = params.nextTableId;
    this.fragments = params.fragments;
    this.nextLevel = params.nextLevel;
    this.fragmentAt = 0;
    this.writtenUpTo = undefined;
    this.nextLevelAt = 0;
    this.overlapped = 0;
    this.fullBytes = params.tableBytes;
    this.tableCount = 0;
    this.isOpen = false;
    this.maxSeq = 0;
  }

  /** Bytes of the table that is being built; 0 when it has no entry. */
  get pendingBytes(): number {
    return this.isOpen ? this.builder.estimatedBytes : 0;
  }

  /** Spreads what is still expected (bytes) evenly, so that the last table is no small rest. */
  expect(remainingBytes: number): void {
    const mostBytes = STRETCH * this.tableBytes;
    const bytes = this.pendingBytes + remainingBytes;
    const tables = Math.ceil(bytes / mostBytes);
    this.fullBytes = tables > 1 ? Math.max((SLACK * bytes) / tables, this.tableBytes / 2) : mostBytes;
  }

  /** Whether the table should end before this key, the next to be added. Keys must not descend from call to call. */
  mustCutBefore(key: Bytes, offset: number, length: number): boolean {
    const crossed = this.nextLevel.length > 0 && this.crossNextLevel(key, offset, length);
    if (!this.isOpen) return false;
    const bytes = this.builder.estimatedBytes;
    if (bytes >= this.fullBytes) return true;
    if (!crossed) return false;
    if (bytes >= ALIGN_FILL * this.fullBytes) return true;
    return this.overlapped > NEXT_LEVEL_TABLES && bytes >= OVERLAP_FILL * this.tableBytes;
  }

  /**
   * Adds the entry at a cursor.
   * @param seq     the sequence number to store
   * @param hadSeq  the number it was written with, or one that is not below it
   * @param isPacked  whether its value is packed if that pays
   */
  add(entry: SourceCursor, seq: number, hadSeq: number, isPacked: boolean): void {
    if (!this.isOpen) this.open();
    if (hadSeq > this.maxSeq) this.maxSeq = hadSeq;
    this.entriesOut++;
    this.builder.add(
      entry.keyBytes,
      entry.keyOffset,
      entry.keyLength,
      entry.kind,
      seq,
      entry.valueBytes,
      entry.valueOffset,
      entry.storedLength,
      entry.rawLength,
      isPacked,
    );
  }

  /**
   * Ends the table before a key that is not in it.
   * @param key  undefined: there are no more keys
   * @returns undefined when there is nothing to write
   */
  finish(key: Bytes | undefined): FinishedTable | undefined {
    this.addTombstones(key);
    if (!this.isOpen) return undefined;
    const { bytes, meta } = this.builder.finish();
    this.isOpen = false;
    this.bytesOut += meta.dataBytes;
    return { bytes, meta: { ...meta, maxSeq: Math.max(meta.maxSeq, this.maxSeq) } };
  }

  /** The same, before the key at a cursor. */
  finishBefore(entry: SourceCursor): FinishedTable | undefined {
    const { fragments, fragmentAt } = this;
    const hasTombstones = fragmentAt < fragments.length;
    return this.finish(hasTombstones ? copyOf(entry.keyBytes, entry.keyOffset, entry.keyLength) : NO_KEY);
  }

  private open(): void {
    this.builder = this.builders[this.tableCount++ % this.builders.length]!;
    this.builder.reset(this.nextTableId());
    this.isOpen = true;
    this.overlapped = 0;
    this.maxSeq = 0;
  }

  /** Writes the tombstones below a key to the table; one that reaches past it is continued in the next table. */
  private addTombstones(end: Bytes | undefined): void {
    for (; this.fragmentAt < this.fragments.length; this.fragmentAt++) {
      const fragment = this.fragments[this.fragmentAt]!;
      const low = this.writtenUpTo ?? fragment.low;
      if (end !== undefined && compareBytes(low, end) >= 0) return;
      const isCut =
        end !== undefined && (fragment.high === undefined || compareBytes(fragment.high, end) > 0);
      const high = isCut ? end : fragment.high;
      if (!this.isOpen) this.open();
      for (let i = fragment.seqs.length - 1; i >= 0; i--) {
        this.builder.addRangeTombstone(low, high, fragment.seqs[i]!);
      }
      if (isCut) {
        this.writtenUpTo = end;
        return;
      }
      this.writtenUpTo = undefined;
    }
  }

  /** Passes the tables of the next level that end before a key. @returns whether there was one */
  private crossNextLevel(key: Bytes, offset: number, length: number): boolean {
    const before = this.nextLevelAt;
    while (this.nextLevelAt < this.nextLevel.length) {
      const { high } = this.nextLevel[this.nextLevelAt]!;
      if (high === undefined || compareRanges(high, 0, high.length, key, offset, length) >= 0) break;
      this.nextLevelAt++;
    }
    this.overlapped += this.nextLevelAt - before;
    return this.nextLevelAt > before;
  }
}

/** Stands for a key where there is no tombstone to cut at it. */
const NO_KEY: Bytes = new Uint8Array(0);

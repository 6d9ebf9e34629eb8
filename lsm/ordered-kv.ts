/**
 * The contract between the storage engine and the layers above: ordered bytes, kept safe. Types only.
 *
 * Keys are 1 to `maxKeyBytes` bytes, ordered as unsigned bytes; values 0 bytes to 2 GB. Reads are synchronous, only
 * durability is awaited. Ranges include `low` and exclude `high`; an absent bound is open.
 */
import type { Bytes } from './base/bytes.js';
import type { LookupBatch } from './base/lookup-batch.js';
import type { EntrySpan } from './base/entry-span.js';

export type { Bytes } from './base/bytes.js';

export interface KeyRange {
  readonly low?: Bytes;
  readonly high?: Bytes;
}

export type Direction = 'forward' | 'backward';

/** EQ: the key itself; LE: it, or else the greatest key below it; GE: it, or else the smallest key above it. */
export type SeekMode = 'EQ' | 'LE' | 'GE';

/** `inline`: the value lies with its key; `blob`: in extents of its own, readable in pieces. */
export type ValueKind = 'inline' | 'blob';

export interface EntryInfo {
  readonly kind: ValueKind;
  /** Bytes of the value. */
  readonly length: number;
}

export interface RangeEstimate {
  /** Approximate count of entries. */
  readonly count: number;
  /** Approximate bytes on disk and in memory. */
  readonly bytes: number;
}

/** A value read in pieces. Holds its version alive until `close`. */
export interface ValueReader {
  readonly length: number;
  /**
   * Reads up to `count` bytes of the value from `position` into `into[offset…]`.
   * @returns how many bytes were read: 0 at or past the end
   */
  read(into: Bytes, offset: number, count: number, position: number): number;
  /** The value from `start` (0) to its end, in chunks of at most `chunkBytes` (65536); closes the reader at the end. */
  stream(start?: number, chunkBytes?: number): AsyncIterable<Bytes>;
  close(): void;
}

/**
 * A position in a range of a frozen view. Unpositioned at first; `next` moves in the direction of the scan (the first
 * call to its first entry), `previous` the other way. `isValid` tells whether there is an entry at the cursor.
 *
 * `keyBytes[0, keyLength)` is valid until the cursor moves. The value registers are filled by `loadValue` and valid
 * until the next call of anything on the same store.
 */
export interface Cursor {
  readonly isValid: boolean;
  /** @returns isValid */
  next(): boolean;
  /**
   * Moves like so many calls of `next`, over whole blocks at once where each entry of a block is seen.
   * @returns how many entries it moved over: fewer than `most` when there are no more, and the cursor is behind the last
   */
  advance(most: number): number;
  /**
   * Moves like up to `most` calls of `next` (64 at most): as many as can be done at once. The cursor is then at the last
   * of the entries, which are in the span; their values lie there until the next read of the store.
   * @returns how many; 0: there is no more
   */
  read(span: EntrySpan, most: number): number;
  /** The same of keys alone, which stay in the span; backward there may be some more. */
  readKeys(span: EntrySpan, most: number): number;
  /** Whether nothing else has been read since the span was, or was made fresh. */
  isFresh(span: EntrySpan): boolean;
  /** Finds the values of the span again, which the cursor has read last, and has not moved since. */
  refresh(span: EntrySpan): void;
  /** @returns isValid */
  previous(): boolean;
  /** Moves to a key of the range. Not found: `isValid` is false. @returns isValid */
  seek(key: Bytes, mode: SeekMode): boolean;
  readonly keyBytes: Bytes;
  readonly keyLength: number;
  /** A copy of the key. */
  key(): Bytes;
  /** Length of the value in bytes, without reading it. */
  readonly valueLength: number;
  readonly valueKind: ValueKind;
  /** Brings the value into `valueBytes[valueOffset, valueOffset + valueLength)`; a blob is read whole. */
  loadValue(): void;
  readonly valueBytes: Bytes;
  readonly valueOffset: number;
  /** A copy of the value. */
  value(): Bytes;
  openValue(): ValueReader;
  close(): void;
}

export interface ReadView {
  /** A copy of the value, or undefined. Absence is a value, not an error. */
  get(key: Bytes): Bytes | undefined;
  /**
   * Like `get` without the copy: the value is at `valueBytes[valueOffset, +valueLength)` until the next call on the store.
   * @param length  of the key, in the first bytes of `key`. Default: all of them
   */
  lookup(key: Bytes, length?: number): boolean;
  readonly valueBytes: Bytes;
  readonly valueOffset: number;
  readonly valueLength: number;
  /**
   * Like `lookup` for many keys: finds those of their values that are quickly found, which lie where the batch tells as
   * long as it is fresh. The others are left to `lookup`.
   */
  lookupMany(batch: LookupBatch): void;
  has(key: Bytes): boolean;
  /** Kind and length of a value, without reading it. */
  describe(key: Bytes): EntryInfo | undefined;
  openValue(key: Bytes): ValueReader | undefined;
  scan(range?: KeyRange, direction?: Direction): Cursor;
  /** The keys that start with `prefix`. */
  scanPrefix(prefix: Bytes, direction?: Direction): Cursor;
  estimate(range?: KeyRange): RangeEstimate;
  /** Whether it shows the same for ever. */
  readonly isFrozen: boolean;
}

/** A frozen view: sees all that was written before it, nothing after. Holds old versions alive until `release`. */
export interface Snapshot extends ReadView {
  /** Sequence number of the last write it sees. */
  readonly seq: number;
  release(): void;
  [Symbol.dispose](): void;
}

export function isSnapshot(view: ReadView): view is Snapshot {
  return view.isFrozen;
}

export interface WriteOptions {
  /** Resolve only when the write survives a power cut. Default: what the store's `durability` says. */
  readonly sync?: boolean;
}

/** Puts and deletes, applied in order, all or nothing. Reusable after `clear`; copies what it is given. */
export interface WriteBatch {
  put(key: Bytes, value: Bytes): this;
  delete(key: Bytes): this;
  /** As `put`, of parts of arrays: the key is `key[keyStart, keyEnd)`, the value `value[valueStart, valueEnd)`. */
  putPart(
    key: Bytes,
    keyStart: number,
    keyEnd: number,
    value: Bytes,
    valueStart: number,
    valueEnd: number,
  ): this;
  /** As `delete`: the key is `key[keyStart, keyEnd)`. */
  deletePart(key: Bytes, keyStart: number, keyEnd: number): this;
  /** Deletes every key of [low, high) in O(1); an absent bound is open. */
  deleteRange(range: KeyRange): this;
  readonly count: number;
  readonly byteLength: number;
  clear(): this;
}

export type ValueSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface TransactionOptions {
  /** Free text shown in `stats().transactions`. */
  readonly label?: string;
  /** Megabytes are to be written: room for them is made at once. */
  readonly isLarge?: boolean;
}

/**
 * Reads its own writes over a snapshot; commit is all or nothing, or `WriteConflict` (first committer wins: a key it
 * wrote, or a key or range it declared as read, was changed by a commit after its snapshot). A cursor opened inside sees
 * the transaction as it was at that moment.
 */
export interface Transaction extends ReadView {
  /** Sequence number of the snapshot it reads. */
  readonly seq: number;
  readonly isOpen: boolean;
  put(key: Bytes, value: Bytes): void;
  delete(key: Bytes): void;
  deleteRange(range: KeyRange): void;
  /** Writes a value of unknown length; reads the source at once, to its end. An error of the source leaves the key as it was. */
  putStream(key: Bytes, source: ValueSource): Promise<void>;
  /** Commit fails if a later commit than the snapshot changed the key. */
  declareRead(key: Bytes): void;
  declareReadRange(range: KeyRange): void;
  /** Whether a later commit than the snapshot changed the key: commit would fail. */
  hasConflict(key: Bytes): boolean;
  /** A mark to which `rollbackTo` can return, undoing what was written since. Marks nest. */
  savepoint(): number;
  /** Also ends the cursors opened in the transaction since the mark. The mark itself stays. */
  rollbackTo(savepoint: number): void;
  /** Forgets a mark and those set after it, keeping what was written: cheap, and spares memory in long transactions. */
  releaseSavepoint(savepoint: number): void;
  /**
   * Resolves when room was made: flushes the overlay to a pending table if it is past its limit. Writers of much data
   * await it now and then; commit and putStream do so themselves.
   */
  settle(): Promise<void>;
  /**
   * Resolves when nothing is being flushed or merged, and what only that takes was given back: for who has written much and
   * is now to read it for long. Writing goes on as ever, if it does.
   */
  rest(): Promise<void>;
  /** @returns the sequence number of the commit. @throws LsmError WriteConflict; the transaction is then rolled back */
  commit(options?: WriteOptions): Promise<number>;
  /** Forgets everything; frees its space. Safe to call twice. */
  rollback(): void;
  [Symbol.dispose](): void;
}

export interface LoadOptions {
  /** Free text shown in `stats().transactions`. */
  readonly label?: string;
  /** Two puts of one key make the load fail, instead of the last one counting. */
  readonly isDistinct?: boolean;
}

/**
 * Many new entries that come in any order: they are sorted and become tables, past the log and the memtables. Nobody sees
 * any of them before the commit. What others write to the same keys meanwhile is older than they are.
 */
export interface Load {
  /** Puts `key[0, keyLength)` with `value[0, valueLength)`, which stay with their keys however long they are; both are copied. */
  put(key: Bytes, keyLength: number, value: Bytes, valueLength: number): void;
  /** Resolves when there is room for more. To be awaited now and then, at the latest after some megabytes. */
  settle(): Promise<void>;
  /**
   * All or nothing, and durable. The load is then over.
   * @returns false if keys had to be distinct and are not: nothing was written
   */
  commit(): Promise<boolean>;
  /** Forgets everything; frees its space. Safe to call twice, and after a commit. */
  rollback(): void;
}

/** Memory of a caller that works on much of the store at once, as a sort does: the cache makes do with less meanwhile. */
export interface WorkMemory {
  /** Tells how many bytes it takes now: 0 when the work is over. Values that were read before have expired. */
  set(bytes: number): void;
}

export interface OrderedKv extends ReadView {
  /** Sequence number of the last write. */
  readonly seq: number;
  /** Whether every write that was called is applied, so that reads see it: one waits while the store makes room for it. */
  readonly isUpToDate: boolean;
  /** Resolves when the writes called before are applied, or refused. */
  upToDate(): Promise<void>;
  snapshot(): Snapshot;
  begin(options?: TransactionOptions): Transaction;
  load(options?: LoadOptions): Load;
  workMemory(): WorkMemory;
  batch(): WriteBatch;
  put(key: Bytes, value: Bytes, options?: WriteOptions): Promise<void>;
  delete(key: Bytes, options?: WriteOptions): Promise<void>;
  deleteRange(range: KeyRange, options?: WriteOptions): Promise<void>;
  /** Writes a value of unknown length. */
  putStream(key: Bytes, source: ValueSource, options?: WriteOptions): Promise<void>;
  /** All or nothing. Seen by new snapshots at once; resolves when as durable as asked. */
  write(batch: WriteBatch, options?: WriteOptions): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

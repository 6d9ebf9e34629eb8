/**
 * The newest entries, in order: a multi-version map over an arena that holds the batches' bytes as the log has them, one
 * copy. A transaction's overlay is the same thing, growing from nothing.
 *
 * What must stay true: batches come with sequence numbers that never fall; nothing is changed after `freeze`; bytes in
 * the arena are never overwritten while an entry or a cursor may point to them.
 */
import type { Bytes } from '../base/bytes.js';
import { checked, invariant } from '../base/invariant.js';
import { KIND_RANGE_DELETE } from '../key/entry-kind.js';
import { MAX_ARENA_BYTES } from '../options.js';
import type { EntryRegisters, SourceCursor } from '../read/source-cursor.js';
import { ArenaTree, MAX_NODES } from './arena-tree.js';
import { MemtableCursor } from './memtable-cursor.js';
import { estimateRange, hasEntryInRange, hasNewerInRange, hideRange } from './memtable-ranges.js';
import { OpsReader, countOps } from './ops-reader.js';
import { RangeTombstones } from './range-tombstones.js';
import { readEntry, type SortedEntries } from './sorted-entries.js';
import { OFFSET, SEQ } from './tree-nodes.js';
import { MAX_DELTA } from './tree-search.js';

export interface MemtableOptions {
  /** Bytes of batches it can hold; at most MAX_ARENA_BYTES. */
  capacityBytes: number;
  /** The arena lies in shared memory, so that another thread can read it; not while that of a growable one is small. */
  shared: boolean;
  /** It can be rolled back, and its arena starts small and doubles; others are made whole at once. */
  growable: boolean;
  /** Bytes that the arena of a growable one begins with. Default 1 KiB. */
  firstBytes?: number;
  /** No sequence number given to it is below this. */
  baseSeq: number;
}

const FIRST_ARENA_BYTES = 1024;
/** Up to this many bytes it costs less to copy an arena to another thread than to make shared memory. */
const SMALL_ARENA_BYTES = 64 * 1024;
/** Written over bytes that have expired, so that stale views show. */
const EXPIRED = 0xdb;
/**
 * A memtable which is not growable makes room for a node for so many bytes at once, 64 at least: more than most need. The
 * system gives memory page by page as it is written to, and to copy the nodes again and again would write to twice as much.
 */
const BYTES_A_NODE = 8192;
const LEAST_NODES = 64;
/** The shortest operation that adds an entry, in bytes: the deletion of a key of one byte. */
const SHORTEST_OP = 3;
/** Entries in a node on average, at least. */
const SPARSE_NODE = 16;
/** A loop copies batches shorter than this faster than `set`. */
const SHORT_COPY = 40;
/** How far apart the marks of a growable memtable are, in bytes. */
const MARK_BYTES = 512;

/** Calls are synchronous and do not nest: all memtables share it. */
const op = new OpsReader();

export class Memtable {
  readonly tombstones = new RangeTombstones();
  private readonly tree: ArenaTree;
  private readonly capacity: number;
  private readonly isShared: boolean;
  private readonly isGrowable: boolean;
  private readonly firstBytes: number;
  private baseSeq: number;
  /** Arena bytes in use. */
  private used = 0;
  private greatestSeq = 0;
  private leastSeq = 0;
  /** Sequence number of the last entry inserted, range tombstones aside. */
  private lastEntrySeq = -1;
  private isFrozen = false;
  /** Growable: marks in the arena, ascending: before `markOffsets[i]` no entry is newer than `markSeqs[i]`. */
  private markOffsets: number[] | undefined = undefined;
  private markSeqs: number[] | undefined = undefined;
  /** Where exports lie: kept with the arena, because each would be garbage of a megabyte. */
  private exportRoom: ArrayBufferLike | undefined = undefined;

  constructor(options: MemtableOptions) {
    invariant(options.capacityBytes <= MAX_ARENA_BYTES, 'a memtable is too large');
    this.capacity = options.capacityBytes;
    this.isShared = options.shared;
    this.isGrowable = options.growable;
    this.firstBytes = options.firstBytes ?? FIRST_ARENA_BYTES;
    this.baseSeq = options.baseSeq;
    this.tree = new ArenaTree(
      options.growable ? 1 : Math.max(LEAST_NODES, Math.ceil(options.capacityBytes / BYTES_A_NODE)),
    );
  }

  /** Bytes of batches it can hold. */
  get capacityBytes(): number {
    return this.capacity;
  }

  /** Entries: versions and deletions included, range tombstones not. */
  get entryCount(): number {
    return this.tree.entryCount;
  }

  /** Bytes of the arena in use. */
  get byteLength(): number {
    return this.used;
  }

  /** Memory of all its arrays, in bytes. */
  get memoryBytes(): number {
    return this.tree.arena.length + this.tree.nodes.byteLength + this.tombstones.memoryBytes;
  }

  /** Greatest sequence number it holds; 0 when it is empty. */
  get maxSeq(): number {
    return this.greatestSeq;
  }

  /** Sequence number of the first batch; 0 when it is empty. */
  get minSeq(): number {
    return this.leastSeq;
  }

  get isEmpty(): boolean {
    return this.tree.entryCount === 0 && this.tombstones.count === 0;
  }

  /** Whether a batch of so many bytes can be applied. An empty memtable has room for `capacityBytes`. */
  hasRoom(opsBytes: number): boolean {
    if (this.isFrozen || this.used + opsBytes > this.capacity) return false;
    if (this.used === 0) return true;
    return this.tree.nodeCount + opsBytes / (SHORTEST_OP * SPARSE_NODE) < MAX_NODES;
  }

  /**
   * Copies a batch into the arena and inserts its entries, in order: of two operations on a key the later one holds.
   * @param seq  not below that of any batch before
   * @param protectedSeq  versions above it that a new entry hides may be dropped, because no reader needs them;
   *                      versions with a blob stay, so that the flush reports them
   * @param isOwn  the bytes are as this process has encoded them: they are not checked before they are used
   * @throws LsmError Corrupt if the bytes are no batch; nothing is changed then
   */
  apply(ops: Bytes, offset: number, length: number, seq: number, protectedSeq: number, isOwn = false): void {
    invariant(!this.isFrozen, 'a frozen memtable was written to');
    invariant(seq >= this.greatestSeq && seq >= this.baseSeq, 'sequence numbers fall');
    invariant(seq - this.baseSeq <= MAX_DELTA, 'a memtable spans too many sequence numbers');
    if (length === 0) return;
    if (!isOwn || checked) countOps(ops, offset, length);
    const begin = this.used;
    this.reserve(begin + length);
    const arena = this.tree.arena;
    if (length < SHORT_COPY) for (let i = 0; i < length; i++) arena[begin + i] = ops[offset + i]!;
    else arena.set(ops.subarray(offset, offset + length), begin);
    if (this.isGrowable) this.mark(begin);
    const end = begin + length;
    this.used = end;
    this.greatestSeq = seq;
    if (this.leastSeq === 0) this.leastSeq = seq;
    const delta = seq - this.baseSeq;
    const protectedDelta = Math.max(-1, Math.min(protectedSeq - this.baseSeq, MAX_DELTA));
    for (let at = begin; at < end; at = op.end) {
      op.read(arena, at, end);
      if (op.kind === KIND_RANGE_DELETE) this.deleteRange(arena, seq, protectedSeq);
      else {
        this.tree.insert(at, op.keyOffset, op.keyLength, delta, protectedDelta);
        this.lastEntrySeq = seq;
      }
    }
  }

  /**
   * The newest version of the key with a sequence number <= maxSeq, a deletion too; range tombstones aside.
   * The registers stay good as long as the memtable.
   */
  find(key: Bytes, offset: number, length: number, maxSeq: number, out: EntryRegisters): boolean {
    const tree = this.tree;
    if (maxSeq < this.baseSeq || !tree.mayHave(key, offset, length)) return false;
    if (!tree.locate(key, offset, length, Math.min(maxSeq - this.baseSeq, MAX_DELTA))) return false;
    const slot = tree.slotAddress();
    readEntry(op, tree.arena, tree.nodes[slot + OFFSET]!);
    out.kind = op.kind;
    out.seq = this.baseSeq + tree.nodes[slot + SEQ]!;
    out.bytes = tree.arena;
    out.offset = op.valueOffset;
    out.storedLength = op.valueLength;
    out.rawLength = op.rawLength;
    return true;
  }

  /** Sequence number of the newest version of the key; 0 when there is none. Range tombstones aside. */
  newestSeq(key: Bytes, offset: number, length: number): number {
    const tree = this.tree;
    if (!tree.mayHave(key, offset, length) || !tree.locate(key, offset, length, MAX_DELTA)) return 0;
    return this.baseSeq + tree.nodes[tree.slotAddress() + SEQ]!;
  }

  /** All versions of all keys. Its key bytes are the arena. */
  cursor(): SourceCursor {
    return new MemtableCursor(this.tree, this.baseSeq);
  }

  /**
   * Removes all that has a greater sequence number, as if it had never been written. What was replaced under its
   * `protectedSeq` does not come back, so that must not have been below `seq`. Only for growable memtables.
   */
  rollbackAbove(seq: number): void {
    invariant(this.isGrowable && !this.isFrozen, 'only an open overlay can be rolled back');
    if (seq >= this.greatestSeq) return;
    this.tombstones.rollbackAbove(seq);
    if (this.tree.entryCount > 0) this.removeEntriesAbove(seq);
    if (this.isEmpty) {
      this.clear();
      return;
    }
    this.greatestSeq = seq;
    this.lastEntrySeq = Math.min(this.lastEntrySeq, seq);
    const { tree } = this;
    if (tree.nodeCount > 8 && tree.entryCount < tree.leafCount * SPARSE_NODE) tree.rebuild();
  }

  /** Approximate entries, and their bytes, in [low, high); undefined: open. Exact where they are few. */
  estimate(low: Bytes | undefined, high: Bytes | undefined): { count: number; bytes: number } {
    return estimateRange(this.tree, this.used, low, high);
  }

  /** Whether an entry or range tombstone lies in [low, high); undefined: open. */
  overlaps(low: Bytes | undefined, high: Bytes | undefined): boolean {
    return hasEntryInRange(this.tree, low, high) || this.tombstones.overlaps(low, high);
  }

  /** Whether an entry or range tombstone in [low, high) has a sequence number above `seq`; undefined: open. */
  hasNewerIn(low: Bytes | undefined, high: Bytes | undefined, seq: number): boolean {
    if (this.greatestSeq <= seq) return false;
    if (this.tombstones.overlapsNewer(low, high, seq)) return true;
    return hasNewerInRange(this.tree, low, high, seq - this.baseSeq);
  }

  /** From now on nothing is changed. */
  freeze(): void {
    this.isFrozen = true;
  }

  /** The entries of this moment as arrays, in shared memory if the arena is. Nothing is written to it afterwards. */
  exportSorted(): SortedEntries {
    invariant(this.isFrozen || this.isGrowable, 'a memtable is exported before it is frozen');
    const count = this.tree.entryCount;
    const room = this.roomForExport(count * 8);
    const offsets = new Int32Array(room, 0, count);
    const seqs = new Uint32Array(room, count * 4, count);
    this.tree.copyEntries(offsets, seqs);
    const arena = this.tree.arena.subarray(0, this.used);
    return { arena, offsets, seqs, baseSeq: this.baseSeq, count, tombstones: this.tombstones.records() };
  }

  private roomForExport(bytes: number): ArrayBufferLike {
    if (this.exportRoom === undefined || this.exportRoom.byteLength < bytes) {
      const size = (bytes + (bytes >>> 3) + 7) & ~7;
      this.exportRoom = this.isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
    }
    return this.exportRoom;
  }

  /** Forgets everything, as new; the arrays are let go, because readers may still look at them. */
  clear(): void {
    this.tree.clear();
    this.exportRoom = undefined;
    this.forget();
  }

  /** Forgets everything, as new, and keeps the arrays: when nobody looks at it any more. @param baseSeq  see the options */
  recycle(baseSeq = 0): void {
    this.baseSeq = baseSeq;
    if (checked) this.tree.arena.fill(EXPIRED, 0, this.used);
    this.tree.recycle();
    this.forget();
  }

  private forget(): void {
    this.tombstones.clear();
    this.used = 0;
    this.greatestSeq = 0;
    this.leastSeq = 0;
    this.lastEntrySeq = -1;
    this.isFrozen = false;
    this.markOffsets = undefined;
    this.markSeqs = undefined;
  }

  private reserve(bytes: number): void {
    const tree = this.tree;
    if (bytes <= tree.arena.length) return;
    invariant(bytes <= this.capacity, 'a batch does not fit its memtable');
    let size = this.capacity;
    if (this.isGrowable) {
      size = Math.max(this.firstBytes, 2 * tree.arena.length);
      while (size < bytes) size *= 2;
      size = Math.min(size, this.capacity);
    }
    const isShared = this.isShared && (!this.isGrowable || size > SMALL_ARENA_BYTES);
    const arena = isShared ? new Uint8Array(new SharedArrayBuffer(size)) : new Uint8Array(size);
    if (this.used > 0) arena.set(tree.arena.subarray(0, this.used));
    tree.arena = arena;
  }

  /** The operation read last deletes a range. */
  private deleteRange(arena: Bytes, seq: number, protectedSeq: number): void {
    const end = op.end;
    const low = arena.slice(op.keyOffset, op.keyOffset + op.keyLength);
    const highEnd = op.valueOffset + op.valueLength;
    const high = op.valueLength === 0 ? undefined : arena.slice(op.valueOffset, highEnd);
    this.tombstones.add(low, high, seq, protectedSeq);
    // A tombstone hides smaller numbers only: what came earlier under the same one becomes a deletion itself.
    if (this.lastEntrySeq === seq) hideRange(this.tree, low, high, seq - this.baseSeq);
    op.end = end;
  }

  /** Called before a batch is written at `begin`. */
  private mark(begin: number): void {
    const offsets = (this.markOffsets ??= []);
    const seqs = (this.markSeqs ??= []);
    if (offsets.length > 0 && begin - offsets[offsets.length - 1]! < MARK_BYTES) return;
    offsets.push(begin);
    seqs.push(this.greatestSeq);
  }

  private removeEntriesAbove(seq: number): void {
    const { tree } = this;
    const { arena } = tree;
    const offsets = this.markOffsets!;
    const seqs = this.markSeqs!;
    let begin = 0;
    while (offsets.length > 0) {
      begin = offsets[offsets.length - 1]!;
      if (seqs[seqs.length - 1]! <= seq) break;
      offsets.pop();
      seqs.pop();
    }
    const delta = seq - this.baseSeq;
    for (let at = begin; at < this.used; at = op.end) {
      op.read(arena, at, this.used);
      if (op.kind === KIND_RANGE_DELETE) continue;
      while (tree.locate(arena, op.keyOffset, op.keyLength, MAX_DELTA)) {
        if (tree.nodes[tree.slotAddress() + SEQ]! <= delta) break;
        tree.remove();
      }
    }
    tree.lowerSeparators(delta);
    // The bytes just walked hold nothing any more: no later rollback need walk them.
    if (seqs.length > 0 && seqs[seqs.length - 1] === seq) offsets[offsets.length - 1] = this.used;
    else {
      offsets.push(this.used);
      seqs.push(seq);
    }
  }
}

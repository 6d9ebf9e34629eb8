/**
 * Entries in the order in which they came: encoded as operations, one after another, in an arena that grows. What a load
 * gathers before its entries are sorted; see sort-entries.ts.
 */
import type { Bytes } from '../base/bytes.js';
import { varintLength, writeVarint } from '../base/varint.js';
import { LsmError } from '../errors.js';
import { KIND_RAW } from '../key/entry-kind.js';
import { MAX_ARENA_BYTES } from '../options.js';
import type { SortedEntries } from './sorted-entries.js';

const FIRST_BYTES = 64 * 1024;
const FIRST_ENTRIES = 1024;
/** How many times as many entries there is room for when the room is used up. */
const GROWTH = 8;
/** A copy of more bytes than this is left to the runtime. */
const LOOP_BYTES = 40;

export class EntryList {
  count = 0;
  /** Bytes of the operations. */
  byteLength = 0;
  private arena: Bytes;
  private offsets: Int32Array;

  /**
   * @param isShared  whether the arrays lie in shared memory, so that another thread sees them without a copy
   * @param usualBytes  of operations, when it is cleared: room for so many is made when the first does not suffice, because
   *   the system gives memory page by page as it is written to, and to copy what there is would write to as much again
   */
  constructor(
    private readonly isShared: boolean,
    private readonly usualBytes: number = FIRST_BYTES,
  ) {
    this.arena = new Uint8Array(this.buffer(FIRST_BYTES));
    this.offsets = new Int32Array(this.buffer(FIRST_ENTRIES * 4));
  }

  /** Bytes of its arrays. */
  get memoryBytes(): number {
    return this.arena.length + this.offsets.length * 4;
  }

  /** Puts `key[0, keyLength)` with `value[0, valueLength)`; both are copied. */
  put(key: Bytes, keyLength: number, value: Bytes, valueLength: number): void {
    const need = this.byteLength + 1 + varintLength(keyLength) + keyLength + 10 + valueLength;
    if (need > this.arena.length) this.grow(need);
    if (this.count === this.offsets.length) {
      const grown = new Int32Array(this.buffer(this.count * 4 * GROWTH));
      grown.set(this.offsets);
      this.offsets = grown;
    }
    const { arena } = this;
    let at = this.byteLength;
    this.offsets[this.count++] = at;
    arena[at] = KIND_RAW;
    at = copyInto(key, keyLength, arena, writeVarint(arena, at + 1, keyLength));
    this.byteLength = copyInto(value, valueLength, arena, writeVarint(arena, at, valueLength));
  }

  /** The entries, not sorted; views of the own arrays, valid until `clear`. All have the sequence number 1. */
  entries(): SortedEntries {
    const { count } = this;
    return {
      arena: this.arena.subarray(0, this.byteLength),
      offsets: this.offsets.subarray(0, count),
      seqs: new Uint32Array(this.buffer(count * 4)),
      baseSeq: 1,
      count,
      tombstones: [],
    };
  }

  /** Forgets everything and keeps the arrays: when nobody looks at them any more. */
  clear(): void {
    this.count = this.byteLength = 0;
  }

  private grow(need: number): void {
    if (need > MAX_ARENA_BYTES)
      throw new LsmError(`entries of at most ${MAX_ARENA_BYTES} bytes are gathered, got ${need}`, 'TooLarge');
    const size = Math.max(need, this.arena.length * 2, this.usualBytes);
    const grown = new Uint8Array(this.buffer(Math.min(MAX_ARENA_BYTES, size)));
    grown.set(this.arena.subarray(0, this.byteLength));
    this.arena = grown;
  }

  private buffer(bytes: number): ArrayBufferLike {
    return this.isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  }
}

/** @returns where the copy ends */
function copyInto(from: Bytes, length: number, into: Bytes, at: number): number {
  if (length <= LOOP_BYTES) for (let i = 0; i < length; i++) into[at + i] = from[i]!;
  else into.set(from.subarray(0, length), at);
  return at + length;
}

/**
 * A cursor over one sorted source (a memtable, or a run of disjoint tables): every entry, tombstones and old
 * versions included, ordered by key ascending and, within a key, newest first.
 *
 * The entry at the cursor is in registers. Key bytes are `keyBytes[keyOffset, keyOffset + keyLength)`; stored value
 * bytes are `valueBytes[valueOffset, valueOffset + storedLength)`, in the form `kind` says. All of them are valid until
 * the cursor moves, or, where the source is a table, until the next read of the store: the block may leave the cache
 * (a cursor notices this and finds its place again when it moves; a caller who has read elsewhere calls `refresh`).
 */
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import type { EntrySpan } from '../base/entry-span.js';

export abstract class SourceCursor {
  isValid = false;
  keyBytes: Bytes = NO_BYTES;
  keyOffset = 0;
  keyLength = 0;
  /** One of KIND_DELETE, KIND_RAW, KIND_LZ4, KIND_BLOB. */
  kind = 0;
  /** Sequence number of the write, or 0 where the table does not keep it (older than every reader and transaction). */
  seq = 0;
  valueBytes: Bytes = NO_BYTES;
  valueOffset = 0;
  storedLength = 0;
  /** Length of the value for the user: decompressed, or of the blob. */
  rawLength = 0;

  /** To the first entry. */
  abstract first(): void;
  /** To the last entry: the oldest version of the greatest key. */
  abstract last(): void;
  /** To the first entry with key >= the given one. */
  abstract seekAtLeast(key: Bytes, offset: number, length: number): void;
  /** To the last entry with key < the given one. */
  abstract seekBefore(key: Bytes, offset: number, length: number): void;
  abstract next(): void;
  abstract previous(): void;
  /**
   * Forward, over entries with keys < `bound` (undefined: all) that need no look: no deletions, and the sequence number
   * of each is 0. Goes as far as is cheap.
   * @returns how many, at most `most`: the cursor stands at the last of them, which is valid; 0: it did not move
   */
  skipPlain(_bound: Bytes | undefined, _most: number): number {
    return 0;
  }
  /**
   * Forward, over entries with keys < `bound` (undefined: all) that are the newest of their keys, not deletions, not newer
   * than `maxSeq`, and whose values lie as they are in the bytes of the current one. Goes as far as is cheap, and appends
   * each to a span that ends with the current one; the cursor then stands at the last, which is valid.
   * @param most  how many; the span has room for them
   */
  take(_bound: Bytes | undefined, _maxSeq: number, _most: number, _span: EntrySpan): void {
    // A source of which each entry must be looked at takes none.
  }
  /**
   * Backward, over entries with keys >= `bound` (undefined: all), the current one first, that are the only ones of their
   * keys, not deletions and not newer than `maxSeq`: appends their keys to a span. Goes as far as is cheap; the cursor
   * then stands at the last, which is valid.
   * @param most  how many are wanted; there may be some more if the span has room
   * @returns how many; 0: it did not move
   */
  takeKeysBack(_bound: Bytes | undefined, _maxSeq: number, _most: number, _span: EntrySpan): number {
    return 0;
  }
  /** Makes the value registers good again after other reads of the store. */
  abstract refresh(): void;
  /** Ends the cursor; safe to call twice. */
  abstract close(): void;
}

/** Result registers of a point lookup: the newest entry of a key that a reader may see. */
export class EntryRegisters {
  kind = 0;
  seq = 0;
  bytes: Bytes = NO_BYTES;
  offset = 0;
  storedLength = 0;
  rawLength = 0;
}

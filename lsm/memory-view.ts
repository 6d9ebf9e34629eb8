/** What the store, snapshots and transactions of `MemoryKv` have in common: reads of a map. */
import { NO_BYTES, copyOf, prefixEnd, type Bytes } from './base/bytes.js';
import { mapBelow, mapCount, mapEntries, mapFrom, mapGet } from './base/ordered-map.js';
import { LsmError } from './errors.js';
import { checkKey, checkRange } from './key/validate.js';
import type { Entries } from './memory-batch.js';
import { MemoryCursor } from './memory-cursor.js';
import type {
  Cursor,
  Direction,
  EntryInfo,
  KeyRange,
  RangeEstimate,
  ReadView,
  ValueReader,
} from './ordered-kv.js';
import { InlineValueReader } from './read/value-reader.js';

/** Bytes of more entries are told from that many. */
const ESTIMATED_FROM = 256;

export function closed(what: string): LsmError {
  return new LsmError(`the ${what} is closed`, 'Closed');
}

export abstract class MemoryView implements ReadView {
  readonly isFrozen: boolean = false;
  valueBytes: Bytes = NO_BYTES;
  valueOffset = 0;
  valueLength = 0;

  /** @param blobBytes  values of that many bytes and more are said to be blobs */
  constructor(readonly blobBytes: number) {}

  /** What the view sees now. @throws LsmError Closed */
  protected abstract entries(): Entries;
  /** Whether cursors of the view have lost their ground. */
  protected abstract isOver(): boolean;

  get(key: Bytes): Bytes | undefined {
    const value = this.find(key);
    return value === undefined ? undefined : copyOf(value);
  }

  lookupMany(): void {
    // Each lookup is a search in one map: none is quicker than the others.
  }

  lookup(key: Bytes, length?: number): boolean {
    const value = this.find(
      length === undefined ? key : key.subarray(0, length <= key.length ? Math.max(length, 0) : 0),
    );
    if (value === undefined) return false;
    this.valueBytes = value;
    this.valueLength = value.length;
    return true;
  }

  has(key: Bytes): boolean {
    return this.find(key) !== undefined;
  }

  describe(key: Bytes): EntryInfo | undefined {
    const value = this.find(key);
    if (value === undefined) return undefined;
    return { kind: value.length >= this.blobBytes ? 'blob' : 'inline', length: value.length };
  }

  openValue(key: Bytes): ValueReader | undefined {
    const value = this.find(key);
    return value === undefined ? undefined : new InlineValueReader(value);
  }

  scan(range: KeyRange = {}, direction: Direction = 'forward'): Cursor {
    return this.openCursor(range, direction);
  }

  scanPrefix(prefix: Bytes, direction: Direction = 'forward'): Cursor {
    checkRange({ low: prefix });
    return this.openCursor({ low: prefix, high: prefixEnd(prefix) }, direction);
  }

  estimate(range: KeyRange = {}): RangeEstimate {
    checkRange(range);
    const entries = mapBelow(mapFrom(this.entries(), range.low), range.high);
    const count = mapCount(entries);
    let [looked, bytes] = [0, 0];
    for (const { key, value } of mapEntries(entries)) {
      if (looked === ESTIMATED_FROM) break;
      looked++;
      bytes += key.length + value.length;
    }
    return { count, bytes: count === looked ? bytes : Math.round((bytes / looked) * count) };
  }

  protected openCursor(
    range: KeyRange,
    direction: Direction,
    onClose?: (cursor: MemoryCursor) => void,
  ): MemoryCursor {
    checkRange(range);
    if (direction !== 'forward' && direction !== 'backward') {
      throw new LsmError(`a direction is 'forward' or 'backward', got ${String(direction)}`, 'BadRange');
    }
    return new MemoryCursor(this.entries(), range, direction, () => this.isOver(), this.blobBytes, onClose);
  }

  private find(key: Bytes): Bytes | undefined {
    checkKey(key);
    return mapGet(this.entries(), key)?.value;
  }
}

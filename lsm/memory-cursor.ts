/** The cursor of `MemoryKv`: each move is a search in the frozen map, from the key at the cursor or the key last sought. */
import { NO_BYTES, compareBytes, copyOf, type Bytes } from './base/bytes.js';
import {
  mapAtLeast,
  mapAtMost,
  mapFirst,
  mapGet,
  mapLast,
  type MapNode,
  type OrderedMap,
} from './base/ordered-map.js';
import { LsmError } from './errors.js';
import { checkKey } from './key/validate.js';
import type { Cursor, Direction, KeyRange, SeekMode, ValueKind, ValueReader } from './ordered-kv.js';
import type { EntrySpan } from './base/entry-span.js';
import { InlineValueReader } from './read/value-reader.js';

/** Where the cursor stands when there is no entry at it. `fresh` leads to either end, `gap` to the neighbours of a key. */
type Place = 'fresh' | 'entry' | 'gap' | 'before first' | 'after last';

export class MemoryCursor implements Cursor {
  valueBytes: Bytes = NO_BYTES;
  valueOffset = 0;
  private place: Place = 'fresh';
  private entry: MapNode<Bytes> | undefined = undefined;
  private sought: Bytes = NO_BYTES;
  private isClosed = false;
  private readonly low: Bytes;
  private readonly high: Bytes | undefined;

  /**
   * @param map        what the cursor sees; frozen
   * @param isOver     whether what it was opened on has ended
   * @param blobBytes  values of that many bytes and more count as blobs
   */
  constructor(
    private readonly map: OrderedMap<Bytes>,
    range: KeyRange,
    private readonly direction: Direction,
    private readonly isOver: () => boolean,
    private readonly blobBytes: number,
    private readonly onClose?: (cursor: MemoryCursor) => void,
  ) {
    this.low = copyOf(range.low ?? NO_BYTES);
    this.high = range.high === undefined ? undefined : copyOf(range.high);
  }

  get isValid(): boolean {
    return this.entry !== undefined;
  }

  next(): boolean {
    this.checkOpen();
    return this.direction === 'forward' ? this.ascend() : this.descend();
  }

  advance(most: number): number {
    let moved = 0;
    while (moved < most && this.next()) moved++;
    return moved;
  }

  read(span: EntrySpan, most: number): number {
    span.count = 0;
    if (most === 0 || !this.next()) return 0;
    const { key, value } = this.current();
    span.begin(value, 0, key, 0, key.length);
    return 1;
  }

  readKeys(span: EntrySpan, most: number): number {
    return this.read(span, most);
  }

  isFresh(): boolean {
    return true; // each value has bytes of its own
  }

  refresh(): void {
    this.checkOpen();
  }

  previous(): boolean {
    this.checkOpen();
    return this.direction === 'forward' ? this.descend() : this.ascend();
  }

  seek(key: Bytes, mode: SeekMode): boolean {
    this.checkOpen();
    checkKey(key);
    if (mode === 'GE') return this.standAbove(this.firstFrom(key, false));
    if (mode === 'LE') return this.standBelow(this.lastTo(key, false));
    if (mode !== 'EQ') {
      throw new LsmError(`a cursor seeks 'EQ', 'LE' or 'GE', got ${String(mode)}`, 'BadRange');
    }
    this.entry = this.inRange(mapGet(this.map, key));
    this.place = this.entry === undefined ? 'gap' : 'entry';
    this.sought = copyOf(key);
    return this.isValid;
  }

  get keyBytes(): Bytes {
    return this.entry === undefined ? NO_BYTES : this.entry.key;
  }

  get keyLength(): number {
    return this.keyBytes.length;
  }

  key(): Bytes {
    return copyOf(this.current().key);
  }

  get valueLength(): number {
    return this.entry === undefined ? 0 : this.entry.value.length;
  }

  get valueKind(): ValueKind {
    return this.valueLength >= this.blobBytes ? 'blob' : 'inline';
  }

  loadValue(): void {
    this.valueBytes = this.current().value;
  }

  value(): Bytes {
    return copyOf(this.current().value);
  }

  openValue(): ValueReader {
    return new InlineValueReader(this.current().value);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onClose?.(this);
    this.entry = undefined;
    this.valueBytes = NO_BYTES;
  }

  private ascend(): boolean {
    if (this.place === 'after last') return false;
    if (this.place === 'entry') return this.standAbove(this.firstFrom(this.current().key, true));
    return this.standAbove(this.firstFrom(this.place === 'gap' ? this.sought : this.low, false));
  }

  private descend(): boolean {
    if (this.place === 'before first') return false;
    if (this.place === 'entry') return this.standBelow(this.lastTo(this.current().key, true));
    return this.standBelow(this.place === 'gap' ? this.lastTo(this.sought, true) : this.lastOfRange());
  }

  /** The first entry of the range with a key >= `key`, or > it. */
  private firstFrom(key: Bytes, isStrict: boolean): MapNode<Bytes> | undefined {
    if (compareBytes(key, this.low) < 0) return this.inRange(mapAtLeast(this.map, this.low));
    if (key.length === 0) return this.inRange(mapFirst(this.map));
    return this.inRange(mapAtLeast(this.map, key, isStrict));
  }

  /** The last entry of the range with a key <= `key`, or < it. */
  private lastTo(key: Bytes, isStrict: boolean): MapNode<Bytes> | undefined {
    if (this.high !== undefined && compareBytes(key, this.high) >= 0) return this.lastOfRange();
    return this.inRange(mapAtMost(this.map, key, isStrict));
  }

  private lastOfRange(): MapNode<Bytes> | undefined {
    return this.inRange(this.high === undefined ? mapLast(this.map) : mapAtMost(this.map, this.high, true));
  }

  private inRange(entry: MapNode<Bytes> | undefined): MapNode<Bytes> | undefined {
    if (entry === undefined || compareBytes(entry.key, this.low) < 0) return undefined;
    return this.high !== undefined && compareBytes(entry.key, this.high) >= 0 ? undefined : entry;
  }

  private standAbove(entry: MapNode<Bytes> | undefined): boolean {
    this.entry = entry;
    this.place = entry === undefined ? 'after last' : 'entry';
    return this.isValid;
  }

  private standBelow(entry: MapNode<Bytes> | undefined): boolean {
    this.entry = entry;
    this.place = entry === undefined ? 'before first' : 'entry';
    return this.isValid;
  }

  private current(): MapNode<Bytes> {
    this.checkOpen();
    if (this.entry === undefined) throw new LsmError('the cursor is not at an entry', 'NotFound');
    return this.entry;
  }

  private checkOpen(): void {
    if (this.isClosed || this.isOver()) throw new LsmError('the cursor is closed', 'Closed');
  }
}

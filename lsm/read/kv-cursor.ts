/**
 * The cursor that callers of the store get. `next` goes in the direction of the scan; values are brought only when asked
 * for. It holds what it reads alive until it, and every value reader opened from it, is closed.
 */
import { NO_BYTES, copyOf, type Bytes } from '../base/bytes.js';
import { corrupt, LsmError } from '../errors.js';
import { KIND_BLOB, KIND_RAW } from '../key/entry-kind.js';
import { checkKey } from '../key/validate.js';
import type { Cursor, Direction, SeekMode, ValueKind, ValueReader } from '../ordered-kv.js';
import type { CursorContext } from './scratch.js';
import { SPAN_ENTRIES, type EntrySpan } from '../base/entry-span.js';
import { InlineValueReader } from './value-reader.js';
import type { VisibleCursor } from './visible-cursor.js';

export class KvCursor implements Cursor {
  valueBytes: Bytes = NO_BYTES;
  valueOffset = 0;
  private readonly isForward: boolean;
  private isClosed = false;
  /** The cursor itself and the open readers of its blobs. */
  private holders = 1;
  /** The key, where the source keeps it in the middle of other bytes. */
  private keyCopy: Bytes = NO_BYTES;
  private isKeyCopied = false;

  /**
   * @param visible  owned from here on
   * @param release  called once, when the cursor and the value readers opened from it are closed
   */
  constructor(
    private readonly visible: VisibleCursor,
    direction: Direction,
    private readonly context: CursorContext,
    private readonly release: () => void,
  ) {
    this.isForward = direction === 'forward';
  }

  get isValid(): boolean {
    return this.visible.isValid;
  }

  next(): boolean {
    if (this.isClosed || !this.context.isOpen) throw closed();
    this.context.reads.n++;
    this.isKeyCopied = false;
    return this.isForward ? this.visible.next() : this.visible.previous();
  }

  advance(most: number): number {
    if (this.isClosed || !this.context.isOpen) throw closed();
    this.context.reads.n++;
    this.isKeyCopied = false;
    if (this.isForward) return this.visible.advance(most);
    let moved = 0;
    while (moved < most && this.visible.previous()) moved++;
    return moved;
  }

  read(span: EntrySpan, most: number): number {
    span.count = 0;
    if (most === 0 || !this.next()) return 0;
    const { visible } = this;
    const { entry } = visible;
    span.begin(entry.valueBytes, entry.valueOffset, entry.keyBytes, entry.keyOffset, entry.keyLength);
    const isInPlace = entry.kind === KIND_RAW && this.isForward;
    if (isInPlace && most > 1) visible.take(Math.min(most, SPAN_ENTRIES) - 1, span);
    // what had to be read for the others may have taken the place of the first
    this.refresh(span);
    return span.count;
  }

  readKeys(span: EntrySpan, most: number): number {
    span.count = 0;
    if (most === 0 || !this.next()) return 0;
    const { visible } = this;
    const { entry } = visible;
    span.begin(NO_BYTES, 0, entry.keyBytes, entry.keyOffset, entry.keyLength);
    if (most > 1) {
      const left = Math.min(most, SPAN_ENTRIES) - 1;
      if (this.isForward) visible.take(left, span);
      else visible.takeKeysBack(left, span);
    }
    return span.count;
  }

  isFresh(span: EntrySpan): boolean {
    return span.reads === this.context.reads.n;
  }

  refresh(span: EntrySpan): void {
    this.loadValue();
    const last = span.valueAt[span.count - 1]!;
    span.moveTo(this.valueBytes, this.valueOffset - last);
    span.reads = this.context.reads.n;
  }

  previous(): boolean {
    if (this.isClosed || !this.context.isOpen) throw closed();
    this.context.reads.n++;
    this.isKeyCopied = false;
    return this.isForward ? this.visible.previous() : this.visible.next();
  }

  seek(key: Bytes, mode: SeekMode): boolean {
    if (this.isClosed || !this.context.isOpen) throw closed();
    checkKey(key);
    if (mode !== 'EQ' && mode !== 'LE' && mode !== 'GE') {
      throw new LsmError(`a cursor seeks 'EQ', 'LE' or 'GE', got ${String(mode)}`, 'BadRange');
    }
    this.context.reads.n++;
    this.isKeyCopied = false;
    return this.visible.seek(key, mode);
  }

  get keyBytes(): Bytes {
    const { visible } = this;
    if (!visible.isValid) return NO_BYTES;
    const { entry } = visible;
    if (entry.keyOffset === 0) return entry.keyBytes;
    if (!this.isKeyCopied) this.copyKey(entry.keyBytes, entry.keyOffset, entry.keyLength);
    return this.keyCopy;
  }

  get keyLength(): number {
    return this.visible.isValid ? this.visible.entry.keyLength : 0;
  }

  key(): Bytes {
    const { entry } = this.current();
    return copyOf(entry.keyBytes, entry.keyOffset, entry.keyLength);
  }

  get valueLength(): number {
    return this.visible.isValid ? this.visible.entry.rawLength : 0;
  }

  get valueKind(): ValueKind {
    return this.visible.isValid && this.visible.entry.kind === KIND_BLOB ? 'blob' : 'inline';
  }

  loadValue(): void {
    const visible = this.current();
    this.context.reads.n++;
    visible.refresh();
    const { entry } = visible;
    if (entry.kind === KIND_RAW) {
      this.valueBytes = entry.valueBytes;
      this.valueOffset = entry.valueOffset;
      return;
    }
    const { kind, valueBytes, valueOffset, storedLength, rawLength } = entry;
    if (kind === KIND_BLOB) {
      this.valueBytes = this.context.blobs.readWhole(valueBytes, valueOffset, storedLength);
      this.valueOffset = 0;
      return;
    }
    const { unpacker } = this.context;
    if (!unpacker.unpack(kind, valueBytes, valueOffset, storedLength, rawLength)) {
      throw corrupt('a packed value does not unpack', this.context.file, 0);
    }
    this.valueBytes = unpacker.bytes;
    this.valueOffset = unpacker.offset;
  }

  value(): Bytes {
    this.loadValue();
    // A blob was read into bytes of its own.
    if (this.visible.entry.kind === KIND_BLOB) return this.valueBytes;
    return this.context.slab.copy(this.valueBytes, this.valueOffset, this.visible.entry.rawLength);
  }

  openValue(): ValueReader {
    const visible = this.current();
    if (visible.entry.kind !== KIND_BLOB) return new InlineValueReader(this.value());
    this.context.reads.n++;
    visible.refresh();
    const { valueBytes, valueOffset, storedLength } = visible.entry;
    const descriptor = copyOf(valueBytes, valueOffset, storedLength);
    this.holders++;
    let isHeld = true;
    const letGo = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.dropHolder();
    };
    try {
      return this.context.blobs.open(descriptor, 0, descriptor.length, letGo);
    } catch (error) {
      letGo();
      throw error;
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.valueBytes = NO_BYTES;
    this.valueOffset = 0;
    this.visible.close();
    this.dropHolder();
  }

  private dropHolder(): void {
    if (--this.holders === 0) this.release();
  }

  /** @throws LsmError Closed, or NotFound when the cursor is not at an entry */
  private current(): VisibleCursor {
    if (this.isClosed || !this.context.isOpen) throw closed();
    if (!this.visible.isValid) throw new LsmError('the cursor is not at an entry', 'NotFound');
    return this.visible;
  }

  private copyKey(from: Bytes, offset: number, length: number): void {
    if (this.keyCopy.length < length) this.keyCopy = new Uint8Array(length * 2);
    const into = this.keyCopy;
    if (length <= 48) for (let i = 0; i < length; i++) into[i] = from[offset + i]!;
    else into.set(from.subarray(offset, offset + length));
    this.isKeyCopied = true;
  }
}

function closed(): LsmError {
  return new LsmError('the cursor is closed', 'Closed');
}

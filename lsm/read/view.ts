/**
 * Point reads and scans over layers: the life of a read. The store, snapshots and transactions are views; they differ
 * in which layers they see and up to which sequence number.
 */
import { NO_BYTES, copyOf, prefixEnd, type Bytes } from '../base/bytes.js';
import type { LookupBatch } from '../base/lookup-batch.js';
import { MAX_SLAB_STRING, Slab } from '../base/slab.js';
import { corrupt, LsmError } from '../errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_RAW } from '../key/entry-kind.js';
import { checkKey, checkKeyLength, checkRange } from '../key/validate.js';
import { MAX_KEY_BYTES } from '../options.js';
import type {
  Cursor,
  Direction,
  EntryInfo,
  KeyRange,
  RangeEstimate,
  ReadView,
  ValueReader,
} from '../ordered-kv.js';
import { LookupHash } from '../table/bloom.js';
import { lz4CanHold, lz4Decompress } from '../table/lz4.js';
import { KvCursor } from './kv-cursor.js';
import type { Layer } from './layer.js';
import { lookupMany } from './lookup-many.js';
import { MergeCursor } from './merge-cursor.js';
import { ValueUnpacker, type BlobAccess } from './scratch.js';
import { EntryRegisters, type SourceCursor } from './source-cursor.js';
import { InlineValueReader } from './value-reader.js';
import { VisibleCursor } from './visible-cursor.js';

/** Greater than every sequence number. */
export const MAX_SEQ = Number.MAX_SAFE_INTEGER;

/** What the views of one store share: scratch space, and a count of reads by which views notice that bytes may be stale. */
export class ReadContext {
  isOpen = true;
  readonly reads = { n: 0 };
  readonly registers = new EntryRegisters();
  readonly hash = new LookupHash();
  readonly unpacker = new ValueUnpacker();
  readonly slab = new Slab();
  readonly keyScratch: Bytes = new Uint8Array(MAX_KEY_BYTES);

  constructor(
    readonly file: string,
    readonly blobs: BlobAccess,
  ) {}
}

export abstract class LayeredView implements ReadView {
  valueBytes: Bytes = NO_BYTES;
  valueOffset = 0;
  valueLength = 0;

  readonly isFrozen: boolean = false;

  constructor(protected readonly context: ReadContext) {}

  /** The layers to read, newest first. @throws LsmError Closed */
  protected abstract readLayers(): readonly Layer[];
  /** How many of the first layers belong to the view itself, seen whole (a transaction's own writes). */
  protected abstract ownLayerCount(): number;
  /** Entries of the other layers with a greater sequence number are not seen. */
  protected abstract readSeq(): number;
  /** Keeps what the view reads alive until the returned function is called. */
  protected abstract hold(): () => void;

  /** Finds the entry of a key: in the context's registers. @returns whether there is one that is not deleted */
  protected find(key: Bytes, given?: number): boolean {
    if (given === undefined) checkKey(key);
    else checkKeyLength(given <= key.length ? given : 0);
    const length = given ?? key.length;
    const layers = this.readLayers();
    const context = this.context;
    context.reads.n++;
    const scratch = context.keyScratch;
    if (length <= 48) for (let i = 0; i < length; i++) scratch[i] = key[i]!;
    else scratch.set(length === key.length ? key : key.subarray(0, length));
    const { hash } = context;
    hash.forget();
    const own = this.ownLayerCount();
    const seq = this.readSeq();
    const out = context.registers;
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[i]!;
      const maxSeq = i < own ? MAX_SEQ : seq;
      const covered = layer.coveringSeq(scratch, 0, length, maxSeq);
      if (layer.find(scratch, 0, length, hash, maxSeq, out)) {
        if (out.seq !== 0 && out.seq < covered) return false;
        return out.kind !== KIND_DELETE;
      }
      if (covered !== 0) return false;
    }
    return false;
  }

  lookupMany(batch: LookupBatch): void {
    const layers = this.readLayers();
    const { context } = this;
    context.reads.n++;
    if (this.ownLayerCount() === 0)
      lookupMany(layers, batch, this.readSeq(), context.hash, context.registers);
  }

  lookup(key: Bytes, length?: number): boolean {
    if (!this.find(key, length)) return false;
    const { registers, unpacker, blobs } = this.context;
    if (registers.kind === KIND_RAW) {
      this.valueBytes = registers.bytes;
      this.valueOffset = registers.offset;
      this.valueLength = registers.storedLength;
      return true;
    }
    if (registers.kind === KIND_BLOB) {
      this.valueBytes = blobs.readWhole(registers.bytes, registers.offset, registers.storedLength);
      this.valueOffset = 0;
      this.valueLength = this.valueBytes.length;
      return true;
    }
    const { kind, bytes, offset, storedLength, rawLength } = registers;
    if (!unpacker.unpack(kind, bytes, offset, storedLength, rawLength)) {
      throw corrupt('a packed value does not unpack', this.context.file, 0);
    }
    this.valueBytes = unpacker.bytes;
    this.valueOffset = unpacker.offset;
    this.valueLength = unpacker.length;
    return true;
  }

  get(key: Bytes): Bytes | undefined {
    if (!this.find(key)) return undefined;
    const { registers, slab, blobs, file } = this.context;
    const { kind, bytes, offset, storedLength, rawLength } = registers;
    if (kind === KIND_RAW) return slab.copy(bytes, offset, storedLength);
    if (kind === KIND_BLOB) return blobs.readWhole(bytes, offset, storedLength);
    // Unpacked where it stays.
    const isShort = rawLength <= MAX_SLAB_STRING;
    if (!lz4CanHold(storedLength, rawLength)) throw corrupt('a packed value does not unpack', file, 0);
    const at = isShort ? slab.take(rawLength) : 0;
    const into = isShort ? slab.bytes : new Uint8Array(rawLength);
    if (lz4Decompress(bytes, offset, storedLength, into, at, rawLength) !== rawLength) {
      throw corrupt('a packed value does not unpack', file, 0);
    }
    return isShort ? into.subarray(at, at + rawLength) : into;
  }

  has(key: Bytes): boolean {
    return this.find(key);
  }

  describe(key: Bytes): EntryInfo | undefined {
    if (!this.find(key)) return undefined;
    const { kind, rawLength } = this.context.registers;
    return { kind: kind === KIND_BLOB ? 'blob' : 'inline', length: rawLength };
  }

  openValue(key: Bytes): ValueReader | undefined {
    if (!this.find(key)) return undefined;
    const { kind, bytes, offset, storedLength } = this.context.registers;
    if (kind === KIND_BLOB) {
      const descriptor = copyOf(bytes, offset, storedLength);
      return this.context.blobs.open(descriptor, 0, descriptor.length, this.hold());
    }
    return new InlineValueReader(this.get(key)!);
  }

  scan(range: KeyRange = {}, direction: Direction = 'forward'): Cursor {
    checkRange(range);
    if (direction !== 'forward' && direction !== 'backward') {
      throw new LsmError(`a direction is 'forward' or 'backward', got ${String(direction)}`, 'BadRange');
    }
    const layers = this.readLayers();
    const own = this.ownLayerCount();
    const seq = this.readSeq();
    const sources: SourceCursor[] = [];
    const maxSeqs: number[] = [];
    const tombstones = [];
    let hasTombstones = false;
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[i]!;
      // What is written from now on is too new for the cursor.
      if (!layer.mayOverlap(range.low, range.high)) continue;
      sources.push(layer.cursor());
      maxSeqs.push(i < own ? this.ownCursorSeq() : seq);
      const hiding = layer.tombstones()?.records(range.low, range.high) ?? [];
      if (hiding.length > 0) hasTombstones = true;
      tombstones.push(hiding);
    }
    const visible = new VisibleCursor(
      new MergeCursor(sources),
      maxSeqs,
      hasTombstones ? tombstones : undefined,
      range.low,
      range.high,
    );
    return new KvCursor(visible, direction, this.context, this.hold());
  }

  scanPrefix(prefix: Bytes, direction: Direction = 'forward'): Cursor {
    checkRange({ low: prefix });
    return this.scan({ low: prefix, high: prefixEnd(prefix) }, direction);
  }

  /** Sequence number up to which a new cursor sees the view's own layers. */
  protected ownCursorSeq(): number {
    return MAX_SEQ;
  }

  estimate(range: KeyRange = {}): RangeEstimate {
    checkRange(range);
    let count = 0;
    let bytes = 0;
    for (const layer of this.readLayers()) {
      const part = layer.estimate(range.low, range.high);
      count += part.count;
      bytes += part.bytes;
    }
    return { count: Math.round(count), bytes: Math.round(bytes) };
  }
}

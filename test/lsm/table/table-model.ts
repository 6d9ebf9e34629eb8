/** Tables for tests: built in memory from plain entries, and a simple model to compare a reader with. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, copyOf, NO_BYTES, type Bytes } from '../../../lsm/base/bytes.js';
import { crc32 } from '../../../lsm/base/checksum.js';
import { writeVarint } from '../../../lsm/base/varint.js';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import type { Cipher } from '../../../lsm/env/cipher.js';
import type { File } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { KIND_BLOB, KIND_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import type { TableMeta } from '../../../lsm/manifest/table-meta.js';
import type { CodecName } from '../../../lsm/options.js';
import type { SourceCursor } from '../../../lsm/read/source-cursor.js';
import { isCodecAvailable, unpackValue, ValueScratch } from '../../../lsm/table/codec.js';
import { BlockBuilder } from '../../../lsm/table/block-builder.js';
import { TableBuilder, type TableBuilderOptions } from '../../../lsm/table/table-builder.js';
import { TableReader } from '../../../lsm/table/table-reader.js';

export interface Entry {
  readonly key: Bytes;
  readonly seq: number;
  readonly kind: number;
  /** For the user, or the descriptor of a blob. */
  readonly value: Bytes;
}

export const CODECS: readonly CodecName[] = (['none', 'lz4', 'lz4-block', 'deflate', 'zstd'] as const).filter(
  isCodecAvailable,
);

/** Where the tests' tables lie in their file. */
export const TABLE_OFFSET = 8192;

/** Not a cipher, but it has the form of one: a key stream, and a tag over everything. */
export class StubCipher implements Cipher {
  readonly overhead = 28;
  private count = 0;

  seal(plain: Bytes, offset: number, length: number, into: Bytes, at: number, aad: Bytes): number {
    const sealed = new Uint8Array(length + 28);
    sealed[0] = ++this.count;
    for (let i = 0; i < length; i++) sealed[12 + i] = plain[offset + i]! ^ (i * 31 + this.count);
    const tag = crc32(sealed, 0, 12 + length, crc32(aad, 0, 12));
    new DataView(sealed.buffer).setUint32(12 + length, tag);
    into.set(sealed, at);
    return sealed.length;
  }

  open(sealed: Bytes, offset: number, length: number, into: Bytes, at: number, aad: Bytes): number {
    const plain = length - 28;
    const tag = new DataView(sealed.buffer, sealed.byteOffset).getUint32(offset + 12 + plain);
    if (tag !== crc32(sealed, offset, 12 + plain, crc32(aad, 0, 12))) return -1;
    const nonce = sealed[offset]!;
    const opened = new Uint8Array(plain);
    for (let i = 0; i < plain; i++) opened[i] = sealed[offset + 12 + i]! ^ (i * 31 + nonce);
    into.set(opened, at);
    return plain;
  }
}

export function options(changes: Partial<TableBuilderOptions> = {}): TableBuilderOptions {
  return { blockBytes: 512, codec: 'lz4', bloomBitsPerKey: 10, cipher: undefined, ...changes };
}

export function addTo(builder: TableBuilder, { key, seq, kind, value }: Entry): void {
  builder.add(key, 0, key.length, kind, seq, value, 0, value.length, kind === KIND_BLOB ? 0 : value.length);
}

/** A block with all of the entries. */
export function blockOf(entries: readonly Entry[]): Bytes {
  const builder = new BlockBuilder(1 << 20);
  builder.reset();
  for (const { key, kind, seq, value } of entries) {
    builder.reserveValue(value.length);
    builder.buffer.set(value, builder.valueEnd);
    expect(builder.add(key, 0, key.length, kind, seq, value.length, value.length)).to.equal(true);
  }
  const estimated = builder.estimatedBytes;
  const length = builder.finish();
  expect(length).to.be.at.most(estimated);
  const block = copyOf(builder.buffer, 0, length);
  block[11] = builder.hasSeqs ? 1 : 0;
  return block;
}

export interface Built {
  readonly bytes: Bytes;
  readonly meta: TableMeta;
}

export function build(
  entries: readonly Entry[],
  changes: Partial<TableBuilderOptions> = {},
  tableId = 1,
  commitSeq = 0,
): Built {
  const builder = new TableBuilder(options(changes));
  builder.reset(tableId);
  for (const entry of entries) addTo(builder, entry);
  const { bytes, meta } = builder.finish(commitSeq);
  return { bytes: copyOf(bytes), meta: { ...meta, offset: TABLE_OFFSET } };
}

/** A file that holds the tables one after another, and the metas with their offsets. */
export function fileWith(tables: readonly Built[]): { file: File; metas: TableMeta[] } {
  const file = new MemoryFileSystem().open('tables', 'create');
  let offset = TABLE_OFFSET;
  const metas = tables.map(({ bytes, meta }) => {
    file.write(bytes, 0, bytes.length, offset);
    const placed = { ...meta, offset };
    offset += Math.ceil(bytes.length / 4096) * 4096;
    return placed;
  });
  return { file, metas };
}

export function open(built: Built, cache = new BlockCache(1 << 20, 512), cipher?: Cipher): TableReader {
  const { file, metas } = fileWith([built]);
  return new TableReader(file, metas[0]!, cache, cipher);
}

/** The entry at a cursor, its value unpacked. */
export function entryAt(cursor: SourceCursor): Entry {
  const scratch = new ValueScratch();
  cursor.refresh();
  const { kind, valueBytes, valueOffset, storedLength, rawLength } = cursor;
  if (!unpackValue(kind, valueBytes, valueOffset, storedLength, rawLength, scratch))
    throw new Error('malformed');
  return {
    key: copyOf(cursor.keyBytes, cursor.keyOffset, cursor.keyLength),
    seq: cursor.seq,
    kind: kind === 2 ? KIND_RAW : kind,
    value: copyOf(scratch.bytes, scratch.offset, scratch.length),
  };
}

export function allForward(cursor: SourceCursor): Entry[] {
  const entries: Entry[] = [];
  for (cursor.first(); cursor.isValid; cursor.next()) entries.push(entryAt(cursor));
  return entries;
}

export function allBackward(cursor: SourceCursor): Entry[] {
  const entries: Entry[] = [];
  for (cursor.last(); cursor.isValid; cursor.previous()) entries.push(entryAt(cursor));
  return entries;
}

export const bytesOf = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'latin1'));

export function put(key: string, value: string | Bytes = key, seq = 0): Entry {
  return {
    key: bytesOf(key),
    seq,
    kind: KIND_RAW,
    value: typeof value === 'string' ? bytesOf(value) : value,
  };
}

/** A blob's descriptor, as far as tables look at it. */
export function descriptor(id: number, length: number): Bytes {
  const bytes = new Uint8Array(24);
  return copyOf(bytes, 0, writeVarint(bytes, writeVarint(bytes, 0, id), length) + 4);
}

/** Keys of few different bytes that share much, as keys in tables do. */
const keyArbitrary = fc
  .tuple(
    fc.constantFrom('', 'a', 'a'.repeat(200), 'user:'),
    fc.array(fc.constantFrom(0, 1, 97, 98, 255), { maxLength: 6 }),
    fc.constantFrom('', '', 'tail', 'z'.repeat(150)),
  )
  .map(([start, middle, end]) => bytesOf(start + String.fromCharCode(...middle) + end));

const valueArbitrary = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 40 }))
    .map(([part, times]) => {
      const value = new Uint8Array(part.length * times);
      for (let i = 0; i < times; i++) value.set(part, i * part.length);
      return value;
    }),
);

/** Entries in the order of a table; versions of a key have different sequence numbers, newest first. */
export function entriesArbitrary(maxLength = 120): fc.Arbitrary<Entry[]> {
  const one = fc.record({
    key: keyArbitrary,
    seq: fc.constantFrom(0, 0, 0, 1, 2, 3, 130, 2 ** 40),
    kind: fc.constantFrom(KIND_RAW, KIND_RAW, KIND_RAW, KIND_DELETE, KIND_BLOB),
    value: valueArbitrary,
    blob: fc.nat(5000),
  });
  return fc.array(one, { minLength: 1, maxLength }).map((raw) => {
    const unique = new Map<string, Entry>();
    for (const { key, seq, kind, value, blob } of raw) {
      unique.set(`${Buffer.from(key).toString('hex')}/${seq}`, {
        key,
        seq,
        kind,
        value: kind === KIND_DELETE ? NO_BYTES : kind === KIND_BLOB ? descriptor(blob, blob * 1000) : value,
      });
    }
    return [...unique.values()].sort((a, b) => compareBytes(a.key, b.key) || b.seq - a.seq);
  });
}

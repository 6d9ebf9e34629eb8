import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, copyOf, readU32, writeU32, type Bytes } from '../../../lsm/base/bytes.js';
import { crc32 } from '../../../lsm/base/checksum.js';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import { LsmError } from '../../../lsm/errors.js';
import { KIND_BLOB, KIND_DELETE } from '../../../lsm/key/entry-kind.js';
import { EntryRegisters } from '../../../lsm/read/source-cursor.js';
import { LookupHash } from '../../../lsm/table/bloom.js';
import { TableBuilder } from '../../../lsm/table/table-builder.js';
import { TableReader } from '../../../lsm/table/table-reader.js';
import {
  addTo,
  allBackward,
  allForward,
  build,
  bytesOf,
  CODECS,
  descriptor,
  fileWith,
  options,
  put,
  StubCipher,
  TABLE_OFFSET,
  type Built,
  type Entry,
} from './table-model.js';

const entries: Entry[] = [
  ...Array.from({ length: 40 }, (_, i) => put(`key ${100 + i}`, 'value '.repeat(i % 5), i % 3)),
  { ...put('l'), kind: KIND_BLOB, value: descriptor(5, 70_000) },
  { ...put('m'), kind: KIND_DELETE, value: new Uint8Array(0) },
];

function smallTable(codec: (typeof CODECS)[number], cipher?: StubCipher): Built {
  const builder = new TableBuilder(options({ blockBytes: 256, codec, cipher }));
  builder.reset(1);
  for (const entry of entries) addTo(builder, entry);
  builder.addRangeTombstone(bytesOf('a'), bytesOf('b'), 2);
  const { bytes, meta } = builder.finish();
  return { bytes: copyOf(bytes), meta: { ...meta, offset: TABLE_OFFSET } };
}

/** Runs a read: what it gives, or undefined when it throws `Corrupt` with a position in the table. */
function orCorrupt<T>(read: () => T, length: number): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    expect(error.code).to.equal('Corrupt');
    expect(error.at?.file).to.equal('tables');
    expect(error.at?.offset).to.be.within(TABLE_OFFSET, TABLE_OFFSET + length);
    return undefined;
  }
}

/** Reads everything in every way; each result is right, or `Corrupt`. @returns whether `verify` found it good */
function readAll(built: Built, cipher: StubCipher | undefined, isTrusted: boolean): boolean {
  const { file, metas } = fileWith([built]);
  const cache = new BlockCache(1 << 16, 256, true);
  const reader = new TableReader(file, metas[0]!, cache, cipher);
  const out = new EntryRegisters();
  const { length } = built.bytes;
  for (const { key, seq } of [entries[0]!, entries[20]!, entries[41]!]) {
    const hash = new LookupHash();
    const isFound = orCorrupt(() => reader.find(key, 0, key.length, hash, 2 ** 47, out), length);
    if (isTrusted && isFound !== undefined) expect([isFound, out.seq]).to.deep.equal([true, seq]);
  }
  for (const useCache of [true, false]) {
    const read = (from: (cursor: ReturnType<TableReader['cursor']>) => Entry[]): Entry[] | undefined =>
      orCorrupt(() => {
        try {
          return from(reader.cursor({ useCache }));
        } catch (error) {
          if (!isTrusted && error instanceof Error && error.message === 'malformed') return undefined;
          throw error;
        }
      }, length);
    const forward = read(allForward);
    const backward = read(allBackward);
    if (!isTrusted) continue;
    if (forward !== undefined) expect(forward).to.deep.equal(entries);
    if (backward !== undefined) expect(backward).to.deep.equal([...entries].reverse());
  }
  const tombstones = orCorrupt(() => reader.rangeTombstones(), length);
  const ids = orCorrupt(() => reader.blobIds(), length);
  if (isTrusted && tombstones !== undefined) expect(tombstones[0]!.high).to.deep.equal(bytesOf('b'));
  if (isTrusted && ids !== undefined) expect(ids).to.deep.equal([5]);
  orCorrupt(() => reader.estimate(bytesOf('key 105'), undefined), length);
  orCorrupt(() => reader.showBlock(0), length);
  return orCorrupt(() => (reader.verify(), true), length) ?? false;
}

function changed({ bytes, meta }: Built, change: (bytes: Bytes) => void): Built {
  const copy = copyOf(bytes);
  change(copy);
  return { bytes: copy, meta };
}

describe('a damaged table', () => {
  for (const [name, codec, cipher] of [
    ['values packed', 'lz4', undefined],
    ['blocks packed', 'lz4-block', undefined],
    ['encrypted', 'lz4', new StubCipher()],
  ] as const) {
    const built = smallTable(codec, cipher);

    it(`with any byte changed gives what was put in, or Corrupt, and never verifies (${name})`, () => {
      expect(readAll(built, cipher, true)).to.equal(true);
      const { length } = built.bytes;
      for (let at = 0; at < length; at++) {
        const damaged = changed(built, (bytes) => (bytes[at]! ^= 1 << (at & 7)));
        expect(readAll(damaged, cipher, true), `byte ${at} of ${length}`).to.equal(false);
      }
    });
  }

  it('cut short is Corrupt', () => {
    const built = smallTable('lz4');
    for (const length of [0, 1, 63, 64, 200, built.bytes.length - 1]) {
      const { meta } = built;
      expect(readAll({ bytes: copyOf(built.bytes, 0, length), meta }, undefined, true)).to.equal(false);
      expect(
        readAll({ bytes: built.bytes, meta: { ...meta, dataBytes: length } }, undefined, false),
      ).to.equal(false);
    }
  });

  for (const codec of CODECS) {
    it(`whose checksums were made good again throws nothing but Corrupt (${codec})`, () => {
      const built = smallTable(codec);
      const { length } = built.bytes;
      const pieces = piecesOf(built.bytes);
      const arbitrary = fc.tuple(
        fc.nat(pieces.length - 1),
        fc.nat(),
        fc.oneof(fc.nat(255), fc.constant(255)),
      );
      fc.assert(
        fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 3 }), (changes) => {
          const damaged = changed(built, (bytes) => {
            for (const [piece, at, byte] of changes) {
              const [offset, end] = pieces[piece]!;
              bytes[offset + 10 + (at % (end - offset - 10))] = byte;
              writeU32(bytes, offset, crc32(bytes, offset + 4, end - offset - 4, offset));
            }
          });
          expect(damaged.bytes.length).to.equal(length);
          readAll(damaged, undefined, false);
        }),
        { numRuns: 250 },
      );
    });
  }

  it('does not take a block of another place, or of another table', () => {
    const alike = Array.from({ length: 200 }, (_, i) => put(`key ${100 + i}`, 'same'));
    const built = build(alike, { blockBytes: 256 });
    const { file, metas } = fileWith([built]);
    const [first, second] = piecesOf(built.bytes);
    expect(second![1] - second![0]).to.equal(first![1] - first![0]);
    file.write(built.bytes, first![0], first![1] - first![0], TABLE_OFFSET + second![0]);
    const reader = new TableReader(file, metas[0]!, new BlockCache(1 << 16, 256));
    expect(() => reader.showBlock(1)).to.throw(LsmError, /checksum/);
    expect(readAll({ bytes: built.bytes, meta: { ...built.meta, id: 2 } }, undefined, false)).to.equal(false);
  });

  it('says so when it is encrypted and should not be, or the reverse', () => {
    const cipher = new StubCipher();
    for (const [built, reading] of [
      [smallTable('lz4'), cipher],
      [smallTable('lz4', cipher), undefined],
    ] as const) {
      const { file, metas } = fileWith([built]);
      const reader = new TableReader(file, metas[0]!, new BlockCache(1 << 16, 256), reading);
      expect(() => reader.needIndex()).to.throw(LsmError, /encrypted/);
    }
  });

  it('whose bounds or counts in the manifest are wrong does not verify', () => {
    const built = smallTable('lz4');
    for (const change of [
      { tombstoneCount: 2 },
      { blobCount: 2 },
      { maxSeq: 1 },
      { lowKey: bytesOf('b') },
      { highKey: bytesOf('l') },
      { rangeTombstoneCount: 2 },
      { entryCount: 41 },
    ]) {
      expect(readAll({ bytes: built.bytes, meta: { ...built.meta, ...change } }, undefined, false)).to.equal(
        false,
      );
    }
    expect(compareBytes(built.meta.lowKey, bytesOf('a'))).to.equal(0);
  });
});

/** Where the pieces of a plain table lie: [from, to). */
function piecesOf(table: Bytes): [number, number][] {
  const footer = table.length - 64;
  const { file, metas } = fileWith([{ bytes: table, meta: smallTable('none').meta }]);
  const meta = { ...metas[0]!, dataBytes: table.length, entryCount: readU32(table, footer + 28) };
  const { offsets, blockCount } = new TableReader(file, meta, new BlockCache(0, 256)).needIndex();
  const pieces: [number, number][] = [];
  for (let block = 0; block < blockCount; block++) pieces.push([offsets[block]!, offsets[block + 1]!]);
  for (let i = 0; i < 4; i++) {
    const at = readU32(table, footer + 32 + i * 8);
    const length = readU32(table, footer + 36 + i * 8);
    if (length > 0) pieces.push([at, at + length]);
  }
  pieces.push([footer, table.length]);
  return pieces;
}

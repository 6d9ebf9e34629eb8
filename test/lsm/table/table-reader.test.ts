import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, copyOf, type Bytes } from '../../../lsm/base/bytes.js';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import { LsmError } from '../../../lsm/errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_LZ4, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { EntryRegisters } from '../../../lsm/read/source-cursor.js';
import { LookupHash } from '../../../lsm/table/bloom.js';
import { unpackValue, ValueScratch } from '../../../lsm/table/codec.js';
import { Lz4Compressor } from '../../../lsm/table/lz4.js';
import { TableBuilder } from '../../../lsm/table/table-builder.js';
import { TableReader } from '../../../lsm/table/table-reader.js';
import {
  allForward,
  build,
  bytesOf,
  CODECS,
  descriptor,
  entriesArbitrary,
  fileWith,
  open,
  options,
  put,
  StubCipher,
  TABLE_OFFSET,
  type Entry,
} from './table-model.js';

const out = new EntryRegisters();

/** The newest version with seq <= maxSeq, as the reader finds it. */
function find(reader: TableReader, key: Bytes, maxSeq = Number.MAX_SAFE_INTEGER): Entry | undefined {
  const hash = new LookupHash();
  if (!reader.find(key, 0, key.length, hash, maxSeq, out)) return undefined;
  const scratch = new ValueScratch();
  expect(unpackValue(out.kind, out.bytes, out.offset, out.storedLength, out.rawLength, scratch)).to.equal(
    true,
  );
  const kind = out.kind === KIND_LZ4 ? KIND_RAW : out.kind;
  return { key, seq: out.seq, kind, value: copyOf(scratch.bytes, scratch.offset, scratch.length) };
}

function expectAll(reader: TableReader, entries: readonly Entry[]): void {
  for (const { key } of entries) {
    for (const maxSeq of [0, 1, 2, 129, 2 ** 47]) {
      const expected = entries.find((entry) => compareBytes(entry.key, key) === 0 && entry.seq <= maxSeq);
      expect(find(reader, key, maxSeq)).to.deep.equal(expected);
    }
    const other = new Uint8Array(key.length + 1);
    other.set(key);
    other[key.length] = 7;
    expect(find(reader, other)).to.equal(undefined);
  }
}

const codecArbitrary = fc.constantFrom(...CODECS);

describe('a table', () => {
  it('gives back what was put in, for every block size, codec and cipher', () => {
    fc.assert(
      fc.property(
        entriesArbitrary(),
        fc.constantFrom(256, 512, 4096, 65_536),
        codecArbitrary,
        fc.boolean(),
        fc.constantFrom(0, 1, 10),
        fc.constantFrom(0, 600, 20_000, 1 << 20),
        (entries, blockBytes, codec, isEncrypted, bloomBitsPerKey, cacheBytes) => {
          const cipher = isEncrypted ? new StubCipher() : undefined;
          const built = build(entries, { blockBytes, codec, cipher, bloomBitsPerKey });
          const reader = open(built, new BlockCache(cacheBytes, 256, true), cipher);
          expect(allForward(reader.cursor())).to.deep.equal(entries);
          expectAll(reader, entries);
          reader.verify();
          expect(built.meta).to.include({
            entryCount: entries.length,
            tombstoneCount: entries.filter((entry) => entry.kind === KIND_DELETE).length,
            blobCount: entries.filter((entry) => entry.kind === KIND_BLOB).length,
            maxSeq: Math.max(...entries.map((entry) => entry.seq)),
            dataBytes: built.bytes.length,
          });
          expect(built.meta.lowKey).to.deep.equal(entries[0]!.key);
          expect(built.meta.highKey).to.deep.equal(entries[entries.length - 1]!.key);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('holds the longest key and a value longer than a block', () => {
    const long = new Uint8Array(65_536).fill(0x61);
    const longer = copyOf(long);
    longer[65_535] = 0x62;
    const value = new Uint8Array(150_000).map((_, i) => (i * i) >>> 7);
    const plain = (entry: Entry | undefined): unknown =>
      entry && [Buffer.from(entry.key).toString('latin1'), Buffer.from(entry.value).toString('latin1')];
    const entries = [
      put('a'),
      { ...put(''), key: long, value },
      { ...put('', value), key: longer },
      put('b', value),
    ];
    for (const codec of CODECS) {
      const built = build(entries, { codec });
      for (const cacheBytes of [0, 1 << 22]) {
        const reader = open(built, new BlockCache(cacheBytes, 512, true));
        expect(allForward(reader.cursor()).map(plain)).to.deep.equal(entries.map(plain));
        for (const entry of entries) expect(plain(find(reader, entry.key))).to.deep.equal(plain(entry));
        reader.verify();
      }
    }
  });

  it('finds versions of one key that fill several blocks', () => {
    const entries = [
      put('a'),
      ...Array.from({ length: 300 }, (_, i) => put('k', `v${i}`, 1000 - i)),
      put('z'),
    ];
    const reader = open(build(entries, { blockBytes: 256 }));
    for (let seq = 701; seq <= 1000; seq += 13) {
      expect(find(reader, bytesOf('k'), seq)?.value).to.deep.equal(bytesOf(`v${1000 - seq}`));
    }
    expect(find(reader, bytesOf('k'), 700)).to.equal(undefined);
    expect(find(reader, bytesOf('z'), 0)).to.deep.equal(put('z'));
    reader.verify();
  });

  it('reads every sequence number as that of its commit, if it has one', () => {
    const built = build([put('a', 'x', 3), put('b')], {}, 9, 77);
    const reader = open(built);
    expect(built.meta).to.include({ commitSeq: 77, maxSeq: 77, id: 9 });
    expect(find(reader, bytesOf('a'), 76)).to.equal(undefined);
    expect(find(reader, bytesOf('a'), 77)?.seq).to.equal(77);
    expect(allForward(reader.cursor()).map((entry) => entry.seq)).to.deep.equal([77, 77]);
    reader.verify();
    expect(reader.showBlock(0).entries.map((entry) => entry.seq)).to.deep.equal([3, 0]);
  });

  it('moves packed values as they are, and unpacks them for other codecs', () => {
    const value = bytesOf('to be or not to be, '.repeat(10));
    const packed = new Uint8Array(300);
    const length = new Lz4Compressor().compress(value, 0, value.length, packed, 0, 300);
    for (const codec of CODECS) {
      const builder = new TableBuilder(options({ codec }));
      builder.reset(1);
      builder.add(bytesOf('k'), 0, 1, KIND_LZ4, 0, packed, 0, length, value.length);
      const { bytes, meta } = builder.finish();
      const reader = open({ bytes: copyOf(bytes), meta });
      expect(find(reader, bytesOf('k'))?.value).to.deep.equal(value);
      expect([out.kind, meta.rawBytes]).to.deep.equal([codec === 'lz4' ? KIND_LZ4 : KIND_RAW, 201]);
    }
  });

  it('does not try to pack a value anew of which it is told that it was tried', () => {
    const value = bytesOf('to be or not to be, '.repeat(10));
    for (const [isPacked, kind] of [
      [false, KIND_LZ4],
      [true, KIND_RAW],
    ] as const) {
      const builder = new TableBuilder(options({ codec: 'lz4' }));
      builder.reset(1);
      builder.add(bytesOf('k'), 0, 1, KIND_RAW, 0, value, 0, value.length, value.length, isPacked);
      const { bytes, meta } = builder.finish();
      const reader = open({ bytes: copyOf(bytes), meta });
      expect(find(reader, bytesOf('k'))?.value).to.deep.equal(value);
      expect(out.kind).to.equal(kind);
    }
  });

  it('packs values only where it saves a sixteenth', () => {
    const reader = open(
      build([
        put('a', 'short'),
        put(
          'b',
          new Uint8Array(64).map((_, i) => i * i * 5),
        ),
      ]),
    );
    for (const key of ['a', 'b']) {
      find(reader, bytesOf(key));
      expect(out.kind).to.equal(KIND_RAW);
    }
  });

  it('takes little more than half of values that repeat themselves', () => {
    let state = 1;
    const entries = Array.from({ length: 5000 }, (_, i) => {
      const value = new Uint8Array(100);
      for (let n = 0; n < 50; n++)
        value[n] = value[n + 50] = (state = (Math.imul(state, 48271) >>> 0) % 65_521) & 255;
      return put(String(i).padStart(16, '0'), value);
    });
    const { bytes, meta } = build(entries, { blockBytes: 8192 });
    expect(meta.rawBytes).to.equal(5000 * 116);
    expect(bytes.length / meta.rawBytes).to.be.at.most(0.57);
  });

  it('estimates its size well', () => {
    const builder = new TableBuilder(options({ blockBytes: 4096 }));
    builder.reset(1);
    expect([builder.isEmpty, builder.entryCount]).to.deep.equal([true, 0]);
    const value = new Uint8Array(50).map((_, i) => i * 37);
    for (let i = 0; i < 3000; i++) {
      const key = bytesOf(`key ${i + 10_000}`);
      builder.add(key, 0, key.length, KIND_RAW, 0, value, 0, 50, 50);
    }
    const estimated = builder.estimatedBytes;
    expect(builder.finish().bytes.length / estimated).to.be.within(0.98, 1.02);
  });

  it('is built again and again by one builder', () => {
    const builder = new TableBuilder(options());
    for (let id = 1; id < 5; id++) {
      builder.reset(id);
      const entries = Array.from({ length: id * 100 }, (_, i) => put(`${id} ${i + 1000}`));
      for (const { key, value } of entries) {
        builder.add(key, 0, key.length, KIND_RAW, 0, value, 0, value.length, value.length);
      }
      const { bytes, meta } = builder.finish();
      expect(allForward(open({ bytes: copyOf(bytes), meta }).cursor())).to.deep.equal(entries);
    }
  });

  it('refuses entries out of order: a bug of ours', () => {
    const builder = new TableBuilder(options());
    builder.reset(1);
    builder.add(bytesOf('b'), 0, 1, KIND_RAW, 0, bytesOf(''), 0, 0, 0);
    expect(() => builder.add(bytesOf('a'), 0, 1, KIND_RAW, 0, bytesOf(''), 0, 0, 0)).to.throw(/in order/);
  });

  it('lists the blobs that it refers to, ascending', () => {
    const blob = (key: string, id: number): Entry => ({
      ...put(key),
      kind: KIND_BLOB,
      value: descriptor(id, 5),
    });
    const reader = open(build([blob('a', 900), put('b'), blob('c', 3), blob('d', 2 ** 40)]));
    expect(reader.blobIds()).to.deep.equal([3, 900, 2 ** 40]);
    expect(open(build([put('a')])).blobIds()).to.deep.equal([]);
  });

  it('shows a block', () => {
    const reader = open(build([put('key 1', 'x'), put('key 2', 'yy')]));
    const dump = reader.showBlock(0);
    expect(dump).to.include({ block: 0, offset: TABLE_OFFSET, codec: 'lz4', hasSeqs: false });
    expect(dump.prefix).to.deep.equal(bytesOf('key '));
    expect(
      dump.entries.map(({ key, valueOffset, rawLength }) => [key, valueOffset, rawLength]),
    ).to.deep.equal([
      [bytesOf('key 1'), 24, 1],
      [bytesOf('key 2'), 25, 2],
    ]);
    expect(() => reader.showBlock(1)).to.throw(LsmError);
  });
});

describe('range tombstones of a table', () => {
  const records = (reader: TableReader): unknown =>
    reader.rangeTombstones().map(({ low, high, seq }) => [low, high, seq]);

  it('come back as they were added, and widen the bounds', () => {
    const builder = new TableBuilder(options());
    for (const cipher of [undefined, new StubCipher()]) {
      const own = cipher === undefined ? builder : new TableBuilder(options({ cipher }));
      own.reset(3);
      own.add(bytesOf('m'), 0, 1, KIND_RAW, 5, bytesOf('x'), 0, 1, 1);
      own.addRangeTombstone(bytesOf('b'), bytesOf('d'), 2 ** 40);
      own.addRangeTombstone(bytesOf('a'), bytesOf('zz'), 7);
      const { bytes, meta } = own.finish();
      expect([meta.lowKey, meta.highKey]).to.deep.equal([bytesOf('a'), bytesOf('zz')]);
      expect(meta).to.include({ rangeTombstoneCount: 2, maxSeq: 2 ** 40, tombstoneCount: 0 });
      const reader = open({ bytes: copyOf(bytes), meta }, undefined, cipher);
      expect(records(reader)).to.deep.equal([
        [bytesOf('b'), bytesOf('d'), 2 ** 40],
        [bytesOf('a'), bytesOf('zz'), 7],
      ]);
      reader.verify();
    }
  });

  it('may be open, and alone', () => {
    const builder = new TableBuilder(options());
    builder.reset(3);
    expect(builder.isEmpty).to.equal(true);
    builder.addRangeTombstone(bytesOf(''), undefined, 5);
    expect(builder.isEmpty).to.equal(false);
    const { bytes, meta } = builder.finish(11);
    expect([meta.lowKey, meta.highKey, meta.entryCount]).to.deep.equal([bytesOf(''), undefined, 0]);
    const reader = open({ bytes: copyOf(bytes), meta });
    expect(records(reader)).to.deep.equal([[bytesOf(''), undefined, 11]]);
    expect(find(reader, bytesOf('a'))).to.equal(undefined);
    expect(reader.estimate(undefined, undefined)).to.deep.equal({ count: 0, bytes: 0 });
    const cursor = reader.cursor();
    for (const move of [
      () => cursor.first(),
      () => cursor.last(),
      () => cursor.seekAtLeast(bytesOf('a'), 0, 1),
      () => cursor.seekBefore(bytesOf('a'), 0, 1),
    ]) {
      move();
      expect(cursor.isValid).to.equal(false);
    }
    reader.verify();
  });

  it('are clipped to the bounds', () => {
    const builder = new TableBuilder(options());
    builder.reset(3);
    builder.setBounds(bytesOf('d'), bytesOf('m'));
    builder.addRangeTombstone(bytesOf('a'), bytesOf('d'), 1);
    builder.addRangeTombstone(bytesOf('m'), undefined, 2);
    expect(builder.isEmpty).to.equal(true);
    builder.addRangeTombstone(bytesOf(''), bytesOf('e'), 3);
    builder.addRangeTombstone(bytesOf('f'), undefined, 4);
    const { bytes, meta } = builder.finish();
    expect(records(open({ bytes: copyOf(bytes), meta }))).to.deep.equal([
      [bytesOf('d'), bytesOf('e'), 3],
      [bytesOf('f'), bytesOf('m'), 4],
    ]);
  });
});

describe('what a table keeps in memory', () => {
  const entries = Array.from({ length: 3000 }, (_, i) => put(`key ${i + 10_000}`));

  it('is nothing before the first use, and can be dropped at any time', () => {
    const { file, metas } = fileWith([build(entries)]);
    const cache = new BlockCache(1 << 20, 512);
    const reader = new TableReader(file, metas[0]!, cache);
    expect(reader.memoryBytes).to.equal(0);
    expect(find(reader, entries[7]!.key)).to.deep.equal(entries[7]);
    expect(reader.memoryBytes).to.be.within(3750, 20_000);
    expect(cache.stats().metaBytes).to.equal(reader.memoryBytes);
    const cursor = reader.cursor();
    cursor.first();
    reader.dropMemory();
    expect([reader.memoryBytes, cache.stats().metaBytes]).to.deep.equal([0, 0]);
    let count = 1;
    for (; count < 3000; count++) cursor.next();
    expect(copyOf(cursor.keyBytes, 0, cursor.keyLength)).to.deep.equal(entries[2999]!.key);
    expect(find(reader, entries[8]!.key)).to.deep.equal(entries[8]);
    reader.close();
    expect(cache.stats()).to.include({ metaBytes: 0, blocks: 0 });
  });

  it('is bounded over many tables; filters give way first, and all still works', () => {
    const tables = Array.from({ length: 40 }, (_, i) => build(entries.slice(0, 1500), {}, i + 1));
    const { file, metas } = fileWith(tables);
    const cache = new BlockCache(150_000, 512, true);
    const readers = metas.map((meta) => new TableReader(file, meta, cache));
    for (let round = 0; round < 3; round++) {
      for (const reader of readers) {
        expect(find(reader, entries[round * 100]!.key)).to.deep.equal(entries[round * 100]);
        expect(find(reader, bytesOf('nothing'))).to.equal(undefined);
        expect(cache.stats().metaBytes).to.be.at.most(cache.metaLimit);
        expect(cache.stats().bytes).to.be.at.most(150_000);
      }
    }
    expect(readers.reduce((sum, reader) => sum + reader.memoryBytes, 0)).to.equal(cache.stats().metaBytes);
  });

  it('is read in one go when the table is opened', () => {
    const { file, metas } = fileWith([build(entries, { blockBytes: 4096 })]);
    let reads = 0;
    const counting = Object.assign(Object.create(file) as typeof file, {
      read: (into: Bytes, offset: number, length: number, position: number) => {
        reads++;
        return file.read(into, offset, length, position);
      },
    });
    const reader = new TableReader(counting, metas[0]!, new BlockCache(1 << 20, 4096));
    reader.needIndex();
    expect(reader.mayContain(12345)).to.equal(false);
    expect(reads).to.equal(1);
  });

  it('has a large filter only after some lookups', () => {
    const many = Array.from({ length: 40_000 }, (_, i) => put(`key ${i + 10_000}`, ''));
    const reader = open(build(many, { blockBytes: 4096 }), new BlockCache(1 << 20, 4096));
    expect(find(reader, many[7]!.key)).to.deep.equal(many[7]);
    const withoutFilter = reader.memoryBytes;
    expect(withoutFilter).to.be.below(20_000);
    for (let i = 0; i < 8; i++) expect(find(reader, bytesOf(`other ${i}`))).to.equal(undefined);
    expect(reader.memoryBytes - withoutFilter).to.be.within(40_000, 60_000);
  });

  it('rules out other keys without reading a block', () => {
    const cache = new BlockCache(1 << 20, 512);
    const reader = open(build(entries), cache);
    for (let i = 0; i < 1000; i++) expect(find(reader, bytesOf(`other ${i}`))).to.equal(undefined);
    expect(cache.stats().misses).to.be.below(50);
  });
});

describe('estimates of a table', () => {
  const entries = Array.from({ length: 10_000 }, (_, i) =>
    put(String(i * 7).padStart(8, '0'), 'v'.repeat(i % 40)),
  );
  for (const blockBytes of [512, 8192, 65_536]) {
    it(`are near the truth with blocks of ${blockBytes} bytes`, () => {
      const built = build(entries, { blockBytes });
      const reader = open(built, new BlockCache(1 << 20, blockBytes));
      expect(reader.estimate(undefined, undefined).count).to.equal(10_000);
      fc.assert(
        fc.property(fc.nat(70_000), fc.nat(70_000), (a, b) => {
          const [low, high] = [
            String(Math.min(a, b)).padStart(8, '0'),
            String(Math.max(a, b)).padStart(8, '0'),
          ];
          const count = entries.filter(({ key }) => {
            const text = String.fromCharCode(...key);
            return text >= low && text < high;
          }).length;
          const estimate = reader.estimate(bytesOf(low), bytesOf(high));
          expect(Math.abs(estimate.count - count)).to.be.at.most(60 + count / 4);
          expect(Math.abs(estimate.bytes / built.meta.dataBytes - count / 10_000)).to.be.at.most(0.2);
        }),
        { numRuns: 60 },
      );
      expect(reader.estimate(bytesOf('5'), bytesOf('4'))).to.deep.equal({ count: 0, bytes: 0 });
      expect(reader.estimate(bytesOf('9'), undefined)).to.deep.equal({ count: 0, bytes: 0 });
    });
  }
});

import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import { EntrySpan } from '../../../lsm/base/entry-span.js';
import { EntryRegisters, type SourceCursor } from '../../../lsm/read/source-cursor.js';
import { LookupHash } from '../../../lsm/table/bloom.js';
import { RunCursor } from '../../../lsm/table/run-cursor.js';
import { ReadWindows } from '../../../lsm/table/table-cursor.js';
import { TableBuilder } from '../../../lsm/table/table-builder.js';
import { TableReader } from '../../../lsm/table/table-reader.js';
import {
  allBackward,
  allForward,
  build,
  bytesOf,
  CODECS,
  entriesArbitrary,
  entryAt,
  fileWith,
  options,
  put,
  StubCipher,
  type Entry,
} from './table-model.js';
import { copyOf } from '../../../lsm/base/bytes.js';
import { KIND_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';

interface Setting {
  readonly codec: (typeof CODECS)[number];
  readonly isEncrypted: boolean;
  readonly cacheBytes: number;
  readonly useCache: boolean;
  readonly readAheadBytes: number;
}

const settingArbitrary: fc.Arbitrary<Setting> = fc.record({
  codec: fc.constantFrom(...CODECS),
  isEncrypted: fc.boolean(),
  cacheBytes: fc.constantFrom(0, 1500, 1 << 20),
  useCache: fc.boolean(),
  readAheadBytes: fc.constantFrom(1, 1000, 1 << 18),
});

/** Splits the entries into tables of a run, where a key's versions stay together. */
function runOf(entries: readonly Entry[], tableEntries: number, setting: Setting): TableReader[] {
  const cipher = setting.isEncrypted ? new StubCipher() : undefined;
  const parts: Entry[][] = [];
  for (const [i, entry] of entries.entries()) {
    const isNewKey = i === 0 || compareBytes(entries[i - 1]!.key, entry.key) !== 0;
    const part = parts[parts.length - 1];
    if (part === undefined || (isNewKey && part.length >= tableEntries)) parts.push([entry]);
    else part.push(entry);
  }
  const built = parts.map((part, i) => build(part, { blockBytes: 256, codec: setting.codec, cipher }, i + 1));
  const { file, metas } = fileWith(built);
  const cache = new BlockCache(setting.cacheBytes, 256, true);
  return metas.map((meta) => new TableReader(file, meta, cache, cipher));
}

/** Reads other blocks, so that those of a cursor leave the cache. */
function disturb(readers: readonly TableReader[]): void {
  const out = new EntryRegisters();
  for (const reader of readers) {
    for (const { key } of reader.showBlock(0).entries) {
      reader.find(key, 0, key.length, new LookupHash(), 2 ** 47, out);
    }
    const last = reader.needIndex().blockCount - 1;
    for (const block of [0, last, last >>> 1]) reader.loadBlock(block, false);
  }
}

const entryOrNone = (cursor: SourceCursor): Entry | undefined =>
  cursor.isValid ? entryAt(cursor) : undefined;

/** Takes entries behind the one at the cursor, number `at`, into a span, and compares them. @returns how many */
function takeFrom(
  cursor: RunCursor,
  entries: readonly Entry[],
  at: number,
  bound: Uint8Array | undefined,
  maxSeq: number,
  most: number,
): number {
  const span = new EntrySpan();
  cursor.refresh();
  span.begin(cursor.valueBytes, cursor.valueOffset, cursor.keyBytes, cursor.keyOffset, cursor.keyLength);
  cursor.take(bound, maxSeq, most, span);
  for (let i = 0; i < span.count; i++) {
    const { key, value, kind, seq } = entries[at + i]!;
    expect(span.keys.slice(span.keyAt[i], span.keyEnds[i])).to.deep.equal(key);
    if (i === 0) continue;
    expect(kind).to.equal(KIND_RAW);
    expect(seq).to.be.at.most(maxSeq);
    expect(key).to.not.deep.equal(entries[at + i - 1]!.key);
    if (bound !== undefined) expect(compareBytes(key, bound)).to.be.below(0);
    expect(span.bytes.slice(span.valueAt[i], span.valueAt[i]! + value.length)).to.deep.equal(value);
  }
  return span.count - 1;
}

describe('RunCursor', () => {
  it('gives all entries of its tables in both directions', () => {
    fc.assert(
      fc.property(
        entriesArbitrary(200),
        fc.integer({ min: 1, max: 80 }),
        settingArbitrary,
        (entries, size, setting) => {
          const readers = runOf(entries, size, setting);
          expect(allForward(new RunCursor(readers, setting))).to.deep.equal(entries);
          expect(allBackward(new RunCursor(readers, setting))).to.deep.equal([...entries].reverse());
        },
      ),
      { numRuns: 80 },
    );
  });

  it('skips to the last entry before a bound, a block at a time, where no entry needs a look', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 150 }),
        settingArbitrary,
        fc.nat({ max: 420 }),
        (count, size, setting, end) => {
          const entries = Array.from({ length: count }, (_, i) => put(String(1000 + i), `value ${i}`, 0));
          const readers = runOf(entries, size, setting);
          const cursor = new RunCursor(readers, setting);
          const bound = end > 400 ? undefined : bytesOf(String(1000 + end));
          cursor.first();
          let at = 0;
          for (let moves = 0; at + 1 < Math.min(count, end); moves++) {
            const blocks = readers.reduce((sum, reader) => sum + reader.needIndex().blockCount, 0);
            expect(moves).to.be.at.most(blocks);
            at += cursor.skipPlain(bound, Infinity);
            expect(entryAt(cursor)).to.deep.equal(entries[at]);
            if (at + 1 >= Math.min(count, end)) break;
            cursor.next();
            at++;
          }
          expect(cursor.skipPlain(bound, Infinity)).to.equal(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes the newest of each key alone into a span, wherever in a block its versions lie', () => {
    for (let before = 0; before < 40; before++) {
      const entries = Array.from({ length: before }, (_, i) => put(String(100 + i), 'old', 3));
      for (const seq of [9, 8, 7]) entries.push(put('200', `version ${seq}`, seq));
      entries.push(put('300', 'last', 3));
      const [reader] = runOf(entries, 100, {
        codec: 'none',
        isEncrypted: false,
        cacheBytes: 1 << 20,
        useCache: true,
        readAheadBytes: 1000,
      });
      const cursor = new RunCursor([reader!]);
      cursor.first();
      for (let at = 0; cursor.isValid; cursor.next(), at++)
        at += takeFrom(cursor, entries, at, undefined, 9, 60);
    }
  });

  it('goes wherever it is sent, whatever else is read meanwhile', () => {
    type Step =
      | 'next'
      | 'previous'
      | 'first'
      | 'last'
      | 'disturb'
      | 'drop'
      | readonly ['skip' | 'take', bound: number, most: number]
      | readonly [isAtLeast: boolean, key: number];
    const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
      fc.constantFrom<Step[]>(
        'next',
        'next',
        'next',
        'previous',
        'previous',
        'first',
        'last',
        'disturb',
        'drop',
      ),
      fc.tuple(fc.boolean(), fc.nat()),
      fc.tuple(fc.constantFrom('skip' as const, 'take' as const), fc.nat(), fc.integer({ min: 1, max: 60 })),
    );
    fc.assert(
      fc.property(
        entriesArbitrary(120),
        entriesArbitrary(30),
        fc.integer({ min: 1, max: 60 }),
        settingArbitrary,
        fc.array(stepArbitrary, { maxLength: 80 }),
        (entries, others, size, setting, steps) => {
          const readers = runOf(entries, size, setting);
          const cursor = new RunCursor(readers, setting);
          const targets = [...entries, ...others].map((entry) => entry.key);
          let at = -1;
          for (const step of steps) {
            if (step === 'disturb') disturb(readers);
            else if (step === 'drop') for (const reader of readers) reader.dropMemory();
            else if (step === 'first') (cursor.first(), (at = 0));
            else if (step === 'last') (cursor.last(), (at = entries.length - 1));
            else if (step === 'next') {
              if (at < 0 || at >= entries.length) continue;
              cursor.next();
              at++;
            } else if (step === 'previous') {
              if (at < 0 || at >= entries.length) continue;
              cursor.previous();
              at--;
            } else if (step[0] === 'skip' || step[0] === 'take') {
              const bound = step[1] % 4 === 0 ? undefined : targets[step[1] % targets.length]!;
              const isBelow =
                at >= 0 &&
                at < entries.length &&
                (bound === undefined || compareBytes(entries[at]!.key, bound) < 0);
              if (!isBelow) continue;
              if (step[0] === 'take') {
                at += takeFrom(cursor, entries, at, bound, step[1] % 30, step[2]);
                expect(entryOrNone(cursor)).to.deep.equal(entries[at]);
                continue;
              }
              const skipped = cursor.skipPlain(bound, step[2]);
              expect(skipped).to.be.within(0, step[2]);
              for (let i = at + 1; i <= at + skipped; i++) {
                const { key, seq, kind } = entries[i]!;
                expect([seq, kind === KIND_DELETE]).to.deep.equal([0, false]);
                if (bound !== undefined) expect(compareBytes(key, bound)).to.be.below(0);
              }
              at += skipped;
            } else {
              const key = targets[step[1] % targets.length]!;
              const found = entries.findIndex((entry) => compareBytes(entry.key, key) >= 0);
              at = found < 0 ? entries.length : found;
              if (step[0]) cursor.seekAtLeast(key, 0, key.length);
              else {
                cursor.seekBefore(key, 0, key.length);
                at--;
              }
            }
            expect(entryOrNone(cursor)).to.deep.equal(entries[at]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('over no table at all is never valid', () => {
    const cursor = new RunCursor([]);
    for (const move of [
      () => cursor.first(),
      () => cursor.last(),
      () => cursor.seekAtLeast(bytesOf('a'), 0, 1),
      () => cursor.seekBefore(bytesOf('a'), 0, 1),
      () => cursor.next(),
      () => cursor.previous(),
      () => cursor.refresh(),
      () => cursor.close(),
    ]) {
      move();
      expect(cursor.isValid).to.equal(false);
    }
  });

  it('passes over tables that hold range tombstones only', () => {
    const only = (
      id: number,
      low: string,
      high: string,
    ): { bytes: Bytes; meta: ReturnType<TableBuilder['finish']>['meta'] } => {
      const builder = new TableBuilder(options());
      builder.reset(id);
      builder.addRangeTombstone(bytesOf(low), bytesOf(high), 9);
      const { bytes, meta } = builder.finish();
      return { bytes: copyOf(bytes), meta };
    };
    const { file, metas } = fileWith([
      only(1, '', 'b'),
      build([put('c')], {}, 2),
      only(3, 'd', 'f'),
      build([put('f')], {}, 4),
      only(5, 'g', 'h'),
    ]);
    const cache = new BlockCache(1 << 16, 512);
    const cursor = new RunCursor(metas.map((meta) => new TableReader(file, meta, cache)));
    expect(allForward(cursor)).to.deep.equal([put('c'), put('f')]);
    expect(allBackward(cursor)).to.deep.equal([put('f'), put('c')]);
    for (const [key, atLeast, before] of [
      ['a', 'c', undefined],
      ['d', 'f', 'c'],
      ['e', 'f', 'c'],
      ['f', 'f', 'c'],
      ['g', undefined, 'f'],
      ['z', undefined, 'f'],
    ] as const) {
      cursor.seekAtLeast(bytesOf(key), 0, 1);
      expect(entryOrNone(cursor)).to.deep.equal(atLeast && put(atLeast));
      cursor.seekBefore(bytesOf(key), 0, 1);
      expect(entryOrNone(cursor)).to.deep.equal(before && put(before));
    }
  });

  it('keeps its key and its place when its block leaves the cache; refresh brings the value back', () => {
    const entries = Array.from({ length: 500 }, (_, i) => put(`key ${1000 + i}`, `value ${i}`));
    const readers = runOf(entries, 1000, {
      codec: 'none',
      isEncrypted: false,
      cacheBytes: 4 * 256,
      useCache: true,
      readAheadBytes: 1 << 18,
    });
    const cursor = new RunCursor(readers);
    cursor.seekAtLeast(bytesOf('key 1077'), 0, 8);
    for (let block = 0; block < 20; block++) readers[0]!.loadBlock(block, false);
    expect(String.fromCharCode(...cursor.keyBytes.subarray(0, cursor.keyLength))).to.equal('key 1077');
    const stale = String.fromCharCode(
      ...cursor.valueBytes.subarray(cursor.valueOffset, cursor.valueOffset + 8),
    );
    expect(stale).to.not.equal('value 77');
    cursor.refresh();
    expect(entryAt(cursor)).to.deep.equal(entries[77]);
  });

  it('keeps the blocks of a scan while the cache has room', () => {
    const entries = Array.from({ length: 5000 }, (_, i) => put(`key ${10_000 + i}`));
    const cache = new BlockCache(1 << 20, 256);
    const { file, metas } = fileWith([build(entries, { blockBytes: 256 })]);
    const reader = new TableReader(file, metas[0]!, cache);
    expect(allForward(reader.cursor())).to.have.length(5000);
    const { misses } = cache.stats();
    expect(allBackward(reader.cursor())).to.have.length(5000);
    expect(cache.stats().misses).to.equal(misses);
  });

  it('scans past a full cache after a few blocks', () => {
    const entries = Array.from({ length: 5000 }, (_, i) => put(`key ${10_000 + i}`));
    const { file, metas } = fileWith([build(entries, { blockBytes: 256 })]);
    const cache = new BlockCache(1 << 15, 256);
    const reader = new TableReader(file, metas[0]!, cache);
    for (let block = 0; cache.hasRoom; block++) reader.loadBlock(block, false);
    const before = cache.stats();
    expect(allForward(reader.cursor())).to.have.length(5000);
    expect(allBackward(reader.cursor())).to.have.length(5000);
    expect(cache.stats().evictions - before.evictions).to.be.below(10);
  });

  it('takes the buffers for reading ahead from where it gives them back to', () => {
    const entries = Array.from({ length: 500 }, (_, i) => put(`key ${1000 + i}`));
    const { file, metas } = fileWith([build(entries, { blockBytes: 256 })]);
    const reader = new TableReader(file, metas[0]!, new BlockCache(1 << 16, 256), undefined, 'f', false);
    const windows = new ReadWindows(4096, 1);
    const first = windows.take(10);
    windows.give(first);
    for (let round = 0; round < 3; round++) {
      const cursors = [0, 1].map(() => reader.cursor({ useCache: false, windows }));
      for (const cursor of cursors) expect(allForward(cursor)).to.deep.equal(entries);
      for (const cursor of cursors) cursor.close();
    }
    const again = windows.take(4096);
    expect(again.length).to.equal(4096);
    expect(windows.take(4096), 'one is kept, not two').to.not.equal(again);
    expect(windows.take(5000).length, 'a longer one is made for the occasion').to.equal(5000);
    expect(reader.mayContain(1), 'a table that is only scanned brings no filter').to.equal(true);
    expect(reader.memoryBytes).to.equal(reader.needIndex().memoryBytes);
  });
});

import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, copyOf, type Bytes } from '../../../lsm/base/bytes.js';
import { KIND_BLOB, KIND_DELETE } from '../../../lsm/key/entry-kind.js';
import { LsmError } from '../../../lsm/errors.js';
import { BlockCursor } from '../../../lsm/table/block-cursor.js';
import { writeSeparator } from '../../../lsm/table/table-index.js';
import {
  allBackward,
  allForward,
  blockOf,
  build,
  bytesOf,
  entriesArbitrary,
  entryAt,
  put,
  type Entry,
} from './table-model.js';

/** The block somewhere in a bigger array, as in a cache. */
function cursorOver(block: Bytes, base = 7): BlockCursor {
  const bytes = new Uint8Array(block.length + base + 9).fill(0xdb);
  bytes.set(block, base);
  const cursor = new BlockCursor();
  cursor.openBlock(bytes, base, block.length, 'file', 0);
  return cursor;
}

const entryOrNone = (cursor: BlockCursor): Entry | undefined =>
  cursor.isValid ? entryAt(cursor) : undefined;

/** Keys at and around those of the entries. */
function around(entries: readonly Entry[]): Bytes[] {
  const keys: Bytes[] = [new Uint8Array(0), bytesOf('\xff'.repeat(9))];
  for (const { key } of entries) {
    const longer = new Uint8Array(key.length + 1);
    longer.set(key);
    keys.push(key, longer);
    if (key.length === 0) continue;
    const below = copyOf(key);
    below[key.length - 1]!--;
    const above = copyOf(key);
    above[key.length - 1]!++;
    keys.push(copyOf(key, 0, key.length - 1), below, above);
  }
  return keys;
}

describe('a block', () => {
  it('has the bytes of the example', () => {
    const { bytes } = build([put('ab', 'x'), { ...put('ac', ''), kind: KIND_DELETE }], { codec: 'none' });
    const example =
      'd937f166' +
      '010000000000' +
      '0000' +
      '02000100' +
      '01000000' +
      '08000000' +
      '78' +
      '61' +
      '6200000000000000' +
      '00010562' +
      '00010063';
    expect(Buffer.from(bytes.subarray(0, 42)).toString('hex')).to.equal(example);
  });

  it('gives its entries in both directions', () => {
    fc.assert(
      fc.property(entriesArbitrary(), (entries) => {
        const cursor = cursorOver(blockOf(entries));
        expect(allForward(cursor)).to.deep.equal(entries);
        expect(allBackward(cursor)).to.deep.equal([...entries].reverse());
      }),
      { numRuns: 150 },
    );
  });

  it('is searched at, below and above every key', () => {
    fc.assert(
      fc.property(entriesArbitrary(60), (entries) => {
        const cursor = cursorOver(blockOf(entries));
        for (const key of around(entries)) {
          const at = entries.findIndex((entry) => compareBytes(entry.key, key) >= 0);
          cursor.seekAtLeast(key, 0, key.length);
          expect(entryOrNone(cursor)).to.deep.equal(entries[at]);
          expect(cursor.isExact).to.equal(at >= 0 && compareBytes(entries[at]!.key, key) === 0);
          if (cursor.isValid) {
            cursor.next();
            expect(entryOrNone(cursor)).to.deep.equal(entries[at + 1]);
          }
          cursor.seekBefore(key, 0, key.length);
          const before = (at < 0 ? entries.length : at) - 1;
          expect(entryOrNone(cursor)).to.deep.equal(entries[before]);
          if (before < 0) continue;
          cursor.next();
          expect(entryOrNone(cursor)).to.deep.equal(entries[before + 1]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is walked to and fro', () => {
    fc.assert(
      fc.property(
        entriesArbitrary(),
        fc.array(fc.boolean(), { maxLength: 200 }),
        fc.nat(),
        (entries, steps, from) => {
          const cursor = cursorOver(blockOf(entries));
          let at = from % entries.length;
          cursor.first();
          for (let i = 0; i < at; i++) cursor.next();
          for (const isForward of steps) {
            if (isForward ? at + 1 === entries.length : at === 0) continue;
            if (isForward) cursor.next();
            else cursor.previous();
            at += isForward ? 1 : -1;
            expect(entryAt(cursor)).to.deep.equal(entries[at]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('tells the length of a blob without reading it', () => {
    const cursor = cursorOver(
      blockOf([{ key: bytesOf('k'), seq: 0, kind: KIND_BLOB, value: bytesOf('\x05\x80\x08rest') }]),
    );
    cursor.first();
    expect([cursor.storedLength, cursor.rawLength]).to.deep.equal([7, 1024]);
  });

  it('with any byte changed gives entries or Corrupt, and touches nothing beyond itself', () => {
    fc.assert(
      fc.property(entriesArbitrary(40), fc.nat(), fc.nat(255), (entries, at, byte) => {
        const block = blockOf(entries);
        block[12 + (at % (block.length - 12))] = byte;
        try {
          const cursor = cursorOver(block);
          let count = 0;
          for (cursor.first(); cursor.isValid; cursor.next()) {
            expect(cursor.valueOffset + cursor.storedLength).to.be.at.most(block.length + 7);
            expect(cursor.keyLength).to.be.at.most(65_536);
            expect(++count).to.be.at.most(cursor.entryCount);
          }
          for (cursor.last(); cursor.isValid; cursor.previous()) expect(count--).to.be.above(0);
          for (const { key } of entries) {
            cursor.seekAtLeast(key, 0, key.length);
            cursor.seekBefore(key, 0, key.length);
          }
        } catch (error) {
          if (!(error instanceof LsmError)) throw error;
          expect(error.code).to.equal('Corrupt');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a separator', () => {
  it('lies at or above the last key, below the next, and is no longer than needed', () => {
    fc.assert(
      fc.property(entriesArbitrary(2), (entries) => {
        const [last, next] = [entries[0]!.key, entries[entries.length - 1]!.key];
        const into = new Uint8Array(1000);
        const length = writeSeparator(last, last.length, next, 0, next.length, into, 3);
        const separator = copyOf(into, 3, length);
        expect(compareBytes(separator, last)).to.be.at.least(0);
        if (compareBytes(last, next) < 0) expect(compareBytes(separator, next)).to.be.below(0);
        expect(length).to.be.at.most(Math.max(last.length, next.length));
      }),
      { numRuns: 500 },
    );
  });

  for (const [last, next, separator] of [
    ['abc', 'abf', 'abd'],
    ['abc', 'abd', 'abc'],
    ['abc', 'abdx', 'abd'],
    ['abczz', 'abd', 'abc{'],
    ['ab', 'abx', 'ab'],
    ['same', 'same', 'same'],
    ['a\xff\xff', 'b', 'a\xff\xff'],
  ] as const) {
    it(`between ${JSON.stringify(last)} and ${JSON.stringify(next)} is ${JSON.stringify(separator)}`, () => {
      const into = new Uint8Array(10);
      const length = writeSeparator(bytesOf(last), last.length, bytesOf(next), 0, next.length, into, 0);
      expect(copyOf(into, 0, length)).to.deep.equal(bytesOf(separator));
    });
  }
});

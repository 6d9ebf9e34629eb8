import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, NO_BYTES, type Bytes } from '../../../lsm/base/bytes.js';
import { KIND_BLOB, KIND_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { BlockCursor } from '../../../lsm/table/block-cursor.js';
import { FIRST_NOTE, HAS_ENTRIES, isNotedPrefix, noteBlock } from '../../../lsm/table/block-notes.js';
import { ABSENT, findNotedEntry, notedValueAt, UNDECIDED } from '../../../lsm/table/entry-notes.js';
import { BLOCK_HEADER_BYTES } from '../../../lsm/table/format.js';
import { blockOf, type Entry } from './table-model.js';

/** The cache's room for notes beside a frame. */
const ROOM = 42;

/** Few entries whose keys have the same length after a common beginning. */
const fewEntries = fc
  .tuple(
    fc.uint8Array({ maxLength: 9 }),
    fc.integer({ min: 1, max: 4 }),
    fc.array(
      fc.tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(9), fc.uint8Array({ maxLength: 300 })),
      { minLength: 1, maxLength: 20 },
    ),
  )
  .map(([beginning, tailLength, raw]) => {
    const entries = raw.map(([tail, number, value]): Entry => {
      const kind = number === 0 ? KIND_DELETE : KIND_RAW;
      const key = Uint8Array.of(...beginning, ...tail.subarray(0, tailLength));
      return { key, seq: 0, kind, value: kind === KIND_DELETE ? NO_BYTES : value };
    });
    const unique = new Map(entries.map((entry) => [entry.key.join(), entry]));
    return [...unique.values()].sort((a, b) => compareBytes(a.key, b.key));
  });

function notesOf(block: Bytes): Int32Array {
  const notes = new Int32Array(ROOM);
  noteBlock(block, 0, block.length, notes, 0, ROOM);
  return notes;
}

/** What the notes alone tell of a key: its value, that it is absent, or nothing. */
function found(block: Bytes, notes: Int32Array, key: Bytes, known = 0): Bytes | 'absent' | 'undecided' {
  const count = notes[0]! & 0xffff;
  const prefixLength = notes[0]! >>> 16;
  if (!isNotedPrefix(notes, 0, prefixLength, key, 0, key.length, known)) return 'undecided';
  const entry = findNotedEntry(notes, FIRST_NOTE, count, key, prefixLength, key.length - prefixLength);
  if (entry === ABSENT) return 'absent';
  if (entry === UNDECIDED) return 'undecided';
  const from = notedValueAt(notes, FIRST_NOTE, count, entry);
  const to = notedValueAt(notes, FIRST_NOTE, count, entry + 1);
  return block.slice(BLOCK_HEADER_BYTES + from, BLOCK_HEADER_BYTES + to);
}

describe('notes of the entries of a block', () => {
  it('find the value of each key, and rule out others', () => {
    fc.assert(
      fc.property(fewEntries, fc.array(fc.uint8Array({ maxLength: 12 })), (entries, others) => {
        const block = blockOf(entries);
        const notes = notesOf(block);
        expect(notes[1]! & HAS_ENTRIES).to.equal(HAS_ENTRIES);
        const cursor = new BlockCursor();
        cursor.openBlock(block, 0, block.length, 'file', 0);
        const keys = entries.map(({ key }) => key);
        const near = keys.flatMap((key) => [
          Uint8Array.of(...key, 0),
          key.subarray(0, -1),
          Uint8Array.of(...key.subarray(0, -1), 7),
        ]);
        for (const key of [...keys, ...near, ...others]) {
          const isThere = cursor.search(key, 0, key.length) && cursor.isExact;
          const answer = found(block, notes, key);
          if (answer === 'undecided') continue;
          if (!isThere) expect(answer).to.equal('absent');
          else expect(answer).to.deep.equal(entries[cursor.entryIndex]!.value);
        }
      }),
    );
  });

  it('decide every plain value once the prefix is known', () => {
    fc.assert(
      fc.property(fewEntries, (entries) => {
        const block = blockOf(entries);
        const notes = notesOf(block);
        for (const { key, kind, value } of entries) {
          expect(found(block, notes, key, notes[0]! >>> 16)).to.deep.equal(
            kind === KIND_RAW ? value : 'undecided',
          );
        }
      }),
    );
  });

  const plain = (key: readonly number[], changes: Partial<Entry> = {}): Entry => ({
    key: Uint8Array.from(key),
    seq: 0,
    kind: KIND_RAW,
    value: Uint8Array.of(1, 2, 3),
    ...changes,
  });
  for (const [what, entries] of [
    ['sequence numbers', [plain([1, 1], { seq: 3 }), plain([1, 2])]],
    ['keys of different lengths', [plain([1, 1]), plain([1, 2, 0])]],
    ['keys that differ in more than four bytes', [plain([1, 1, 1, 1, 1, 1]), plain([1, 2, 2, 2, 2, 2])]],
    ['more entries than there is room for', Array.from({ length: 21 }, (_, n) => plain([1, n]))],
    ['values of more than 16 KiB', [plain([1, 1], { value: new Uint8Array(16_384) }), plain([1, 2])]],
  ] as const) {
    it(`are not made of a block with ${what}`, () => {
      expect(notesOf(blockOf(entries))[1]! & HAS_ENTRIES).to.equal(0);
    });
  }

  it('leave what is no plain value to a search of the block', () => {
    const blob = Uint8Array.of(5, 200, 1);
    const block = blockOf([plain([1, 1], { kind: KIND_BLOB, value: blob }), plain([1, 2])]);
    const notes = notesOf(block);
    expect(found(block, notes, Uint8Array.of(1, 1))).to.equal('undecided');
    expect(found(block, notes, Uint8Array.of(1, 2))).to.deep.equal(Uint8Array.of(1, 2, 3));
  });

  it('are not made of a block whose entries are not what our builder writes', () => {
    const good = blockOf([plain([1, 1]), plain([1, 2]), plain([1, 9])]);
    for (let at = BLOCK_HEADER_BYTES; at < good.length; at++) {
      for (const bits of [1, 0x80, 0xff]) {
        const block = good.slice();
        block[at]! ^= bits;
        const notes = notesOf(block);
        if ((notes[1]! & HAS_ENTRIES) === 0) continue;
        for (let tail = 0; tail < 256; tail++) {
          const value = found(block, notes, Uint8Array.of(block[BLOCK_HEADER_BYTES + 9]!, tail));
          if (typeof value !== 'string') expect(value.length).to.be.at.most(9);
        }
      }
    }
  });
});

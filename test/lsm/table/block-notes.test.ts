import { expect } from 'chai';
import * as fc from 'fast-check';
import { sharedPrefixLength, type Bytes } from '../../../lsm/base/bytes.js';
import { BlockCursor } from '../../../lsm/table/block-cursor.js';
import { noteBlock } from '../../../lsm/table/block-notes.js';
import { BLOCK_HEADER_BYTES } from '../../../lsm/table/format.js';
import { blockOf, entriesArbitrary, type Entry } from './table-model.js';

const BASE = 5;

/** A block behind other bytes, as in a cache. */
function placed(entries: readonly Entry[]): Bytes {
  const plain = blockOf(entries);
  const block = new Uint8Array(BASE + plain.length);
  block.set(plain, BASE);
  return block;
}

/** A cursor that reads a block through its notes. */
class NotedCursor extends BlockCursor {
  constructor(block: Bytes, notes: Int32Array) {
    super();
    this.openNoted(block, BASE, block.length - BASE, notes, 0, 'file', 0);
  }
}

/** Where a search for each key ends: its entry, whether it is the key itself, its value. */
function searches(cursor: BlockCursor, keys: readonly Bytes[], known = 0): unknown[] {
  return keys.map((key) => {
    if (!cursor.search(key, 0, key.length, known)) return 'none';
    return [cursor.entryIndex, cursor.isExact, cursor.valueOffset, cursor.storedLength, cursor.seq];
  });
}

function sharedLength(a: Bytes, b: Bytes): number {
  return sharedPrefixLength(a, 0, a.length, b, 0, b.length);
}

describe('notes of a block', () => {
  for (const [what, room] of [
    ['the header and the directory', 600],
    ['the header alone, when the directory has no room', 10],
  ] as const) {
    it(`say what ${what} say`, () => {
      fc.assert(
        fc.property(entriesArbitrary(), (entries) => {
          fc.pre(entries.length > 0);
          const block = placed(entries);
          const plain = new BlockCursor();
          plain.openBlock(block, BASE, block.length - BASE, 'file', 0);
          const keys = entries.flatMap(({ key }) => [key, Uint8Array.of(...key, 0), key.subarray(1)]);
          const expected = searches(plain, keys);
          const notes = new Int32Array(room);
          noteBlock(block, BASE, block.length - BASE, notes, 0, room);
          const unread = block.slice().fill(0xdb, BASE, BASE + BLOCK_HEADER_BYTES);
          expect(searches(new NotedCursor(unread, notes), keys)).to.deep.equal(expected);
        }),
      );
    });
  }

  it('find the same whatever is known of what the target shares with the block', () => {
    fc.assert(
      fc.property(entriesArbitrary(), fc.uint8Array({ maxLength: 6 }), (entries, tail) => {
        fc.pre(entries.length > 0);
        const block = placed(entries);
        const notes = new Int32Array(600);
        noteBlock(block, BASE, block.length - BASE, notes, 0, 600);
        const cursor = new NotedCursor(block, notes);
        for (const { key } of entries) {
          for (const sought of [
            key,
            Uint8Array.of(...key, ...tail),
            Uint8Array.of(...key.subarray(0, -1), ...tail),
          ]) {
            const [expected] = searches(cursor, [sought]);
            const shared = Math.min(...entries.map((entry) => sharedLength(entry.key, sought)));
            for (let known = 1; known <= shared; known++) {
              expect(searches(cursor, [sought], known)).to.deep.equal([expected]);
            }
          }
        }
      }),
    );
  });

  it('are not made of a block whose parts do not add up: opening it tells', () => {
    const block = placed([{ key: Uint8Array.of(1), kind: 0, seq: 0, value: Uint8Array.of(2) } as Entry]);
    block[BASE + 20]!++;
    const notes = new Int32Array(42).fill(7);
    noteBlock(block, BASE, block.length - BASE, notes, 0, 42);
    expect(() => new NotedCursor(block, notes)).to.throw('the lengths of its parts do not add up');
  });
});

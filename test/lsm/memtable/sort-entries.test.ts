import { expect } from 'chai';
import type { Bytes } from '../../../lsm/base/bytes.js';
import { EntryList } from '../../../lsm/memtable/entry-list.js';
import { sortEntries } from '../../../lsm/memtable/sort-entries.js';
import { SortedEntriesCursor } from '../../../lsm/memtable/sorted-entries.js';
import { mix } from '../../../bench/data.js';

const NONE = new Uint8Array(0);

/** Sorts the keys; the value of each is its place. @returns [key, place] in order */
function sorted(keys: readonly Bytes[], isShared = false): [key: string, place: number][] {
  const list = new EntryList(isShared);
  keys.forEach((key, i) => list.put(key, key.length, Uint8Array.of(i, i >>> 8, i >>> 16), 3));
  const entries = list.entries();
  sortEntries(entries.arena, entries.offsets);
  const cursor = new SortedEntriesCursor(entries);
  const found: [string, number][] = [];
  for (cursor.first(); cursor.isValid; cursor.next()) {
    const { keyBytes, keyOffset, keyLength, valueBytes, valueOffset } = cursor;
    const key = Buffer.from(keyBytes.subarray(keyOffset, keyOffset + keyLength)).toString('latin1');
    found.push([
      key,
      valueBytes[valueOffset]! | (valueBytes[valueOffset + 1]! << 8) | (valueBytes[valueOffset + 2]! << 16),
    ]);
  }
  return found;
}

/** By comparing, later ones first where keys are equal. */
function expected(keys: readonly Bytes[]): [key: string, place: number][] {
  return keys
    .map((key, i): [Buffer, number] => [Buffer.from(key), i])
    .sort(([a, i], [b, j]) => Buffer.compare(a, b) || j - i)
    .map(([key, i]) => [key.toString('latin1'), i]);
}

const text = (value: string): Bytes => Uint8Array.from(Buffer.from(value, 'latin1'));
const many = (make: (n: number) => string | Bytes): Bytes[] =>
  Array.from({ length: 5000 }, (_, i) => {
    const key = make(mix(i, 1));
    return typeof key === 'string' ? text(key) : key;
  });

/** A few texts, each followed by a number that ascends, as entries of records that were inserted in turn. */
const numbered = (): Bytes[] =>
  Array.from({ length: 5000 }, (_, i) =>
    Uint8Array.from([...text(`City of ${mix(i, 1) % 50}`), 0, i >>> 8, i]),
  );

describe('sorting entries', () => {
  for (const [why, keys] of [
    ['none', []],
    ['one', [text('a')]],
    ['few', ['b', 'a', 'ab', 'a\0', 'a'].map(text)],
    ['numbers without a pattern', many((n) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n))],
    ['texts that share much', many((n) => `City of ${String(n % 1000).padStart(4, '0')}, part ${n % 77}`)],
    ['texts behind which numbers ascend', numbered()],
    ['the same, some of them twice', [...numbered(), ...numbered().slice(0, 99)]],
    ['keys that are beginnings of others', many((n) => 'aaaa\0\0\0\0\0bbbb\0\0'.slice(0, 1 + (n % 15)))],
    ['zeros of all lengths', many((n) => new Uint8Array(1 + (n % 40)))],
    ['one key, again and again', many(() => 'the same')],
    ['long keys that differ at their ends', many((n) => `${'x'.repeat(200)}${n % 3000}`)],
    ['keys of which each shares more than the one before', many((n) => `${'a'.repeat(n % 700)}b${n % 7}`)],
    ['bytes of two values', many((n) => Uint8Array.from({ length: 9 }, (_, i) => ((n >>> i) & 1) * 255))],
  ] as const)
    it(why, () => {
      expect(sorted(keys)).to.deep.equal(expected(keys));
      expect(sorted(keys, true)).to.deep.equal(expected(keys));
    });

  it('more of them than one group takes', () => {
    const list = new EntryList(false);
    const count = (1 << 20) + 5000;
    const key = new Uint8Array(5);
    for (let i = 0; i < count; i++) {
      const n = mix(i, 2) >>> 0;
      key.set([n >>> 24, n >>> 16, n >>> 8, n, i]);
      list.put(key, 5, NONE, 0);
    }
    const entries = list.entries();
    sortEntries(entries.arena, entries.offsets);
    const cursor = new SortedEntriesCursor(entries);
    let last = -1;
    let seen = 0;
    for (cursor.first(); cursor.isValid; cursor.next()) {
      const number = Buffer.from(cursor.keyBytes.buffer, cursor.keyOffset, 5).readUIntBE(0, 5);
      if (number < last) throw new Error(`${number} comes after ${last}`);
      last = number;
      seen++;
    }
    expect(seen).to.equal(count);
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { LsmError } from '../../../lsm/errors.js';
import { MergeCursor } from '../../../lsm/read/merge-cursor.js';
import { someSources, sourceSteps, type FakeSourceData, type Step } from './arbitraries.js';
import { FakeCache, FakeSource, keyAt, storedAt, type Entry } from './fake-source.js';

interface Ranked extends Entry {
  readonly rank: number;
}

/** All entries in the order of a merge. */
function flatten(sources: readonly FakeSourceData[]): Ranked[] {
  const all = sources.flatMap(({ entries }, rank) => entries.map((entry) => ({ ...entry, rank })));
  return all.sort((a, b) => compareBytes(a.key, b.key) || a.rank - b.rank || order(a, b));
}

/** Within a source: newer first, number 0 last. */
function order(a: Entry, b: Entry): number {
  return b.seq - a.seq;
}

function mergeOf(sources: readonly FakeSourceData[]): { merge: MergeCursor; fakes: FakeSource[] } {
  const cache = new FakeCache();
  const fakes = sources.map(({ entries }, i) => new FakeSource(entries, cache, i % 2 === 0 ? 0 : 5));
  return { merge: new MergeCursor(fakes), fakes };
}

/** Where the model stands after a step; -1 or `count`: nowhere. */
function follow(all: readonly Ranked[], at: number, step: Step): number {
  const isValid = at >= 0 && at < all.length;
  switch (step[0]) {
    case 'first':
      return 0;
    case 'last':
      return all.length - 1;
    case 'next':
      return isValid ? at + 1 : at;
    case 'previous':
      return isValid ? at - 1 : at;
    default: {
      const below = all.filter(({ key }) => compareBytes(key, step[1]!) < 0).length;
      return step[0] === 'seekAtLeast' ? below : below - 1;
    }
  }
}

function move(merge: MergeCursor, step: Step): void {
  if (step[0] === 'seekAtLeast' || step[0] === 'seekBefore') {
    const padded = Uint8Array.from([9, ...step[1], 9]);
    merge[step[0]](padded, 1, step[1].length);
  } else if (step[0] === 'next' || step[0] === 'previous' || step[0] === 'first' || step[0] === 'last') {
    merge[step[0]]();
  }
}

function expectAt(merge: MergeCursor, entry: Ranked | undefined): void {
  expect(merge.isValid).to.equal(entry !== undefined);
  if (entry === undefined) return;
  expect(keyAt(merge)).to.deep.equal(entry.key);
  expect([merge.rank, merge.seq]).to.deep.equal([entry.rank, entry.seq]);
  merge.refresh();
  expect(storedAt(merge)).to.deep.equal(entry.value ?? new Uint8Array(0));
}

const bytes = (text: string): Bytes => new TextEncoder().encode(text);
const entry = (key: string, seq: number): Entry => ({ key: bytes(key), seq, value: bytes(key) });

describe('MergeCursor', () => {
  it('makes any sequence of moves like one sorted list would, for 0 to 9 sources', () => {
    fc.assert(
      fc.property(someSources(9), sourceSteps, (sources, steps) => {
        const all = flatten(sources);
        const { merge } = mergeOf(sources);
        let at = -1;
        for (const step of steps) {
          at = follow(all, at, step);
          move(merge, step);
          expectAt(merge, all[at]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('walks 32 sources in both directions', () => {
    const sources = Array.from({ length: 32 }, (_, i) => ({
      entries: Array.from({ length: 20 }, (_unused, n) =>
        entry(String((n * 37 + i * 11) % 97).padStart(3, '0'), 32 - i),
      ).sort((a, b) => compareBytes(a.key, b.key)),
      tombstones: [],
    }));
    const all = flatten(sources);
    const { merge } = mergeOf(sources);
    merge.first();
    for (const expected of all) {
      expectAt(merge, expected);
      merge.next();
    }
    expect(merge.isValid).to.equal(false);
    merge.last();
    for (const expected of all.reverse()) {
      expectAt(merge, expected);
      merge.previous();
    }
    expect(merge.isValid).to.equal(false);
  });

  it('stays in order when a newer entry enters a source between two turns', () => {
    const growing = [entry('c', 9), entry('x', 9)];
    const merge = new MergeCursor([
      new FakeSource(growing),
      new FakeSource([entry('b', 1), entry('d', 1), entry('f', 1)]),
    ]);
    merge.seekAtLeast(bytes('d'), 0, 1);
    growing.splice(1, 0, entry('e', 10));
    merge.previous();
    expect(keyAt(merge)).to.deep.equal(bytes('c'));
    merge.previous();
    expect(keyAt(merge)).to.deep.equal(bytes('b'));
  });

  it('sends sources past a bound without walking over their entries', () => {
    const many = Array.from({ length: 1000 }, (_, i) => entry(`k${String(i).padStart(4, '0')}`, 1));
    const { merge, fakes } = mergeOf([
      { entries: [entry('k0500x', 2), entry('z', 2)], tombstones: [] },
      { entries: many, tombstones: [] },
    ]);
    merge.first();
    const before = fakes[1]!.moves;
    merge.skipForward(1, bytes('k0900'));
    expect(keyAt(merge)).to.deep.equal(bytes('k0500x'));
    merge.next();
    expect(keyAt(merge)).to.deep.equal(bytes('k0900'));
    merge.skipForward(1, undefined);
    expect(keyAt(merge)).to.deep.equal(bytes('z'));
    merge.previous();
    expect(keyAt(merge)).to.deep.equal(bytes('k0999'));
    merge.skipBackward(1, bytes('k0300'));
    expect(keyAt(merge)).to.deep.equal(bytes('k0500x'));
    merge.previous();
    expect(keyAt(merge)).to.deep.equal(bytes('k0299'));
    merge.skipBackward(0, new Uint8Array(0));
    expect(merge.isValid).to.equal(false);
    expect(fakes[1]!.moves - before).to.be.lessThan(8);
  });

  it('refuses a cursor given twice', () => {
    const source = new FakeSource([]);
    expect(() => new MergeCursor([source, source]))
      .to.throw(LsmError)
      .with.property('code', 'BadOptions');
  });

  it('closes its sources, however often', () => {
    const { merge, fakes } = mergeOf([
      { entries: [entry('a', 1)], tombstones: [] },
      { entries: [entry('b', 1)], tombstones: [] },
    ]);
    merge.first();
    merge.close();
    merge.close();
    expect(merge.isValid).to.equal(false);
    expect(fakes.every(({ isClosed }) => isClosed)).to.equal(true);
  });
});

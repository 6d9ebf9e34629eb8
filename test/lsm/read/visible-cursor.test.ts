import { expect } from 'chai';
import fc from 'fast-check';
import { compareBytes, equalBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { MergeCursor } from '../../../lsm/read/merge-cursor.js';
import type { TombstoneRecord } from '../../../lsm/read/tombstone-view.js';
import { VisibleCursor } from '../../../lsm/read/visible-cursor.js';
import {
  TOP_SEQ,
  readerSteps,
  someKey,
  someSources,
  type FakeSourceData,
  type ReaderStep,
} from './arbitraries.js';
import { FakeCache, FakeSource, keyAt, storedAt, type Entry } from './fake-source.js';

const bytes = (text: string): Bytes => new TextEncoder().encode(text);
const NONE: Bytes = new Uint8Array(0);

function covers({ low, high }: TombstoneRecord, key: Bytes): boolean {
  return compareBytes(low, key) <= 0 && (high === undefined || compareBytes(key, high) < 0);
}

/** What a reader sees of a key, by the definition: sources from the newest, the first word of any of them counts. */
function see(sources: readonly FakeSourceData[], maxSeqs: readonly number[], key: Bytes): Entry | undefined {
  for (let rank = 0; rank < sources.length; rank++) {
    const { entries, tombstones } = sources[rank]!;
    const covering = tombstones
      .filter((t) => t.seq <= maxSeqs[rank]! && covers(t, key))
      .map(({ seq }) => seq);
    const found = entries.find((entry) => equalBytes(entry.key, key) && entry.seq <= maxSeqs[rank]!);
    if (found !== undefined) {
      const isHidden = found.seq !== 0 && covering.some((seq) => found.seq < seq);
      return isHidden || found.value === undefined ? undefined : found;
    }
    if (covering.length > 0) return undefined;
  }
  return undefined;
}

function seen(
  sources: readonly FakeSourceData[],
  maxSeqs: readonly number[],
  low: Bytes | undefined,
  high: Bytes | undefined,
): Entry[] {
  const keys = sources.flatMap(({ entries }) => entries.map(({ key }) => key)).sort(compareBytes);
  return keys
    .filter((key, i) => i === 0 || !equalBytes(keys[i - 1]!, key))
    .filter((key) => low === undefined || compareBytes(key, low) >= 0)
    .filter((key) => high === undefined || compareBytes(key, high) < 0)
    .map((key) => see(sources, maxSeqs, key))
    .filter((entry) => entry !== undefined);
}

/** A reader over a list: `at` is a place between entries (x.5), or at one. */
class ModelReader {
  private at: number | undefined = undefined;

  constructor(private readonly entries: readonly Entry[]) {}

  move(step: ReaderStep): Entry | undefined {
    const { entries } = this;
    const last = entries.length - 1;
    if (step[0] === 'advance') {
      for (let i = 0; i < step[1]; i++) this.move(['next']);
      return entries[this.at!];
    }
    if (step[0] === 'next') this.at = this.at === undefined ? 0 : Math.min(Math.floor(this.at) + 1, last + 1);
    else if (step[0] === 'previous')
      this.at = this.at === undefined ? last : Math.max(Math.ceil(this.at) - 1, -1);
    else {
      const key = step[1]!;
      const below = entries.filter((entry) => compareBytes(entry.key, key) < 0).length;
      const isThere = below <= last && equalBytes(entries[below]!.key, key);
      if (isThere || step[0] === 'GE') this.at = below;
      else this.at = step[0] === 'LE' ? below - 1 : below - 0.5;
    }
    return entries[this.at];
  }
}

function open(
  sources: readonly FakeSourceData[],
  maxSeqs: readonly number[],
  low?: Bytes,
  high?: Bytes,
): { cursor: VisibleCursor; fakes: FakeSource[]; cache: FakeCache } {
  const cache = new FakeCache();
  const fakes = sources.map(({ entries }, i) => new FakeSource(entries, cache, i % 2 === 0 ? 0 : 3));
  const hasTombstones = sources.some(({ tombstones }) => tombstones.length > 0);
  const tombstones = hasTombstones ? sources.map((source) => source.tombstones) : undefined;
  return { cursor: new VisibleCursor(new MergeCursor(fakes), maxSeqs, tombstones, low, high), fakes, cache };
}

function moveTo(cursor: VisibleCursor, step: ReaderStep): boolean {
  if (step[0] === 'next') return cursor.next();
  if (step[0] === 'previous') return cursor.previous();
  if (step[0] === 'advance') return cursor.advance(step[1]) === step[1];
  return cursor.seek(step[1]!, step[0] as 'EQ' | 'LE' | 'GE');
}

function expectAt(cursor: VisibleCursor, expected: Entry | undefined): void {
  expect(cursor.isValid).to.equal(expected !== undefined);
  if (expected === undefined) return;
  cursor.refresh();
  expect(keyAt(cursor.entry)).to.deep.equal(expected.key);
  expect(storedAt(cursor.entry)).to.deep.equal(expected.value);
  expect(cursor.entry.seq).to.equal(expected.seq);
}

const entry = (key: string, seq: number, value?: string): Entry => ({
  key: bytes(key),
  seq,
  value: value === undefined ? undefined : bytes(value),
});

describe('VisibleCursor', () => {
  const bound = fc.option(someKey, { nil: undefined });
  for (const [what, most] of [
    ['one source', 1],
    ['several sources', 5],
  ] as const) {
    it(`sees what the definition says, in any sequence of moves, over ${what}`, () => {
      const limit = fc.integer({ min: 0, max: TOP_SEQ + 1 });
      fc.assert(
        fc.property(
          someSources(most),
          limit,
          bound,
          bound,
          readerSteps,
          (sources, maxSeq, low, high, steps) => {
            const maxSeqs = sources.map((_, i) => (i === 0 && maxSeq % 2 === 0 ? TOP_SEQ : maxSeq));
            const model = new ModelReader(seen(sources, maxSeqs, low, high));
            const { cursor } = open(sources, maxSeqs, low, high);
            for (const step of steps) {
              const expected = model.move(step);
              expect(moveTo(cursor, step)).to.equal(expected !== undefined);
              expectAt(cursor, expected);
            }
          },
        ),
        { numRuns: 600 },
      );
    });
  }

  it('walks everything in both directions', () => {
    fc.assert(
      fc.property(someSources(4), (sources) => {
        const maxSeqs = sources.map(() => TOP_SEQ);
        const all = seen(sources, maxSeqs, undefined, undefined);
        const { cursor } = open(sources, maxSeqs);
        for (const expected of [...all, undefined]) {
          cursor.next();
          expectAt(cursor, expected);
        }
        for (const expected of [...all].reverse()) {
          cursor.previous();
          expectAt(cursor, expected);
        }
        expect(cursor.previous()).to.equal(false);
      }),
      { numRuns: 200 },
    );
  });

  const dropped = Array.from({ length: 50_000 }, (_, i) => entry(`k${String(i).padStart(6, '0')}`, 1, 'v'));
  const everything: TombstoneRecord = { low: bytes('k'), high: bytes('l'), seq: 5 };
  for (const [why, step, expected] of [
    ['forward', ['next'], 'z'],
    ['backward', ['previous'], 'a'],
    ['from inside, up', ['GE', bytes('k000777')], 'z'],
    ['from inside, down', ['LE', bytes('k000777')], 'a'],
  ] as const) {
    it(`passes over 50,000 entries under a range tombstone without walking: ${why}`, () => {
      const older = { entries: [...dropped], tombstones: [] };
      const newer = { entries: [entry('a', 6, 'x'), entry('z', 6, 'x')], tombstones: [everything] };
      const { cursor, cache } = open([newer, older, { entries: dropped, tombstones: [] }], [9, 9, 9]);
      if (why === 'forward') cursor.seek(bytes('a'), 'EQ');
      if (why === 'backward') cursor.seek(bytes('z'), 'EQ');
      moveTo(cursor, step);
      expect(keyAt(cursor.entry)).to.deep.equal(bytes(expected));
      expect(cache.reads).to.be.lessThan(60);
    });
  }

  it('passes over a stretch under an open tombstone to its end', () => {
    const newer = {
      entries: [entry('k000100', 9, 'again')],
      tombstones: [{ low: NONE, high: undefined, seq: 5 }],
    };
    const { cursor, cache } = open([newer, { entries: dropped, tombstones: [] }], [9, 9]);
    cursor.next();
    expectAt(cursor, newer.entries[0]);
    expect(cursor.next()).to.equal(false);
    cursor.previous();
    expectAt(cursor, newer.entries[0]);
    expect(cursor.previous()).to.equal(false);
    expect(cache.reads).to.be.lessThan(60);
  });

  it('keeps its own copies of the bounds and of a key sought', () => {
    const low = bytes('b');
    const high = bytes('d');
    const { cursor } = open(
      [
        {
          entries: [entry('a', 1, '1'), entry('b', 1, '2'), entry('c', 1, '3'), entry('d', 1, '4')],
          tombstones: [],
        },
      ],
      [9],
      low,
      high,
    );
    low.fill(0);
    high.fill(255);
    const key = bytes('bb');
    expect(cursor.seek(key, 'EQ')).to.equal(false);
    key.fill(255);
    expect(cursor.next()).to.equal(true);
    expectAt(cursor, entry('c', 1, '3'));
    expect(cursor.next()).to.equal(false);
  });

  it('looks at one key only when it seeks one that is deleted', () => {
    const deletions = Array.from({ length: 1000 }, (_, i) => entry(`d${String(i).padStart(4, '0')}`, 2));
    const { cursor, cache } = open(
      [
        { entries: deletions, tombstones: [] },
        { entries: [], tombstones: [] },
      ],
      [9, 9],
    );
    expect(cursor.seek(bytes('d0000'), 'EQ')).to.equal(false);
    expect(cache.reads).to.equal(2);
  });
});

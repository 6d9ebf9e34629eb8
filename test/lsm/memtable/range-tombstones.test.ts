import { expect } from 'chai';
import fc from 'fast-check';
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { RangeTombstones, type RangeTombstoneRecord } from '../../../lsm/memtable/range-tombstones.js';
import { hex, text } from './batches.js';

interface Deletion {
  readonly low: Bytes;
  readonly high: Bytes | undefined;
  readonly seq: number;
}

const bound = fc.uint8Array({ maxLength: 2, max: 3 });
const deletion = fc.record({ low: bound, high: fc.option(bound, { nil: undefined, freq: 6 }) });
const deletions = fc.array(deletion, { maxLength: 14 });

/** Every key of up to three bytes out of four. */
const KEYS: Bytes[] = [text('')];
for (let i = 0; KEYS[i]!.length < 3; i++)
  for (let b = 0; b < 4; b++) KEYS.push(Uint8Array.of(...KEYS[i]!, b));

const covers = ({ low, high }: Deletion, key: Bytes): boolean =>
  compareBytes(low, key) <= 0 && (high === undefined || compareBytes(key, high) < 0);
const expectedSeq = (list: readonly Deletion[], key: Bytes, maxSeq: number): number =>
  Math.max(0, ...list.filter((each) => each.seq <= maxSeq && covers(each, key)).map(({ seq }) => seq));
const numbered = (list: readonly { low: Bytes; high: Bytes | undefined }[]): Deletion[] =>
  list.map((each, i) => ({ ...each, seq: i + 1 }));

function filled(list: readonly Deletion[]): RangeTombstones {
  const tombstones = new RangeTombstones();
  tombstones.addAll(list);
  return tombstones;
}

function expectSame(tombstones: RangeTombstones, list: readonly Deletion[], maxSeq: number): void {
  for (const key of KEYS) {
    expect(tombstones.coveringSeq(key, 0, key.length, maxSeq), hex(key)).to.equal(
      expectedSeq(list, key, maxSeq),
    );
  }
}

describe('RangeTombstones', () => {
  it('covers nothing when there is none', () => {
    const none = new RangeTombstones();
    expect(none.count).to.equal(0);
    expect(none.maxSeq).to.equal(0);
    expect(none.coveringSeq(text('a'), 0, 1, 9)).to.equal(0);
    expect(none.records()).to.deep.equal([]);
    expect(none.fragments(9)).to.deep.equal([]);
    expect(none.overlapsNewer(undefined, undefined, 0)).to.equal(false);
  });

  for (const [why, low, high] of [
    ['reversed', 'b', 'a'],
    ['empty', 'b', 'b'],
    ['below all keys', '', ''],
  ] as const) {
    it(`adds nothing for a range that is ${why}`, () => {
      const tombstones = filled([{ low: text(low), high: text(high), seq: 3 }]);
      expect(tombstones.count).to.equal(0);
      expect(tombstones.maxSeq).to.equal(0);
    });
  }

  it('includes low and excludes high', () => {
    const tombstones = filled([{ low: text('b'), high: text('d'), seq: 5 }]);
    expect(['a', 'b', 'c', 'd'].map((key) => tombstones.coveringSeq(text(key), 0, 1, 9))).to.deep.equal([
      0, 5, 5, 0,
    ]);
    expect(tombstones.count).to.equal(1);
  });

  it('answers each reader by its sequence number', () => {
    fc.assert(
      fc.property(deletions, fc.nat(15), (list, maxSeq) => {
        expectSame(filled(numbered(list)), numbered(list), maxSeq);
      }),
      { numRuns: 150 },
    );
  });

  it('does not care in which order they are added', () => {
    fc.assert(
      fc.property(deletions, fc.nat(15), (list, maxSeq) => {
        expectSame(filled(numbered(list).reverse()), numbered(list), maxSeq);
      }),
      { numRuns: 50 },
    );
  });

  it('gives records that stand for the same tombstones', () => {
    fc.assert(
      fc.property(deletions, fc.nat(15), (list, maxSeq) => {
        const records: RangeTombstoneRecord[] = filled(numbered(list)).records();
        expectSame(filled(records), numbered(list), maxSeq);
        for (let i = 1; i < records.length; i++) {
          expect(compareBytes(records[i - 1]!.low, records[i]!.low)).to.be.at.most(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives the records of a range alone, which say as much of its keys', () => {
    fc.assert(
      fc.property(deletions, deletion, fc.nat(15), (list, { low, high }, maxSeq) => {
        const all = filled(numbered(list));
        const some = filled(all.records(low, high));
        for (const key of KEYS.filter((each) => covers({ low, high, seq: 0 }, each)))
          expect(some.coveringSeq(key, 0, key.length, maxSeq), hex(key)).to.equal(
            all.coveringSeq(key, 0, key.length, maxSeq),
          );
      }),
      { numRuns: 200 },
    );
    const far = filled([{ low: text('b'), high: text('d'), seq: 5 }]);
    expect(far.records(text('d'))).to.deep.equal([]);
    expect(far.records(text('a'), text('b'))).to.deep.equal([]);
  });

  it('gives a single record back as it was', () => {
    const record = { low: text('b'), high: text('d'), seq: 5 };
    expect(filled([record, { low: text('c'), high: undefined, seq: 7 }]).records()).to.deep.equal([
      record,
      { low: text('c'), high: undefined, seq: 7 },
    ]);
  });

  it('gives fragments that are disjoint, ascending, joined, and say the same', () => {
    fc.assert(
      fc.property(deletions, fc.nat(15), (list, maxSeq) => {
        const fragments = filled(numbered(list)).fragments(maxSeq);
        for (let i = 1; i < fragments.length; i++) {
          const { high, seq } = fragments[i - 1]!;
          const order = compareBytes(high!, fragments[i]!.low);
          expect(order < 0 || (order === 0 && seq !== fragments[i]!.seq)).to.equal(true);
        }
        for (const key of KEYS) {
          const seq = fragments.find((each) => covers(each, key))?.seq ?? 0;
          expect(seq).to.equal(expectedSeq(numbered(list), key, maxSeq));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('tells whether a newer one overlaps a range', () => {
    const option = fc.option(bound, { nil: undefined, freq: 4 });
    fc.assert(
      fc.property(deletions, option, option, fc.nat(12), (list, low, high, seq) => {
        const range = { low: low ?? text(''), high, seq: 0 };
        const expected = numbered(list).some(
          (each) => each.seq > seq && KEYS.some((key) => covers(each, key) && covers(range, key)),
        );
        expect(filled(numbered(list)).overlapsNewer(low, high, seq)).to.equal(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('forgets what is above a number, and takes more after it', () => {
    fc.assert(
      fc.property(deletions, deletions, fc.nat(14), (list, more, seq) => {
        const tombstones = filled(numbered(list));
        tombstones.rollbackAbove(seq);
        const rest = numbered(list).filter((each) => each.seq <= seq);
        expect(tombstones.count === 0).to.equal(!KEYS.some((key) => expectedSeq(rest, key, 99) > 0));
        const added = more.map((each, i) => ({ ...each, seq: seq + 1 + i }));
        tombstones.addAll(added);
        expectSame(tombstones, [...rest, ...added], 99);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps what a protected reader needs, forgets the rest', () => {
    fc.assert(
      fc.property(deletions, fc.nat(14), (list, protectedSeq) => {
        const tombstones = new RangeTombstones();
        for (const { low, high, seq } of numbered(list))
          tombstones.add(low, high, seq, Math.min(protectedSeq, seq));
        for (let seq = 0; seq <= protectedSeq; seq++) expectSame(tombstones, numbered(list), seq);
        expectSame(tombstones, numbered(list), 99);
        if (protectedSeq === 0) expect(tombstones.records().length).to.be.at.most(2 * list.length);
      }),
      { numRuns: 100 },
    );
  });

  it('takes the place of those it covers, when nobody needs them', () => {
    const tombstones = new RangeTombstones();
    for (let i = 0; i < 500; i++) {
      tombstones.add(Uint8Array.of(1, i >> 8, i), Uint8Array.of(1, i >> 8, i, 0), i + 1, 0);
    }
    expect(tombstones.count).to.equal(500);
    tombstones.add(text('\x01'), text('\x02'), 501, 0);
    expect(tombstones.count).to.equal(1);
    expect(tombstones.records()).to.deep.equal([{ low: text('\x01'), high: text('\x02'), seq: 501 }]);
  });

  it('copies the bounds it is given', () => {
    const low = text('b');
    const tombstones = filled([{ low, high: text('d'), seq: 1 }]);
    low[0] = 0;
    expect(tombstones.coveringSeq(text('a'), 0, 1, 9)).to.equal(0);
  });

  it('finds its way among ten thousand', () => {
    const tombstones = new RangeTombstones();
    for (let n = 0; n < 10_000; n++) {
      const i = (n * 7919) % 10_000;
      tombstones.add(Uint8Array.of(i >> 8, i, 0), Uint8Array.of(i >> 8, i, 9), n + 1);
    }
    expect(tombstones.count).to.equal(10_000);
    expect(tombstones.coveringSeq(Uint8Array.of(7919 >> 8, 7919 & 255, 5), 0, 3, 99_999)).to.equal(2);
    expect(tombstones.coveringSeq(Uint8Array.of(7919 >> 8, 7919 & 255, 9), 0, 3, 99_999)).to.equal(0);
    expect(tombstones.fragments(99_999).length).to.equal(10_000);
    expect(tombstones.fragments(99_999)).to.equal(tombstones.fragments(99_998));
  });
});

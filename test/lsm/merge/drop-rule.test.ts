import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes } from '../../../lsm/base/bytes.js';
import { KIND_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { deletionFragments } from '../../../lsm/merge/deletions.js';
import { DropRule, lastingFragments, type DropRuleParams } from '../../../lsm/merge/drop-rule.js';
import type { KeySpan } from '../../../lsm/merge/spans.js';
import {
  KEYS,
  keyOf,
  newestSeq,
  NEWEST,
  readModel,
  sourceOf,
  writes,
  type ModelEntry,
  type ModelSource,
} from './history.js';

/** Runs the rule over sources, newest first. */
function merge(
  sources: readonly ModelSource[],
  params: Omit<DropRuleParams, 'fragments'>,
): { source: ModelSource; rule: DropRule } {
  const ruling = {
    ...params,
    fragments: deletionFragments(
      sources.map((source) => source.deletions),
      params.snapshots,
    ),
  };
  const rule = new DropRule(ruling);
  const merged = sources
    .flatMap((source, rank) => source.entries.map((entry, i) => ({ entry, rank, i })))
    .sort((a, b) => compareBytes(a.entry.key, b.entry.key) || a.rank - b.rank || a.i - b.i);
  const entries: ModelEntry[] = [];
  for (const { entry, rank } of merged) {
    const { key, kind, seq } = entry;
    if (rule.keeps(key, 0, key.length, rank, kind, seq)) entries.push({ ...entry, seq: rule.seq });
  }
  const deletions = lastingFragments(ruling).flatMap(({ low, high, seqs }) =>
    seqs.map((seq) => ({ low, high, seq })),
  );
  return { source: { entries, deletions }, rule };
}

/** Keys below `low` and from `high` on have an entry in a table further down. */
function deeperThan(low: number, high: number): { spans: KeySpan[]; source: ModelSource } {
  const entries: ModelEntry[] = [];
  for (let i = 0; i < KEYS; i++) {
    if (i < low || i >= high) entries.push({ key: keyOf(i), seq: 0, kind: KIND_RAW, value: -i - 1 });
  }
  const spans: KeySpan[] = [];
  if (low > 0) spans.push({ low: keyOf(0), high: keyOf(low - 1) });
  if (high < KEYS) spans.push({ low: keyOf(high), high: undefined });
  return { spans, source: { entries: entries.sort((a, b) => compareBytes(a.key, b.key)), deletions: [] } };
}

const entry = (seq: number, kind = KIND_RAW, key = 1): ModelEntry => ({
  key: keyOf(key),
  seq,
  kind,
  value: seq,
});
const range = (low: number, high: number, seq: number): ModelSource['deletions'][number] => ({
  low: keyOf(low),
  high: keyOf(high),
  seq,
});
const bottom = { snapshots: [], keepSeqsAbove: Infinity, deeperSpans: [] };

describe('DropRule', () => {
  for (const [why, sources, params, expected] of [
    ['the newest version stays, as old as time', [[entry(9), entry(4)]], bottom, [0]],
    ['a version a snapshot sees stays', [[entry(9), entry(4)]], { ...bottom, snapshots: [5] }, [9, 0]],
    [
      'a version no snapshot sees goes',
      [[entry(9), entry(4), entry(2)]],
      { ...bottom, snapshots: [5] },
      [9, 0],
    ],
    [
      'a snapshot at the newer version does not see the older',
      [[entry(9), entry(4)]],
      { ...bottom, snapshots: [9] },
      [0],
    ],
    ['a number a transaction needs stays', [[entry(9)]], { ...bottom, keepSeqsAbove: 8 }, [9]],
    ['a tombstone with nothing below it goes', [[entry(9, KIND_DELETE), entry(4)]], bottom, []],
    [
      'a tombstone over a deeper table stays',
      [[entry(9, KIND_DELETE)]],
      { ...bottom, deeperSpans: [{ low: keyOf(0), high: keyOf(1) }] },
      [0],
    ],
    [
      'a tombstone stays where the depth is unknown',
      [[entry(9, KIND_DELETE)]],
      { ...bottom, deeperSpans: undefined },
      [0],
    ],
    [
      'a tombstone a transaction must notice stays',
      [[entry(9, KIND_DELETE)]],
      { ...bottom, keepSeqsAbove: 8 },
      [9],
    ],
    ['of two sources the newer wins', [[entry(9)], [entry(4)]], bottom, [0]],
  ] as const) {
    it(why, () => {
      const { source } = merge(
        sources.map((entries) => ({ entries, deletions: [] })),
        params,
      );
      expect(source.entries.map((e) => e.seq)).to.deep.equal(expected);
    });
  }

  it('a range tombstone drops what is older in its source, and every number in older sources', () => {
    const newer = { entries: [entry(9), entry(3, KIND_RAW, 2)], deletions: [range(0, 5, 6)] };
    const older = { entries: [{ ...entry(0, KIND_RAW, 3), value: 1 }], deletions: [] };
    expect(merge([newer, older], bottom).source.entries.map((e) => e.value)).to.deep.equal([9]);
  });

  it('an entry without number in the source of the tombstone stays', () => {
    const source = { entries: [{ ...entry(0), value: 7 }], deletions: [range(0, 5, 6)] };
    expect(merge([source], bottom).source.entries.map((e) => e.value)).to.deep.equal([7]);
  });

  it('an entry hidden by a range tombstone from newer readers only keeps its number', () => {
    const source = { entries: [entry(3)], deletions: [range(0, 5, 6)] };
    const merged = merge([source], { ...bottom, snapshots: [4], deeperSpans: [] }).source;
    expect(merged.entries.map((e) => e.seq)).to.deep.equal([3]);
    expect(merged.deletions.map((d) => d.seq)).to.deep.equal([6]);
  });

  it('counts the tombstones it drops', () => {
    const source = { entries: [entry(9, KIND_DELETE), entry(4, KIND_DELETE)], deletions: [] };
    expect(merge([source], bottom).rule.tombstonesDropped).to.equal(2);
  });

  it('property: readers see the same after a flush, at each live snapshot, whatever lies below', () => {
    fc.assert(
      fc.property(
        writes,
        fc.uniqueArray(fc.integer({ min: 0, max: 121 }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 130 }),
        fc.nat({ max: KEYS }),
        fc.nat({ max: KEYS }),
        (history, snapshotSet, keepSeqsAbove, a, b) => {
          const snapshots = snapshotSet.sort((x, y) => x - y);
          const deeper = deeperThan(Math.min(a, b), Math.max(a, b));
          const before = sourceOf(history, 1);
          const { source } = merge([before], { snapshots, keepSeqsAbove, deeperSpans: deeper.spans });
          for (let i = 0; i < KEYS; i++) {
            const key = keyOf(i);
            for (const seq of [...snapshots, NEWEST]) {
              const expected = readModel([before, deeper.source], key, seq);
              expect(readModel([source, deeper.source], key, seq), `key ${i} at ${seq}`).to.equal(expected);
            }
            checkConflicts([before], [source], i, keepSeqsAbove);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('property: the newest reader and conflict checks see the same after a merge of several sources', () => {
    fc.assert(
      fc.property(
        fc.array(writes, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 500 }),
        fc.nat({ max: KEYS }),
        fc.nat({ max: KEYS }),
        (parts, keepSeqsAbove, a, b) => {
          const deeper = deeperThan(Math.min(a, b), Math.max(a, b));
          let seq = 1;
          const sources: ModelSource[] = [];
          for (const part of parts) {
            sources.unshift(sourceOf(part, seq));
            seq += part.length;
          }
          const { source } = merge(sources, { snapshots: [], keepSeqsAbove, deeperSpans: deeper.spans });
          for (let i = 0; i < KEYS; i++) {
            const key = keyOf(i);
            const expected = readModel([...sources, deeper.source], key, NEWEST);
            expect(readModel([source, deeper.source], key, NEWEST), `key ${i}`).to.equal(expected);
            checkConflicts(sources, [source], i, keepSeqsAbove);
            const versions = source.entries.filter((e) => compareBytes(e.key, key) === 0);
            expect(versions.length).to.be.at.most(1);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Each transaction that may be open (its snapshot is not below `keepSeqsAbove`) notices the same changes. */
function checkConflicts(
  before: readonly ModelSource[],
  after: readonly ModelSource[],
  index: number,
  keepSeqsAbove: number,
): void {
  const was = newestSeq(before, keyOf(index));
  const is = newestSeq(after, keyOf(index));
  if (was > keepSeqsAbove || is > keepSeqsAbove) expect(is, `newest number of key ${index}`).to.equal(was);
}

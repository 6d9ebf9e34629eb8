import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes } from '../../../lsm/base/bytes.js';
import { KIND_BLOB, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import type { TableMeta } from '../../../lsm/manifest/table-meta.js';
import {
  KEYS,
  keyOf,
  memtableOf,
  newestSeq,
  NEWEST,
  readModel,
  sourceOf,
  writes,
  type Write,
} from './history.js';
import { mergeSpecOf } from '../../../lsm/merge/job-runner.js';
import { pickMerge } from '../../../lsm/merge/pick.js';
import { MergeBench, TABLE_BYTES } from './merge-bench.js';

const puts = (from: number, to: number, bytes = 300): Write[] =>
  Array.from({ length: to - from }, (_, i) => ({ kind: 'put', key: from + i, bytes }));
const ids = (tables: readonly TableMeta[]): number[] => tables.map((table) => table.id);

describe('flush', () => {
  it('property: each live snapshot reads from the tables what it read from the memtable', async () => {
    await fc.assert(
      fc.asyncProperty(
        writes,
        fc.uniqueArray(fc.integer({ min: 0, max: 121 }), { maxLength: 3 }),
        async (part, snapshotSet) => {
          const snapshots = snapshotSet.sort((a, b) => a - b);
          const bench = new MergeBench();
          const outcome = await bench.flush(part, 1, snapshots);
          const before = sourceOf(part, 1);
          const after = bench.contents(outcome.tables);
          for (let i = 0; i < KEYS; i++) {
            for (const seq of [...snapshots, NEWEST]) {
              const expected = readModel([before], keyOf(i), seq);
              expect(readModel([after], keyOf(i), seq), `key ${i} at ${seq}`).to.equal(expected);
            }
          }
          const blobs = before.entries.filter((e) => e.kind === KIND_BLOB).map((e) => e.value);
          const accounted = [...bench.blobs(outcome.tables), ...outcome.droppedBlobs];
          expect(accounted.sort(), 'each blob is referred to or dropped').to.deep.equal(blobs.sort());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('writes tables of about the size asked for, none of them a small rest', async () => {
    const bench = new MergeBench();
    const { tables, stats } = await bench.flush(puts(0, KEYS, 400), 1);
    expect(tables.length).to.be.at.least(4);
    for (const { dataBytes } of tables) {
      expect(dataBytes).to.be.within(TABLE_BYTES * 0.4, TABLE_BYTES * 1.6);
    }
    expect(stats.entriesOut).to.equal(KEYS);
  });

  it('of an empty memtable writes nothing', async () => {
    const bench = new MergeBench();
    expect((await bench.flush([], 1)).tables).to.deep.equal([]);
    expect(bench.owner.lent.size).to.equal(0);
  });

  it('of range tombstones alone writes a table of them', async () => {
    const bench = new MergeBench();
    const { tables } = await bench.flush([{ kind: 'range', low: undefined, high: undefined }], 5);
    expect(bench.contents(tables).deletions.map(({ seq, high }) => [seq, high])).to.deep.equal([
      [5, undefined],
    ]);
  });

  it('at once gives the same as in slices', async () => {
    const bench = new MergeBench();
    const sliced = await bench.flush(puts(0, 20), 1);
    const now = bench.runner.flushNow(
      {
        entries: memtableOf(puts(0, 20), 1).exportSorted(),
        snapshots: [],
        tableBytes: TABLE_BYTES,
        keepSeqsAbove: 0,
        deeperSpans: undefined,
      },
      bench.owner,
    );
    expect(bench.contents(now.tables)).to.deep.equal(bench.contents(sliced.tables));
  });
});

describe('merge', () => {
  it('property: the newest reader, conflict checks and blobs are as before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(writes, { minLength: 1, maxLength: 4 }),
        fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 300 })),
        fc.boolean(),
        fc.constantFrom(512, TABLE_BYTES),
        async (parts, keepSeqsAbove, isBottom, tableBytes) => {
          const bench = new MergeBench(undefined, tableBytes);
          const runs: TableMeta[][] = [];
          let seq = 1;
          for (const part of parts) {
            const { tables } = await bench.flush(part, seq, []);
            if (tables.length > 0) runs.unshift([...tables]);
            seq += part.length;
          }
          const before = runs.map((tables) => bench.contents(tables));
          const blobsBefore = bench.blobs(runs.flat());
          const deeperSpans = isBottom ? [] : [{ low: keyOf(5), high: keyOf(20) }];
          const outcome = await bench.merge(runs, { keepSeqsAbove, deeperSpans });
          const moved = runs.flat().filter((table) => outcome.moved.includes(table.id));
          const output = [...outcome.tables, ...moved].sort((a, b) => compareBytes(a.lowKey, b.lowKey));
          const after = bench.contents(output);
          const below = isBottom
            ? []
            : [
                sourceOf(
                  [
                    { kind: 'put', key: 7, bytes: 0 },
                    { kind: 'put', key: 12, bytes: 0 },
                  ],
                  0,
                ),
              ];
          for (let i = 0; i < KEYS; i++) {
            const expected = readModel([...before, ...below], keyOf(i), NEWEST);
            expect(readModel([after, ...below], keyOf(i), NEWEST), `key ${i}`).to.equal(expected);
            const was = newestSeq(before, keyOf(i));
            if (was > keepSeqsAbove) expect(newestSeq([after], keyOf(i))).to.equal(was);
          }
          const accounted = [...bench.blobs(output), ...outcome.droppedBlobs];
          expect(accounted.sort(), 'each blob is referred to or dropped').to.deep.equal(blobsBefore.sort());
          if (isBottom && keepSeqsAbove === Infinity) {
            expect(after.deletions).to.deep.equal([]);
            expect(outcome.tables.every((table) => table.tombstoneCount === 0)).to.equal(true);
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  it('does not rewrite tables that nothing reaches into', async () => {
    const bench = new MergeBench();
    const lower = await bench.flush(puts(0, 30, 800), 1);
    const upper = await bench.flush(puts(0, 1, 800), 100);
    const { moved, tables, stats } = await bench.merge([upper.tables, lower.tables]);
    expect(moved.length).to.be.at.least(lower.tables.length - 2);
    expect(stats.entriesOut).to.be.lessThan(15);
    const all = [...tables, ...lower.tables.filter((table) => moved.includes(table.id))];
    const contents = bench.contents(all.sort((a, b) => compareBytes(a.lowKey, b.lowKey)));
    expect(contents.entries.length).to.equal(30);
    expect(contents.entries[0]!.value).to.equal(100);
  });

  it('does not pass a table whose first key a newer source has, even when that source has gone on', async () => {
    const bench = new MergeBench();
    const lower = await bench.flush(puts(0, 6, 4000), 1);
    const upper = await bench.flush(
      Array.from({ length: 6 }, (_, key) => ({ kind: 'delete', key }) as const),
      50,
    );
    const { moved, tables } = await bench.merge([upper.tables, lower.tables]);
    expect([moved, tables]).to.deep.equal([[], []]);
  });

  // Else what was picked for its tombstones would be passed as it is, and picked again, for ever.
  it('rewrites what was picked for its tombstones, however few make it rich', async () => {
    const bench = new MergeBench();
    const { tables } = await bench.flush([...puts(0, 4, 900), { kind: 'delete', key: 4 }], 1);
    expect(tables).to.have.lengthOf(1);
    const plan = pickMerge(
      { number: 1, runs: [{ level: 2, order: 0, tables }] },
      {
        options: { levelZeroRuns: 4, levelFactor: 8, levelOneBytes: 1e6, tableBytes: TABLE_BYTES },
        levelPointers: new Map(),
        busyTables: new Set(),
        keepSeqsAbove: Infinity,
      },
    )!;
    expect(plan.reason).to.equal('tombstones');
    const { moved, stats } = await bench.runner.merge(mergeSpecOf(plan, TABLE_BYTES, Infinity));
    expect(moved).to.deep.equal([]);
    expect(stats.tombstonesDropped).to.equal(1);
  });

  it('passes a table without tombstones even when everything is merged', async () => {
    const bench = new MergeBench();
    const { tables } = await bench.flush(puts(0, 4, 900), 1);
    const { moved } = await bench.merge([tables], { passTombstoneShare: 0 });
    expect(moved).to.deep.equal(ids(tables));
  });

  it('remembers the greatest sequence number of a table even where it stores none', async () => {
    const bench = new MergeBench();
    const lower = await bench.flush(puts(0, 6, 10), 1);
    const upper = await bench.flush(puts(2, 4, 10), 50);
    const once = await bench.merge([upper.tables, lower.tables]);
    expect(bench.contents(once.tables).entries.map((e) => e.seq)).to.deep.equal(Array(6).fill(0));
    expect(once.tables[0]!.maxSeq).to.equal(51);
    const more = await bench.flush(puts(1, 2, 10), 20);
    const twice = await bench.merge([more.tables, once.tables]);
    expect(twice.tables[0]!.maxSeq).to.equal(51);
  });

  it('moves all tables of disjoint runs', async () => {
    const bench = new MergeBench();
    const a = await bench.flush(puts(0, 12, 900), 1);
    const b = await bench.flush(puts(20, 32, 900), 50);
    const { moved, tables } = await bench.merge([b.tables, a.tables]);
    expect(tables).to.deep.equal([]);
    expect([...moved].sort()).to.deep.equal([...ids(a.tables), ...ids(b.tables)].sort());
  });

  it('of deletions that cancel everything writes nothing', async () => {
    const bench = new MergeBench();
    const lower = await bench.flush(puts(0, 20), 1);
    const upper = await bench.flush(
      Array.from({ length: 20 }, (_, key) => ({ kind: 'delete', key }) as const),
      50,
    );
    const { tables, stats } = await bench.merge([upper.tables, lower.tables]);
    expect(tables).to.deep.equal([]);
    expect(stats.tombstonesDropped).to.equal(20);
  });

  it('does not read tables that a range tombstone deletes whole, but tells of their blobs', async () => {
    const bench = new MergeBench();
    const part: Write[] = [...puts(0, 20), { kind: 'blob', key: 3, bytes: 10 }];
    const lower = await bench.flush(part, 1);
    const upper = await bench.flush([{ kind: 'range', low: undefined, high: undefined }], 50);
    const { tables, stats, droppedBlobs } = await bench.merge([upper.tables, lower.tables]);
    expect(tables).to.deep.equal([]);
    expect(stats.entriesIn).to.equal(0);
    expect(droppedBlobs).to.deep.equal([21]);
  });

  it('keeps a range tombstone above deeper tables, cut at the bounds of the outputs', async () => {
    const bench = new MergeBench();
    const lower = await bench.flush([{ kind: 'range', low: undefined, high: undefined }], 1);
    const upper = await bench.flush(puts(0, 30, 600), 10);
    const { tables } = await bench.merge([upper.tables, lower.tables], {
      deeperSpans: [{ low: keyOf(0), high: undefined }],
    });
    expect(tables.length).to.be.at.least(3);
    const { deletions } = bench.contents(tables);
    expect(deletions.length).to.equal(tables.length);
    expect(deletions[0]!.low.length).to.equal(0);
    expect(deletions[deletions.length - 1]!.high).to.equal(undefined);
  });

  it('ends tables before they overlap too much of the next level', async () => {
    const bench = new MergeBench();
    const a = await bench.flush(puts(0, 40, 8), 1);
    const nextLevel = Array.from({ length: 40 }, (_, i) => ({ low: keyOf(i), high: keyOf(i) })).sort((x, y) =>
      compareBytes(x.low, y.low),
    );
    const b = await bench.flush(puts(0, 40, 8), 100);
    const { tables } = await bench.merge([b.tables, a.tables], { nextLevel });
    expect(tables.length).to.be.at.least(2);
  });

  it('takes values larger than a block', async () => {
    const bench = new MergeBench();
    const a = await bench.flush(puts(0, 8, 5000), 1);
    const b = await bench.flush(puts(4, 12, 5000), 50);
    const { tables, moved } = await bench.merge([b.tables, a.tables]);
    const all = [...tables, ...[...a.tables, ...b.tables].filter((table) => moved.includes(table.id))];
    const { entries } = bench.contents(all.sort((x, y) => compareBytes(x.lowKey, y.lowKey)));
    expect(entries.map((e) => e.kind)).to.deep.equal(Array(12).fill(KIND_RAW));
  });

  it('stands still while a flush runs, and gives everything back when cancelled', async () => {
    const bench = new MergeBench();
    const a = await bench.flush(puts(0, 40, 900), 1);
    const b = await bench.flush(puts(0, 40, 900), 100);
    const lent = bench.owner.lent.size;
    const order: string[] = [];
    const merge = bench.merge([b.tables, a.tables]).then(() => order.push('merge'));
    const flush = bench.flush(puts(0, 40, 900), 200).then(() => order.push('flush'));
    await Promise.all([merge, flush]);
    expect(order).to.deep.equal(['flush', 'merge']);
    const before = bench.owner.lent.size;
    expect(before).to.be.greaterThan(lent);
    let loans = 0;
    bench.owner.beforeLoan = () => {
      if (++loans === 2) bench.runner.cancelMerges();
    };
    const cancelled = await bench.merge([b.tables, a.tables]).catch((error: unknown) => error);
    expect((cancelled as { code?: string }).code).to.equal('Aborted');
    expect(bench.owner.lent.size).to.equal(before);
  });
});

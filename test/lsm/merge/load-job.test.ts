import { expect } from 'chai';
import * as fc from 'fast-check';
import { EntryList } from '../../../lsm/memtable/entry-list.js';
import type { JobOutcome } from '../../../lsm/merge/job-runner.js';
import { RunCursor } from '../../../lsm/table/run-cursor.js';
import { KEYS, keyOf } from './history.js';
import { MergeBench, TABLE_BYTES, valueAt } from './merge-bench.js';

interface Put {
  readonly key: number;
  readonly value: Uint8Array;
}

function load(bench: MergeBench, puts: readonly Put[]): Promise<JobOutcome> {
  const list = new EntryList(false);
  for (const { key, value } of puts) list.put(keyOf(key), keyOf(key).length, value, value.length);
  return bench.runner.flush({
    entries: list.entries(),
    isUnsorted: true,
    snapshots: [],
    tableBytes: TABLE_BYTES,
    keepSeqsAbove: Number.MAX_SAFE_INTEGER,
    deeperSpans: undefined,
  });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('the job of a load', () => {
  it('property: writes what was put, in order, of each key what was put last', async () => {
    const put = fc.record({
      key: fc.nat({ max: KEYS * 20 }),
      value: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 200, maxLength: 400 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(put, { minLength: 1, maxLength: 200 }), async (puts) => {
        const bench = new MergeBench();
        const { tables, stats } = await load(bench, puts);
        const wanted = new Map(puts.map(({ key, value }) => [text(keyOf(key)), text(value)]));
        expect(bench.contents(tables).deletions).to.deep.equal([]);
        const found: [string, string][] = [];
        const cursor = new RunCursor(tables.map((meta) => bench.reader(meta)));
        for (cursor.first(); cursor.isValid; cursor.next()) {
          const { keyBytes, keyOffset, keyLength, seq } = cursor;
          found.push([text(keyBytes.subarray(keyOffset, keyOffset + keyLength)), text(valueAt(cursor))]);
          expect(seq).to.equal(0);
        }
        expect(found).to.deep.equal([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
        expect([stats.entriesIn, stats.entriesOut]).to.deep.equal([puts.length, wanted.size]);
        expect(tables.every(({ maxSeq }) => maxSeq === 1)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });

  it('writes tables of about the size asked for, none of them a small rest', async () => {
    const bench = new MergeBench();
    const value = new Uint8Array(300).map((_, i) => (i * i * 31) >>> 3);
    const puts = Array.from({ length: 200 }, (_, i) => ({ key: (i * 77) % 200, value }));
    const { tables } = await load(bench, puts);
    expect(tables.length).to.be.at.least(4);
    for (const { dataBytes } of tables) expect(dataBytes).to.be.within(TABLE_BYTES * 0.4, TABLE_BYTES * 1.6);
  });
});

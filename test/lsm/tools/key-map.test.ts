import { expect } from 'chai';
import { compareBytes } from '../../../lsm/base/bytes.js';
import { listLevels, listTables, mapKeys, openStoreFile, summarize } from '../../../lsm/index.js';
import { PATH, sampleStore } from './fixture.js';

describe('the map of keys', () => {
  it('places every table by the rank of its bounds', async () => {
    const file = openStoreFile(PATH, { env: await sampleStore() });
    const { bounds, runs, overlaps } = mapKeys(file);
    for (let i = 1; i < bounds.length; i++)
      expect(compareBytes(bounds[i - 1]!, bounds[i]!)).to.be.lessThan(0);
    const tables = new Map(listTables(file).map((table) => [table.id, table]));
    const spans = runs.flatMap((run) => run.tables);
    expect(spans.map(({ id }) => id)).to.have.members([...tables.keys()]);
    for (const { id, from, to } of spans) {
      expect(bounds[from]).to.deep.equal(tables.get(id)!.lowKey);
      expect(bounds[to]).to.deep.equal(tables.get(id)!.highKey);
    }
    const [upper, lower] = runs;
    const expected = upper!.tables.flatMap((a) =>
      lower!.tables.filter((b) => a.from <= b.to && b.from <= a.to).map((b) => [a.id, b.id]),
    );
    expect(overlaps.slice(0, expected.length)).to.deep.equal(expected);
    file.close();
  });
});

describe('figures of a file', () => {
  it('are sums over its tables', async () => {
    const file = openStoreFile(PATH, { env: await sampleStore() });
    const tables = listTables(file);
    const summary = summarize(file);
    expect(summary.tables).to.equal(tables.length);
    expect(summary.entries).to.equal(tables.reduce((sum, { entries }) => sum + entries, 0));
    expect(summary.entries).to.equal(301 + 31);
    expect(summary.tombstones).to.equal(30);
    expect(summary.blobs).to.equal(2);
    expect(summary.isClean).to.equal(true);
    const [level] = listLevels(file, { levelZeroRuns: 2 });
    expect([level!.level, level!.runs, level!.score]).to.deep.equal([0, 2, 1]);
    file.close();
  });
});

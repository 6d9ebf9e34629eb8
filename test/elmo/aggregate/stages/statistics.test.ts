/** Stages that tell of the store. */
import { expect } from 'chai';
import { EngineRunner } from '../engine-runner.js';

describe('stages of statistics', () => {
  const runner = new EngineRunner();
  before(() =>
    runner.insert(
      't',
      Array.from({ length: 200 }, (_, _id) => ({ _id })),
    ),
  );

  it('$indexStats counts what plans have used', async () => {
    const ops = async (): Promise<unknown> =>
      runner.aggregate([{ $indexStats: {} }, { $project: { _id: 0, name: 1, ops: '$accesses.ops' } }]);
    expect(await ops()).to.deep.equal([{ name: '_id_', ops: 0 }]);
    await runner.aggregate([{ $match: { _id: 1 } }]);
    expect(await ops()).to.deep.equal([{ name: '_id_', ops: 1 }]);
  });

  it('$collStats', async () => {
    const [row] = await runner.aggregate([
      { $collStats: { count: {}, storageStats: {} } },
      { $project: { ns: 1, count: 1, size: '$storageStats.size', indexes: '$storageStats.nindexes' } },
    ]);
    expect(row).to.deep.equal({ ns: 'test.t', count: 200, size: 2800, indexes: 1 });
  });

  it('$listClusterCatalog', async () => {
    const rows = await runner.aggregate(
      [{ $listClusterCatalog: {} }, { $project: { ns: 1, type: 1, sharded: 1 } }],
      '',
    );
    expect(rows).to.deep.equal([{ ns: 'test.t', type: 'collection', sharded: false }]);
  });

  for (const [stage, on, code] of [
    [{ $indexStats: 1 }, 't', 28803],
    [{ $indexStats: {} }, '', 73],
    [{ $collStats: 1 }, 't', 5447000],
    [{ $collStats: { foo: {} } }, 't', 40415],
    [{ $collStats: { count: { a: 1 } } }, 't', 31170],
    [{ $collStats: { storageStats: { scale: 0 } } }, 't', 2],
    [{ $collStats: { count: {} } }, 'nothing', 26],
    [{ $planCacheStats: { a: 1 } }, 't', 9],
    [{ $planCacheStats: { allHosts: true } }, 't', 4503200],
    [{ $planCacheStats: {} }, 'nothing', 50933],
    [{ $listClusterCatalog: {} }, 't', 9621301],
    [{ $listClusterCatalog: 1 }, '', 9621302],
    [{ $listSessions: {} }, 't', 73],
    [{ $listLocalSessions: {} }, 't', 73],
  ] as const)
    it(`${JSON.stringify(stage)} on '${on}' is refused`, async () =>
      expect(await runner.codeOf([stage], on)).to.equal(code));
});

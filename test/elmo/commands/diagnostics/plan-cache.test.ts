import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/commands/diagnostics/plan-cache', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);
  const set = (more: object): Document => ({
    planCacheSetFilter: 'c',
    query: { a: 1 },
    indexes: [{ a: 1 }],
    ...more,
  });

  before(async () => {
    client = await connect(':memory:');
    await run({ create: 'c' });
    await run({ create: 'v', viewOn: 'c' });
  });
  after(() => client.close());

  for (const [command, code] of [
    [set({ query: 1 }), 2],
    [set({ query: null }), 2],
    [set({ sort: 'x' }), 2],
    [set({ projection: null }), 2],
    [set({ collation: null }), 2],
    [set({ collation: {} }), 2],
    [set({ collation: { strength: 2 } }), 40414],
    [set({ indexes: [] }), 2],
    [set({ planCacheSetFilter: '' }), 73],
    [set({ planCacheSetFilter: 'v' }), 166],
    [set({ planCacheSetFilter: 'none' }), 2],
    [{ planCacheClear: 'v' }, 166],
    [{ planCacheClear: 1 }, 73],
    [{ planCacheClear: 'c', query: 1 }, 2],
    [{ planCacheClearFilters: 'c', sort: { a: 1 } }, 2],
    [{ planCacheListFilters: 'v' }, 166],
  ] as const)
    it(`${JSON.stringify(command)} gives ${code}`, async () =>
      expect(await run(command).catch((thrown: unknown) => thrown)).to.have.property('code', code));

  for (const command of [
    set({ unknown: 1 }),
    { planCacheClear: 'c', sort: 1, unknown: 1 },
    { planCacheClear: 'none' },
    { planCacheListFilters: 'none', unknown: 1 },
  ])
    it(`accepts ${JSON.stringify(command)}`, async () => expect(await run(command)).to.include({ ok: 1 }));

  describe('a filter', () => {
    const indexOf = async (find: object): Promise<unknown> => {
      const { queryPlanner } = await run({ explain: { find: 'd', ...find }, verbosity: 'queryPlanner' });
      let stage = queryPlanner.winningPlan as Document;
      while (stage.inputStage !== undefined) stage = stage.inputStage as Document;
      return [queryPlanner.indexFilterSet, stage.indexName ?? stage.stage];
    };

    before(async () => {
      await run({ insert: 'd', documents: [{ a: 1, b: 1 }] });
      const indexes = [
        { key: { a: 1, b: 1 }, name: 'ab' },
        { key: { a: 1, c: 1 }, name: 'ac' },
      ];
      await run({ createIndexes: 'd', indexes });
    });
    beforeEach(() => run({ planCacheClearFilters: 'd' }));

    for (const [why, indexes, find, expected] of [
      ['lets the planner use the indexes it names', ['ac'], { filter: { a: 5 } }, [true, 'ac']],
      ['names them by their keys', [{ a: 1, c: 1 }], { filter: { a: 5 } }, [true, 'ac']],
      ['counts more than a hint', ['ac'], { filter: { a: 5 }, hint: 'ab' }, [true, 'ac']],
      ['may leave no index', ['none'], { filter: { a: 5 } }, [true, 'COLLSCAN']],
      ['is of its shape alone', ['ac'], { filter: { a: { $gt: 5 } }, hint: 'ab' }, [false, 'ab']],
      ['is of its sort alone', ['ac'], { filter: { a: 5 }, sort: { b: 1 } }, [false, 'ab']],
      [
        'is of its projection alone',
        ['ac'],
        { filter: { a: 5 }, projection: { b: 1 }, hint: 'ab' },
        [false, 'ab'],
      ],
    ] as const)
      it(why, async () => {
        await run({ planCacheSetFilter: 'd', query: { a: 1 }, indexes });
        expect(await indexOf(find)).to.deep.equal(expected);
      });

    it('takes the place of the one for the same shape, and is cleared by it', async () => {
      await run({ planCacheSetFilter: 'd', query: { a: 1 }, indexes: ['ab'] });
      await run({ planCacheSetFilter: 'd', query: { a: 2 }, indexes: ['ac'] });
      const { filters } = await run({ planCacheListFilters: 'd' });
      expect(filters).to.deep.equal([{ query: { a: 2 }, sort: {}, projection: {}, indexes: ['ac'] }]);
      await run({ planCacheClearFilters: 'd', query: { a: 3 } });
      expect(await run({ planCacheListFilters: 'd' })).to.have.deep.property('filters', []);
    });

    it('goes with the collection', async () => {
      await run({ create: 'e' });
      await run({ planCacheSetFilter: 'e', query: { a: 1 }, indexes: ['ab'] });
      await run({ drop: 'e' });
      await run({ create: 'e' });
      expect(await run({ planCacheListFilters: 'e' })).to.have.deep.property('filters', []);
    });
  });
});

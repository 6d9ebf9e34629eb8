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
});

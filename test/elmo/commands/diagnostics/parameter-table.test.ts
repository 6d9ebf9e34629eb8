/** Each parameter that can be set does what it says. */
import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { PARAMETERS } from '../../../../elmo/commands/diagnostics/parameter-table.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('parameters of the server', () => {
  let client: ElmoClient;
  const admin = (command: Document): Promise<Document> => client.db('admin').command(command);
  const run = (command: Document): Promise<Document> => client.db('a').command(command);
  const set = (parameters: Document): Promise<Document> => admin({ setParameter: 1, ...parameters });
  const get = async (name: string): Promise<unknown> => (await admin({ getParameter: 1, [name]: 1 }))[name];
  const codeOf = async (running: Promise<unknown>): Promise<unknown> => {
    try {
      await running;
      return 0;
    } catch (error) {
      return (error as { code: unknown }).code;
    }
  };

  beforeEach(async () => {
    client = await connect(':memory:');
    const documents = Array.from({ length: 100 }, (_, i) => ({
      _id: i,
      a: i,
      b: -i,
      pad: 'x'.repeat(1000),
    }));
    await run({ insert: 'c', documents });
    await run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a_1' }] });
  });
  afterEach(() => client.close());

  it('what cannot be set says so', async () => {
    for (const [name, { apply }] of PARAMETERS)
      if (apply === undefined) expect(await codeOf(set({ [name]: 1 })), name).to.equal(20);
    expect(await codeOf(set({ traceExceptions: 1 }))).to.equal(72);
    expect(await codeOf(set({ wiredTigerConcurrentReadTransactions: 1 }))).to.equal(72);
  });

  it('tells what it was, and what it is', async () => {
    expect(await set({ notablescan: true })).to.include({ was: false });
    expect(await set({ notablescan: 0 })).to.include({ was: true });
    const { notablescan } = await admin({ getParameter: { showDetails: true }, notablescan: 1 });
    expect(notablescan).to.deep.equal({ value: false, settableAtRuntime: true, settableAtStartup: false });
  });

  describe('notablescan', () => {
    beforeEach(() => set({ notablescan: true }));

    for (const [command, code] of [
      [{ find: 'c' }, 0],
      [{ find: 'c', sort: { b: 1 } }, 0],
      [{ find: 'c', filter: { a: 1 } }, 0],
      [{ find: 'c', filter: { _id: 1 } }, 0],
      [{ find: 'none', filter: { b: 1 } }, 0],
      [{ count: 'c' }, 0],
      [{ distinct: 'c', key: 'b' }, 0],
      [{ aggregate: 'c', pipeline: [{ $group: { _id: '$b' } }], cursor: {} }, 0],
      [{ delete: 'c', deletes: [{ q: {}, limit: 0 }] }, 0],
      [{ find: 'c', filter: { b: 1 } }, 291],
      [{ find: 'c', filter: { b: 1 }, hint: { $natural: 1 } }, 291],
      [{ count: 'c', query: { b: 1 } }, 291],
      [{ aggregate: 'c', pipeline: [{ $match: { b: 1 } }], cursor: {} }, 291],
      [{ findAndModify: 'c', query: { b: 1 }, remove: true }, 291],
      [{ explain: { find: 'c', filter: { b: 1 } } }, 291],
    ] as const)
      it(`${JSON.stringify(command)}: ${code}`, async () =>
        expect(await codeOf(run(command))).to.equal(code));

    it('statements of writes', async () => {
      const updated = await run({ update: 'c', updates: [{ q: { b: 1 }, u: { $set: { x: 1 } } }] });
      expect(updated).to.have.nested.property('writeErrors[0].code', 291);
    });

    it('an index that the sort can use is used', async () => {
      const { queryPlanner } = await run({ explain: { find: 'c', filter: { b: 1 }, sort: { a: 1 } } });
      expect(queryPlanner).to.have.nested.property('winningPlan.stage', 'FETCH');
    });
  });

  it('internalQueryMaxBlockingSortMemoryUsageBytes: what a sort may hold', async () => {
    const sorted = { find: 'c', sort: { b: 1 }, allowDiskUse: false };
    await set({ internalQueryMaxBlockingSortMemoryUsageBytes: 1000 });
    expect(await codeOf(run(sorted))).to.equal(292);
    const { cursor } = (await run({ ...sorted, allowDiskUse: true })) as {
      cursor: { firstBatch: Document[] };
    };
    expect(cursor.firstBatch.map(({ a }) => Number(a))).to.deep.equal(
      Array.from({ length: 100 }, (_, i) => 99 - i),
    );
    const { queryPlanner } = await run({ explain: sorted, verbosity: 'queryPlanner' });
    expect(queryPlanner).to.have.nested.property('winningPlan.memLimit', 1000);
    await set({ internalQueryMaxBlockingSortMemoryUsageBytes: 100 * 1024 * 1024 });
    expect(await codeOf(run(sorted))).to.equal(0);
  });

  it('allowDiskUseByDefault: for those that do not say', async () => {
    const sorted = { find: 'c', sort: { b: 1 } };
    const grouped = { aggregate: 'c', pipeline: [{ $sort: { b: 1 } }], cursor: {} };
    await set({ internalQueryMaxBlockingSortMemoryUsageBytes: 1000 });
    expect([await codeOf(run(sorted)), await codeOf(run(grouped))]).to.deep.equal([0, 0]);
    await set({ allowDiskUseByDefault: false });
    expect([await codeOf(run(sorted)), await codeOf(run(grouped))]).to.deep.equal([292, 292]);
    expect(await codeOf(run({ ...sorted, allowDiskUse: true }))).to.equal(0);
  });

  it('internalQueryPlannerMaxIndexedSolutions: the plans that are weighed', async () => {
    await run({ createIndexes: 'c', indexes: [{ key: { b: 1 }, name: 'b_1' }] });
    const rejected = async (): Promise<number> => {
      const { queryPlanner } = await run({
        explain: { find: 'c', filter: { a: { $gt: 5 }, b: { $lt: 5 } } },
      });
      return ((queryPlanner as Document)['rejectedPlans'] as unknown[]).length;
    };
    expect(await rejected()).to.equal(1);
    await set({ internalQueryPlannerMaxIndexedSolutions: 1 });
    expect(await rejected()).to.equal(0);
  });

  it('requireApiVersion: commands have to name a version', async () => {
    await set({ requireApiVersion: true });
    expect(await codeOf(run({ ping: 1 }))).to.equal(498870);
    expect(await codeOf(run({ ping: 1, apiVersion: '1' }))).to.equal(0);
    await set({ requireApiVersion: false, apiVersion: '1' });
    expect(await codeOf(run({ ping: 1 }))).to.equal(0);
  });

  describe('logLevel and logComponentVerbosity', () => {
    const logged = async (): Promise<number> => {
      const { log } = await admin({ getLog: 'global' });
      return (log as string[]).filter((line) => line.includes('"count":"none"')).length;
    };
    beforeEach(() => run({ profile: 0, slowms: 1_000_000 }));

    it('from 1 on every command is logged', async () => {
      await run({ count: 'none' });
      expect(await logged()).to.equal(0);
      expect(await set({ logLevel: 1 })).to.include({ was: 0 });
      await run({ count: 'none' });
      await set({ logLevel: 0 });
      await run({ count: 'none' });
      expect(await logged()).to.equal(1);
    });

    it('a component of its own', async () => {
      await set({ logComponentVerbosity: { command: { verbosity: 2 } } });
      await run({ count: 'none' });
      expect(await logged()).to.equal(1);
      expect(await get('logComponentVerbosity')).to.deep.equal({ verbosity: 0, command: { verbosity: 2 } });
      await set({ logComponentVerbosity: { verbosity: 3, command: { verbosity: 0 } } });
      await run({ count: 'none' });
      expect(await logged()).to.equal(1);
      expect(await get('logLevel')).to.equal(3);
    });

    it('what it was can be set again, and what is no level is refused', async () => {
      const before = await get('logComponentVerbosity');
      await set({ logComponentVerbosity: before });
      for (const wrong of [
        { bogus: 1 },
        { command: { bogus: 1 } },
        { command: { verbosity: 'x' } },
        { verbosity: 'x' },
      ])
        expect(await codeOf(set({ logComponentVerbosity: wrong })), JSON.stringify(wrong)).to.equal(2);
      expect(await get('logComponentVerbosity')).to.deep.equal(before);
      await set({ logLevel: 7 });
      expect(await get('logLevel')).to.equal(5);
    });
  });
});

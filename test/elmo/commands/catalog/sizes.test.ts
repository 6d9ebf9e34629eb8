import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/commands/catalog/sizes', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);

  before(async () => {
    client = await connect(':memory:');
    const documents = [1, 2, 3].map((a) => ({ _id: a, a, text: 'x' }));
    await run({ insert: 'c', documents });
    await run({ createIndexes: 'c', indexes: [{ key: { a: 1, b: 1 }, name: 'ab' }] });
    await run({ create: 'v', viewOn: 'c' });
    await run({ create: 'capped', capped: true, size: 4096, max: 7 });
  });
  after(() => client.close());

  const bytes = 33;
  it('collStats counts documents, their bytes and indexes', async () => {
    const stats = await run({ collStats: 'c' });
    expect(stats).to.include({ ns: 'a.c', count: 3, size: 3 * bytes, avgObjSize: bytes, nindexes: 2 });
    expect(stats.indexSizes).to.have.keys('_id_', 'ab');
  });
  it('collStats scales', async () =>
    expect(await run({ collStats: 'c', scale: 10 })).to.include({ size: 9, scaleFactor: 10, count: 3 }));
  it('collStats tells the limits of a capped collection', async () =>
    expect(await run({ collStats: 'capped' })).to.include({ capped: true, max: 7, maxSize: 4096 }));
  it('collStats is refused for a clustered index whose name cannot be that of a field', async () => {
    await run({ create: 'nul', clusteredIndex: { key: { _id: 1 }, unique: true, name: 'x\0y' } });
    const refused = await run({ collStats: 'nul' }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.have.property('code', 9527900);
  });
  describe('a clustered index', () => {
    before(async () => {
      await run({ create: 'k', clusteredIndex: { key: { _id: 1 }, unique: true, name: 'mine' } });
      await run({ insert: 'k', documents: [{ a: 1 }, { a: 2 }] });
      await run({ createIndexes: 'k', indexes: [{ key: { a: 1 }, name: 'a' }] });
    });
    after(() => run({ drop: 'k' }));

    it('is counted by collStats, and has no size of its own', async () => {
      const stats = await run({ collStats: 'k' });
      expect(stats).to.include({ nindexes: 2, count: 2 });
      expect(stats.indexSizes).to.have.all.keys('a');
      expect(stats.totalIndexSize).to.equal(stats.indexSizes.a);
      const { cursor } = await run({
        aggregate: 'k',
        pipeline: [{ $collStats: { storageStats: {} } }],
        cursor: {},
      });
      expect(cursor.firstBatch[0].storageStats).to.deep.include({
        nindexes: 2,
        indexSizes: stats.indexSizes,
      });
    });

    it('is not among those that $indexStats tells of', async () => {
      const { cursor } = await run({ aggregate: 'k', pipeline: [{ $indexStats: {} }], cursor: {} });
      expect((cursor.firstBatch as Document[]).map(({ name }) => name as string)).to.deep.equal(['a']);
    });

    it('is listed', async () => {
      const { cursor } = await run({ listIndexes: 'k' });
      expect(cursor.firstBatch).to.deep.equal([
        { v: 2, key: { _id: 1 }, name: 'mine', unique: true, clustered: true },
        { v: 2, key: { a: 1 }, name: 'a' },
      ]);
    });

    it('has a name that no other index takes', async () => {
      const refused = await run({ createIndexes: 'k', indexes: [{ key: { z: 1 }, name: 'mine' }] }).catch(
        (error: unknown) => error,
      );
      expect(refused).to.have.property('code', 6100906);
      expect(refused).to.have.property(
        'message',
        'Error in specification { key: { z: 1 }, name: "mine", v: 2 } :: caused by :: Cannot create an index where the name matches the clusteredIndex but the key does not - indexSpec: { key: { z: 1 }, name: "mine", v: 2 }, clusteredIndex: { v: 2, key: { _id: 1 }, name: "mine", unique: true }',
      );
    });
  });

  it('collStats of what is not there gives zeros', async () =>
    expect(await run({ collStats: 'none' })).to.include({ ns: 'a.none', size: 0, count: 0, nindexes: 0 }));

  for (const [more, size, numObjects] of [
    [{}, 3 * bytes, 3],
    [{ estimate: true }, 3 * bytes, 3],
    [{ keyPattern: { a: 1 } }, 3 * bytes, 3],
    [{ min: { a: 2 }, max: { a: 3 } }, bytes, 1],
    [{ keyPattern: { a: 1 }, min: { a: 1 }, max: { a: 3 } }, 2 * bytes, 2],
    [{ min: { _id: 0 }, max: { _id: 9 } }, 3 * bytes, 3],
    [{ min: {}, max: {} }, 3 * bytes, 3],
  ] as const)
    it(`dataSize ${JSON.stringify(more)} is ${size}`, async () =>
      expect(await run({ dataSize: 'a.c', ...more })).to.include({ size, numObjects, ok: 1 }));

  it('compact gives back what is free', async () =>
    expect(await run({ compact: 'c' })).to.include({ bytesFreed: 0, ok: 1 }));

  for (const [command, code] of [
    [{ collStats: 'c', scale: 0 }, 2],
    [{ collStats: 'c', scale: 'x' }, 14],
    [{ collStats: '' }, 73],
    [{ collStats: 1 }, 73],
    [{ collStats: 'v' }, 166],
    [{ collStats: 'c', x: 1 }, 40415],
    [{ dataSize: 'a' }, 73],
    [{ dataSize: '.c' }, 73],
    [{ dataSize: 1 }, 14],
    [{ dataSize: null }, 40414],
    [{ dataSize: 'a.v' }, 166],
    [{ dataSize: 'a.c', min: { a: 1 } }, 2],
    [{ dataSize: 'a.c', min: { z: 1 }, max: { z: 2 } }, 96],
    [{ dataSize: 'a.c', keyPattern: { a: 1 }, min: { z: 1 }, max: { z: 2 } }, 12153300],
    [{ compact: 1 }, 73],
    [{ compact: '' }, 73],
    [{ compact: 'none' }, 26],
    [{ compact: 'v' }, 166],
  ] as const)
    it(`${JSON.stringify(command)} gives ${code}`, async () =>
      expect(await run(command).catch((thrown: unknown) => thrown)).to.have.property('code', code));
});

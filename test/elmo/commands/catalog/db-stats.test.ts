import { expect } from 'chai';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/commands/catalog/db-stats', () => {
  let client: ElmoClient;
  before(async () => {
    client = await connect(':memory:');
    await client
      .db('a')
      .collection('c')
      .insertMany([{ x: 1 }, { x: 2 }]);
  });
  after(() => client.close());

  it('counts collections, documents and indexes', async () => {
    const stats = await client.db('a').command({ dbStats: 1 });
    expect(stats).to.include({
      db: 'a',
      collections: 1,
      views: 0,
      objects: 2,
      indexes: 1,
      scaleFactor: 1,
      ok: 1,
    });
  });

  it('an index that is the collection itself does not count', async () => {
    const db = client.db('clustered');
    await db.command({ create: 'k', clusteredIndex: { key: { _id: 1 }, unique: true } });
    await db.command({ create: 't', timeseries: { timeField: 't' } });
    expect(await db.command({ dbStats: 1 })).to.include({ collections: 2, indexes: 0, indexSize: 0 });
    await db.command({ createIndexes: 'k', indexes: [{ key: { a: 1 }, name: 'a' }] });
    expect(await db.command({ dbStats: 1 })).to.include({ indexes: 1 });
  });

  it('a database that is not there holds nothing', async () =>
    expect(await client.db('none').command({ dbStats: 1 })).to.include({
      collections: 0,
      objects: 0,
      avgObjSize: 0,
    }));

  for (const [why, command, code] of [
    ['a scale of 0', { dbStats: 1, scale: 0 }, 2],
    ['a scale that is no number', { dbStats: 1, scale: 'x' }, 14],
    ['an unknown field', { dbStats: 1, x: 1 }, 40415],
  ] as const)
    it(`refuses ${why}`, async () => {
      const error = await client
        .db('a')
        .command(command)
        .catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', code);
    });
});

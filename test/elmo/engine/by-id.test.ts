import { expect } from 'chai';
import { connect, Decimal128, Long, type ElmoClient } from '../../../elmo/index.js';

/** The same documents with and without indexes: what an index answers at once must be what a scan finds. */
describe('findOne and $lookup by a unique key', () => {
  const DOCUMENTS = [
    { _id: 1, k: 'one', a: { b: 1 } },
    { _id: 2, k: 2, a: { b: 'x' } },
    { _id: 3, k: null, a: { b: null } },
    { _id: 4, k: new Date(7), a: { b: [8, 9] } },
    { _id: 5, k: ['p', 'q'], a: { b: 5 } },
    { _id: 6, k: { d: 1 }, a: [{ b: 6 }] },
    { _id: 7, k: NaN, a: { b: 11 } },
    { _id: 8, k: true, a: { b: 10 } },
  ];
  const VALUES = [
    'one',
    2,
    Long.fromNumber(2),
    Decimal128.fromString('2.0'),
    null,
    new Date(7),
    new Date(8),
    'p',
    ['p', 'q'],
    { d: 1 },
    NaN,
    true,
    1,
    /one/,
    { $gt: 'a' },
    { $in: [2] },
  ];
  let client: ElmoClient;

  before(async () => {
    client = await connect(':memory:');
    for (const [name, options] of [
      ['plain', undefined],
      ['unique', {}],
      ['sparse', { sparse: true }],
      ['partial', { partialFilterExpression: { _id: { $lt: 3 } } }],
      ['collated', { collation: { locale: 'en', strength: 2 } }],
    ] as const) {
      const collection = client.db().collection<{ _id: number }>(name);
      await collection.insertMany(DOCUMENTS as never);
      if (options === undefined) continue;
      await collection.createIndex({ k: 1 }, { unique: true, ...options });
      await collection.createIndex({ 'a.b': -1 }, { unique: true, ...options });
    }
    const scalars = client.db().collection<{ _id: number }>('scalars');
    await scalars.insertMany(DOCUMENTS.filter(({ _id }) => _id < 4) as never);
    await scalars.createIndex({ k: 1 }, { unique: true });
    await scalars.createIndex({ 'a.b': -1 }, { unique: true });
  });

  after(() => client.close());

  for (const name of ['unique', 'sparse', 'partial', 'collated', 'scalars'])
    it(`answers as a scan does: ${name}`, async () => {
      const most = name === 'scalars' ? 4 : 9;
      for (const path of ['k', 'a.b'])
        for (const value of VALUES) {
          const wanted = await client
            .db()
            .collection('plain')
            .findOne({ [path]: value, _id: { $lt: most } as never });
          const found = await client
            .db()
            .collection(name)
            .findOne({ [path]: value });
          expect(found, `${path}: ${String(value)}`).to.deep.equal(wanted);
        }
    });

  it('joins as without an index', async () => {
    const join = (from: string, foreignField: string): Promise<unknown[]> =>
      client
        .db()
        .collection('plain')
        .aggregate([
          { $match: { _id: { $lt: 4 } } },
          { $lookup: { from, localField: 'k', foreignField, as: 'joined' } },
          { $project: { joined: '$joined._id' } },
        ])
        .toArray();
    const copy = client.db().collection<{ _id: number }>('copy');
    await copy.insertMany(DOCUMENTS.filter(({ _id }) => _id < 4) as never);
    for (const path of ['k', '_id', 'a.b'])
      expect(await join('scalars', path), path).to.deep.equal(await join('copy', path));
  });

  it('sees what changes, and counts the use of the index', async () => {
    const scalars = client.db().collection<{ _id: number; k: unknown }>('scalars');
    await scalars.insertOne({ _id: 20, k: 'new', a: { b: 20 } } as never);
    expect((await scalars.findOne({ k: 'new' }))?._id).to.equal(20);
    await scalars.deleteOne({ _id: 20 });
    expect(await scalars.findOne({ k: 'new' })).to.equal(null);
    const [stats] = (await scalars
      .aggregate([{ $indexStats: {} }, { $match: { name: 'k_1' } }])
      .toArray()) as { accesses: { ops: Long | number } }[];
    expect(Number(stats!.accesses.ops)).to.be.at.least(2);
  });
});

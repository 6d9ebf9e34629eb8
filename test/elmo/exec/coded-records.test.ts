import { expect } from 'chai';
import { connect, Long, type Collection, type Document, type MongoClient } from '../../../index.js';
import { CollectionScan } from '../../../elmo/exec/collection-scan.js';
import type { CodedRows } from '../../../elmo/operation/row-source.js';

const DOCUMENTS = 3000;
const CITIES = ['Bern', 'Genf', 'Basel'];

describe('elmo/exec/coded-records', () => {
  let client: MongoClient;
  let orders: Collection<Document>;
  /** What groups were given instead of rows. */
  let taken: (CodedRows | undefined)[];
  const { takeCoded } = CollectionScan.prototype;

  before(async () => {
    client = await connect(':memory:');
    orders = client.db('test').collection('orders');
    const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({
      _id: i as never,
      city: CITIES[i % 3],
      total: i % 4 === 0 ? Long.fromNumber(i) : i / 4,
      kind: i % 5,
    }));
    await orders.insertMany(documents);
    CollectionScan.prototype.takeCoded = function (this: CollectionScan): CodedRows | undefined {
      const rows = takeCoded.call(this);
      taken.push(rows);
      return rows;
    };
  });
  beforeEach(() => (taken = []));
  after(async () => {
    CollectionScan.prototype.takeCoded = takeCoded;
    await client.close();
  });

  const group = (match: Document, fields: Document): Promise<Document[]> =>
    orders.aggregate([{ $match: match }, { $group: fields }, { $sort: { _id: 1 } }]).toArray();
  const sums = { _id: '$city', count: { $sum: 1 }, total: { $sum: '$total' } };
  const wanted = (kinds: (kind: number) => boolean): Document[] =>
    [...CITIES].sort().map((city) => {
      const of = Array.from({ length: DOCUMENTS }, (_, i) => i).filter(
        (i) => CITIES[i % 3] === city && kinds(i % 5),
      );
      return {
        _id: city,
        count: of.length,
        total: of.reduce((sum, i) => sum + (i % 4 === 0 ? i : i / 4), 0),
      };
    });

  it('gives a group what all records have, once queries have read it', async () => {
    for (let i = 0; i < 6; i++) expect(await group({}, sums)).to.deep.equal(wanted(() => true));
    expect(taken.at(-1)).to.include({ count: DOCUMENTS });
  });

  it('leaves out what the filter does not accept', async () => {
    for (let i = 0; i < 5; i++)
      expect(await group({ kind: { $gte: 3 } }, sums)).to.deep.equal(wanted((kind) => kind >= 3));
    expect(taken.at(-1)).to.include({ count: (DOCUMENTS / 5) * 2, looked: DOCUMENTS });
  });

  it('counts what it has looked at as if records had been read', async () => {
    const shown = (await orders
      .aggregate([{ $match: { kind: { $gte: 3 } } }, { $group: sums }])
      .explain('executionStats')) as Document;
    expect(JSON.stringify(shown)).to.include(`"totalDocsExamined":${DOCUMENTS}`);
  });

  it('looks at records that have changed, come or gone', async () => {
    await orders.updateOne({ _id: 5 as never }, { $set: { city: 'Zug', total: 0.5 } });
    await orders.insertOne({ _id: DOCUMENTS as never, city: 'Zug', total: 2 });
    await orders.deleteOne({ _id: 6 as never });
    const zug = { _id: 'Zug', count: 2, total: 2.5 };
    expect((await group({}, sums)).at(-1)).to.deep.equal(zug);
    expect(taken.at(-1)).to.include({ count: DOCUMENTS });
    await orders.updateMany({}, { $set: { other: 1 } });
    for (let i = 0; i < 3; i++) expect((await group({}, sums)).at(-1)).to.deep.equal(zug);
    expect(taken.at(-1)).to.include({ count: DOCUMENTS });
    await orders.deleteOne({ _id: DOCUMENTS as never });
    await orders.replaceOne({ _id: 5 as never }, { city: 'Basel', total: 1.25, kind: 0 });
    await orders.insertOne({ _id: 6 as never, city: CITIES[0]!, total: 1.5, kind: 1 });
  });

  it('gives nothing where the filter asks more', async () => {
    await group({ $or: [{ kind: 1 }, { city: 'Bern' }] }, sums);
    expect(taken.at(-1)).to.equal(undefined);
  });

  it('is for groups whose key and accumulators are paths or constants', async () => {
    await group({}, sums);
    for (const fields of [
      { _id: { $toUpper: '$city' }, n: { $sum: 1 } },
      { _id: '$city', n: { $sum: { $add: ['$kind', 1] } } },
      { _id: '$city', n: { $top: { sortBy: { kind: 1 }, output: '$kind' } } },
    ]) {
      await group({}, fields);
      expect(taken.at(-1), JSON.stringify(fields)).to.equal(undefined);
    }
    expect(await group({}, { _id: null, least: { $min: '$total' }, most: { $max: '$total' } })).to.deep.equal(
      [{ _id: null, least: 0, most: DOCUMENTS - 4 }],
    );
  });
});

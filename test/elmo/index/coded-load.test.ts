import { expect } from 'chai';
import {
  BSONSymbol,
  connect,
  Decimal128,
  Double,
  Long,
  ObjectId,
  type Collection,
  type Document,
  type MongoClient,
} from '../../../index.js';
import type { Engine } from '../../../elmo/engine/engine.js';
import { CodedLoad } from '../../../elmo/index/coded-load.js';

/** So many that indexes are loaded. */
const DOCUMENTS = 6000;
const VALUES: readonly unknown[] = [
  1,
  2,
  new Double(1),
  Long.fromNumber(2),
  2.5,
  Decimal128.fromString('2.50'),
  'one',
  'two',
  '',
  new BSONSymbol('one'),
  null,
  true,
  false,
  new Date(5),
  new ObjectId('0123456789abcdef01234567'),
  { x: 1 },
  {},
  [1, 2, 1],
  [],
  [[1], 'one'],
  1e300,
  -5,
  Buffer.from('ab'),
];

describe('elmo/index/coded-load', () => {
  let client: MongoClient;
  let orders: Collection<Document>;
  before(async () => {
    client = await connect(':memory:');
    orders = client.db('test').collection('orders');
    const documents = Array.from({ length: DOCUMENTS }, (_, i) => {
      const n = (i * 31) % (VALUES.length + 2);
      return {
        _id: i as never,
        ...(n < VALUES.length ? { a: VALUES[n] } : {}),
        n: { m: i % 7 },
        flat: i % 11,
      };
    });
    for (let i = 0; i < DOCUMENTS; i += 1000) await orders.insertMany(documents.slice(i, i + 1000));
    await orders.deleteMany({ _id: { $in: [3, 400, 5999] as never[] } });
    for (const path of ['a', 'n.m', 'flat'])
      for (let i = 0; i < 3; i++) await orders.find({ [path]: 1 }).toArray();
  });
  after(() => client.close());

  const isCoded = (name: string): boolean => {
    const { engine } = client as unknown as { engine: Engine };
    const collection = engine.collections.get({ db: 'test', collection: 'orders' })!;
    return CodedLoad.of(collection, collection.indexNamed(name)!, engine.kv.seq) !== undefined;
  };
  const validate = (): Promise<Document> => client.db('test').command({ validate: 'orders', full: true });

  for (const [keys, options] of [
    [{ a: 1 }, {}],
    [{ a: -1 }, {}],
    [{ a: 1 }, { sparse: true }],
    [{ a: 1 }, { collation: { locale: 'en', strength: 2 } }],
    [{ 'n.m': 1 }, {}],
    [{ flat: 'hashed' }, {}],
  ] as const)
    it(`makes the entries that reading the records makes: ${JSON.stringify(keys)} ${JSON.stringify(options)}`, async () => {
      await orders.createIndex(keys as never, { ...options, name: 'tried' });
      expect(isCoded('tried')).to.equal(true);
      expect(await validate()).to.include({ valid: true, nrecords: DOCUMENTS - 3 });
      await orders.dropIndex('tried');
    });

  it('notes arrays that it meets', async () => {
    await orders.createIndex({ a: 1 }, { name: 'tried' });
    const found = (await orders.find({ a: 1 }).hint('tried').explain()) as Document;
    expect(JSON.stringify(found)).to.include('"isMultiKey":true');
    await orders.dropIndex('tried');
  });

  it('tells duplicates where there must be none', async () => {
    const error = await orders.createIndex({ flat: 1 }, { unique: true }).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 11000 });
    expect((error as Document)['keyPattern']).to.deep.equal({ flat: 1 });
  });

  it('knows nothing of compound, partial and wildcard indexes, and of records that have changed', async () => {
    const read = [
      [{ a: 1, flat: 1 }, {}],
      [{ a: 1 }, { partialFilterExpression: { flat: 1 } }],
      [{ 'a.$**': 1 }, {}],
    ] as const;
    for (const [keys, options] of read) {
      await orders.createIndex(keys as never, { ...options, name: 'tried' }).catch(() => undefined);
      const exists = (await orders.indexes()).some(({ name }) => name === 'tried');
      if (exists) expect(isCoded('tried')).to.equal(false);
      await orders.dropIndex('tried').catch(() => undefined);
    }
    await orders.createIndex({ flat: 1 }, { name: 'tried' });
    await orders.updateOne({ _id: 1 as never }, { $set: { flat: 5 } });
    expect(isCoded('tried')).to.equal(false);
    await orders.dropIndex('tried');
    await orders.createIndex({ flat: 1 }, { name: 'tried' });
    expect(await validate()).to.include({ valid: true });
  });
});

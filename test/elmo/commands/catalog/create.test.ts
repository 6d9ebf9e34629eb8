/** What commands that define collections accept and refuse; codes are those of MongoDB 8.2. */
import { expect } from 'chai';
import { Binary, Decimal128, Int32, UUID } from '../../../../elmo/bson/package.js';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

const field = (more: object): Document => ({
  create: 'e',
  encryptedFields: { fields: [{ path: 'p', keyId: new UUID(), ...more }] },
});
const named = (from: string, to: string): Document => ({ renameCollection: from, to });
const wildcard = (key: object, wildcardProjection?: object): Document => ({
  createIndexes: 'c',
  indexes: [{ key, name: 'w', ...(wildcardProjection === undefined ? {} : { wildcardProjection }) }],
});

describe('elmo/commands/catalog: definitions', () => {
  let client: ElmoClient;
  const run = (command: Document, db = 'a'): Promise<Document> => client.db(db).command(command);

  before(async () => {
    client = await connect(':memory:');
    await run({ create: 'c' });
    await run({ create: 'v', viewOn: 'c', pipeline: [] });
    await run({ create: 't', timeseries: { timeField: 'at', metaField: 'of' }, expireAfterSeconds: 60 });
    await run({ create: 'k', clusteredIndex: { key: { _id: 1 }, unique: true } });
  });
  after(() => client.close());

  for (const [why, command, code, db] of [
    ['encrypted fields without fields', { create: 'e', encryptedFields: { fields: null } }, 40414],
    ['encrypted fields that are no array', { create: 'e', encryptedFields: { fields: 'x' } }, 14],
    ['an empty encrypted path', field({ path: '' }), 6316402],
    ['an encrypted _id', field({ path: '_id.x' }), 6316403],
    ['an encrypted path with NUL', field({ path: 'a\0b' }), 9867600],
    ['a key that is no UUID', field({ keyId: new Binary(Buffer.alloc(16), 0) }), 14],
    ['a UUID of another length', field({ keyId: new Binary(Buffer.from('x'), 4) }), 207],
    ['an encrypted type of one value', field({ bsonType: 'minKey' }), 6338406],
    ['an encrypted type that is unknown', field({ bsonType: 'x' }), 2],
    ['encryption at all', field({}), 6346402],
    ['encryption of a capped collection', { ...field({}), capped: true, size: 4096 }, 6367301],
    ['encryption of a view', { ...field({}), viewOn: 'c' }, 6346401],
    ['an unknown option of the engine', { create: 'e', storageEngine: { wiredTiger: { x: 1 } } }, 72],
    ['an unknown configuration', { create: 'e', storageEngine: { wiredTiger: { configString: 'x=1' } } }, 2],
    [
      'a configuration with NUL',
      { create: 'e', indexOptionDefaults: { storageEngine: { wiredTiger: { configString: 'a\0' } } } },
      9,
    ],
    ['buckets without a time field', { create: 'system.buckets.e' }, 20],
    ['a view that writes', { create: 'w', viewOn: 'c', pipeline: [{ $out: 'x' }] }, 167],
    ['a view changed to one that writes', { collMod: 'v', pipeline: [{ $merge: 'x' }] }, 167],
    ['a null lifetime', { collMod: 't', expireAfterSeconds: null }, 14],
    ['hiding the clustered index', { collMod: 'k', index: { name: '_id_', hidden: true } }, 6011800],
    ['a database not named 1', { dropDatabase: 0.9 }, 5255100, 'gone'],
    ['a name with a dollar', named('a.$x', 'a.y'), 20, 'admin'],
    ['a database with a dollar', named('a.c', 'b$.y'), 20, 'admin'],
    ['a name that is too long', named(`a.${'x'.repeat(254)}`, 'a.y'), 20, 'admin'],
    ['a name of the server', named('a.c', 'a.system.users'), 20, 'admin'],
    ['the name of an oplog', named('a.c', 'local.oplog.rs'), 20, 'admin'],
    ['renaming measurements', named('a.t', 'a.t2'), 166, 'admin'],
    ['a wildcard index by its name', wildcard({ '$**': 'wildcard' }), 67],
    ['a path within a path', wildcard({ '$**': 1 }, { a: 1, 'a.b': 1 }), 31249],
    ['a path around a path', wildcard({ '$**': 1 }, { 'a.b': 1, a: 1 }), 31250],
    ['a key left within the wildcard', wildcard({ a: 1, '$**': 1 }, { b: 0 }), 7246209],
    ['a key put into the wildcard', wildcard({ a: 1, '$**': 1 }, { a: 1 }), 7246208],
    ['indexes of no collection', { dropIndexes: '', index: 'a' }, 73],
    [
      'indexes of what tells of views',
      { createIndexes: 'system.views', indexes: [{ key: { a: 1 }, name: 'a' }] },
      67,
    ],
    ['a number of members below 0', { create: 'e', writeConcern: { w: -1 } }, 9],
    ['a number of members that is none', { create: 'e', writeConcern: { w: NaN } }, 9],
  ] as readonly (readonly [string, Document, number, string?])[])
    it(`refuses ${why}`, async () =>
      expect(await run(command, db).catch((thrown: unknown) => thrown)).to.have.property('code', code));

  const clusteredIndex = { key: { _id: 1 }, unique: true };
  for (const [why, options, code] of [
    ['a level where it stands', { validationLevel: 'x', temp: 'x' }, 2],
    ['a stage before what it needs', { pipeline: [1] }, 14],
    ['a size where it stands', { size: 0, temp: 'x' }, 2],
    ['times where they stand', { timeseries: {}, validator: 1 }, 40414],
    ['a clustered index where it stands', { clusteredIndex: {}, temp: 'x' }, 40414],
    ['a collation where it stands', { collation: { foo: 1 }, validator: 1 }, 40415],
    ['a size beside a clustered index', { clusteredIndex, size: 5 }, 6049200],
    ['how many beside a clustered index', { clusteredIndex, max: 5 }, 6049204],
    ['capped beside a clustered index', { clusteredIndex, capped: true }, 6127800],
    [
      'times beside a clustered index before either',
      { clusteredIndex: 1, timeseries: { timeField: 'a' } },
      72,
    ],
    ['a view beside a clustered index of the old kind', { clusteredIndex: 1, viewOn: 'c' }, 6026500],
    ['an expiry before an _id index', { expireAfterSeconds: 1, idIndex: {} }, 72],
    ['an _id index before a clustered one', { idIndex: {}, clusteredIndex: true }, 9],
    ['a clustered index before a locale', { clusteredIndex: true, collation: { locale: '?' } }, 5979703],
    ['an expiry before a locale', { expireAfterSeconds: 1, collation: { locale: '?' } }, 72],
  ] as const)
    it(`tells first of ${why}`, async () =>
      expect(await run({ create: 'f', ...options }).catch((thrown: unknown) => thrown)).to.have.property(
        'code',
        code,
      ));

  for (const [why, command] of [
    ['a configuration of the engine', { create: 'e1', storageEngine: { wiredTiger: { configString: '' } } }],
    ['a clustered index that is 0', { create: 'e2', clusteredIndex: 0 }],
    ['a fraction that is cut to 0 members', { create: 'e3', writeConcern: { w: -0.99 } }],
    ['a fraction that is cut to 1', { dropDatabase: 1.9 }],
    ['a decimal that is rounded to 1', { dropDatabase: Decimal128.fromString('0.9') }],
    ['unknown fields of a copy', { cloneCollectionAsCapped: 'c', toCollection: 'c2', size: 4096, x: 1 }],
  ] as const)
    it(`accepts ${why}`, async () => {
      await client.db('b').collection('c').insertOne({});
      expect(await run(command, 'b')).to.include({ ok: 1 });
    });

  it('null stages of a view count for nothing', async () => {
    await run({ collMod: 'v', pipeline: [null, { $match: {} }, null] });
    const [{ options }] = (await run({ listCollections: 1, filter: { name: 'v' } })).cursor.firstBatch;
    expect(options.pipeline).to.deep.equal([{ $match: {} }]);
  });

  it('measurements have an index from the start, a lifetime that is long, and no UUID', async () => {
    const [info] = (await run({ listCollections: 1, filter: { name: 't' } })).cursor.firstBatch;
    expect(info.info).to.deep.equal({ readOnly: false });
    const indexes = (await run({ listIndexes: 't' })).cursor.firstBatch;
    expect(indexes).to.deep.equal([{ v: 2, key: { of: 1, at: 1 }, name: 'of_1_at_1' }]);
  });

  it('a filter on names sees names and types alone', async () => {
    const filter = { $expr: { $eq: [{ $type: '$options' }, 'missing'] } };
    expect(
      (await run({ listCollections: 1, nameOnly: true, filter })).cursor.firstBatch,
    ).to.have.length.above(3);
    expect((await run({ listCollections: 1, filter })).cursor.firstBatch).to.deep.equal([]);
  });

  it('the index of a clustered collection does not count', async () => {
    const indexes = [{ key: { a: 1 }, name: 'a' }];
    expect(await run({ createIndexes: 'k', indexes })).to.include({
      numIndexesBefore: 0,
      numIndexesAfter: 1,
    });
  });

  for (const [id, code] of [
    [NaN, 50819],
    [Infinity, 50826],
    [Decimal128.fromString('-Infinity'), 50826],
    [new Int32(1), 11000],
  ] as const)
    it(`a second ${String(id)} of a clustered collection gives ${code}`, async () => {
      const insert = { insert: 'k', documents: [{ _id: id }, { _id: id }] };
      expect((await run(insert)).writeErrors).to.have.nested.property('[0].code', code);
    });
});

import { expect } from 'chai';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { Decimal128, Long } from '../../../elmo/bson/package.js';
import {
  createCollection,
  dropCollection,
  dropDatabase,
  renameCollection,
} from '../../../elmo/catalog/define.js';
import { collectionInfo, indexInfos } from '../../../elmo/catalog/listing.js';
import { codeOf, DEFINITIONS, Documents, NAMESPACE } from '../../support/documents.js';

describe('the options of create', () => {
  const clustered = { key: { _id: 1 }, unique: true };
  for (const [options, expected] of [
    [{ capped: true }, 72],
    [{ size: 10 }, 72],
    [{ capped: true, size: 0 }, 2],
    [{ capped: true, size: 'a' }, 14],
    [{ capped: true, size: Long.fromString('1125899906842625') }, 2],
    [
      { capped: true, size: 3.7 },
      { capped: true, size: 3 },
    ],
    [
      { capped: true, size: Decimal128.fromString('4096') },
      { capped: true, size: 4096 },
    ],
    [
      { capped: true, size: 100, max: -1 },
      { capped: true, size: 100, max: 2147483647 },
    ],
    [{ capped: true, size: 100, max: 2 ** 31 }, 2],
    [{ capped: 'x' }, 14],
    [{ capped: null }, {}],
    [{ validator: { $text: { $search: 'a' } } }, 2],
    [{ validator: { a: { $near: [1, 1] } } }, 5626500],
    [{ validationLevel: 'x' }, 2],
    [{ pipeline: [] }, 72],
    [{ viewOn: '' }, 2],
    [{ viewOn: 'x', pipeline: [1] }, 14],
    [{ viewOn: 'a$b' }, 73],
    [{ storageEngine: { foo: {} } }, 72],
    [{ collation: {} }, 40414],
    [{ collation: { locale: 'simple' } }, {}],
    [{ unheardOf: 1 }, 40415],
    [{ expireAfterSeconds: 10 }, 72],
    [{ clusteredIndex: true }, 5979703],
    [{ clusteredIndex: {} }, 40414],
    [{ clusteredIndex: { key: { a: 1 }, unique: true } }, 197],
    [{ clusteredIndex: { key: { _id: 1 }, unique: false } }, 5979700],
    [{ clusteredIndex: clustered, capped: true, size: 10 }, 6049200],
    [
      { clusteredIndex: clustered },
      { clusteredIndex: { v: 2, key: { _id: 1 }, name: '_id_', unique: true } },
    ],
    [{ timeseries: { timeField: 'a.b' } }, 72],
    [{ timeseries: { timeField: 't', metaField: 't' } }, 72],
    [{ timeseries: { timeField: 't', granularity: 'x' } }, 2],
  ] as const)
    it(JSON.stringify(options), async () => {
      const store = new Documents();
      const code = await codeOf(() => store.create(options));
      if (typeof expected === 'number') expect(code).to.equal(expected);
      else {
        expect(code).to.equal('ok');
        expect(decodeDocument(store.reopened().collection().spec.options)).to.deep.equal(expected);
      }
    });
});

describe('names', () => {
  for (const [collection, expected] of [
    ['', 73],
    ['.a', 73],
    ['a.', 'ok'],
    ['a$b', 73],
    ['system.foo', 73],
    ['system.js', 'ok'],
    ['a.system.x', 2],
    ['x\0y', 73],
    ['a'.repeat(250), 'ok'],
    ['a'.repeat(251), 73],
  ] as const)
    it(`${collection.slice(0, 12)} (${collection.length})`, async () => {
      const store = new Documents();
      expect(await codeOf(() => store.create({}, { db: 'shop', collection }))).to.equal(expected);
    });

  it('of databases may not differ by case alone', async () => {
    const store = new Documents();
    await store.create();
    expect(await codeOf(() => store.create({}, { db: 'SHOP', collection: 'x' }))).to.equal(13297);
  });
});

describe('create', () => {
  it('again with the same options is no error, with others it is', async () => {
    const store = new Documents();
    await store.create({ capped: true, size: 10 });
    expect(await codeOf(() => store.create({ capped: true, size: 10 }))).to.equal('ok');
    expect(await codeOf(() => store.create({ capped: true, size: 11 }))).to.equal(48);
  });

  it('of views: no circle, no other collation, no more than 20 on one another', async () => {
    const store = new Documents();
    const view = (collection: string, viewOn: string, options = {}): Promise<number | string> =>
      codeOf(() => store.create({ viewOn, ...options }, { db: 'shop', collection }));
    expect(await view('a', 'a')).to.equal(5);
    expect(await view('v0', 'orders')).to.equal('ok');
    expect(await view('other', 'v0', { collation: { locale: 'fr' } })).to.equal(167);
    for (let i = 1; i < 20; i++) expect(await view(`v${i}`, `v${i - 1}`)).to.equal('ok');
    expect(await view('v20', 'v19')).to.equal(165);
    expect(store.catalog.collectionNames('shop')).to.include('system.views');
  });
});

describe('drop and rename', () => {
  it('drops with all entries, once', async () => {
    const store = new Documents();
    await store.index([{ key: { a: 1 }, name: 'a' }]);
    await store.insert({ _id: 1, a: 1 });
    const drop = () => store.run((unit) => dropCollection(store.catalog, unit, NAMESPACE));
    expect(await drop()).to.deep.equal({ indexCount: 2, existed: true });
    expect(await drop()).to.deep.equal({ indexCount: undefined, existed: false });
    await store.create();
    expect(store.documents()).to.deep.equal([]);
    expect(store.problems()).to.deep.equal([]);
  });

  it('renames into another database, over what is there only if told so', async () => {
    const store = new Documents();
    const target = { db: 'archive', collection: 'old' };
    await store.insert({ _id: 1 });
    await store.create({}, target);
    const rename = (dropsTarget: boolean): Promise<unknown> =>
      store.run((unit) => renameCollection(store.catalog, unit, NAMESPACE, target, dropsTarget));
    expect(await codeOf(() => rename(false))).to.equal(48);
    expect(await codeOf(() => rename(true))).to.equal('ok');
    expect(store.documents(target)).to.deep.equal([{ _id: 1 }]);
    expect(store.catalog.databaseNames()).to.deep.equal(['archive']);
    expect(await codeOf(() => rename(true))).to.equal(26);
  });

  it('drops databases, but not admin', async () => {
    const store = new Documents();
    await store.create();
    const drop = (db: string): Promise<boolean> => store.run((unit) => dropDatabase(store.catalog, unit, db));
    expect(await drop('shop')).to.equal(true);
    expect(await drop('shop')).to.equal(false);
    expect(await codeOf(() => drop('admin'))).to.equal(20);
  });
});

describe('lists', () => {
  it('show collections, views and indexes as the reference does', async () => {
    const store = new Documents();
    await store.create({ validator: { a: 1 } });
    await store.create({ viewOn: 'orders', pipeline: [] }, { db: 'shop', collection: 'v' });
    const { uuid, ...info } = (
      decodeDocument(collectionInfo(store.collection().spec, false)) as {
        info: { uuid: unknown; readOnly: boolean };
      }
    ).info;
    expect([uuid !== undefined, info]).to.deep.equal([true, { readOnly: false }]);
    const view = store.catalog.expect({ db: 'shop', collection: 'v' }).spec;
    expect(decodeDocument(collectionInfo(view, false))).to.deep.equal({
      name: 'v',
      type: 'view',
      options: { viewOn: 'orders', pipeline: [] },
      info: { readOnly: true },
    });
    expect(indexInfos(store.catalog, NAMESPACE).map((raw) => decodeDocument(raw))).to.deep.equal([
      { v: 2, key: { _id: 1 }, name: '_id_' },
    ]);
    expect(await codeOf(() => indexInfos(store.catalog, { db: 'shop', collection: 'v' }))).to.equal(166);
    expect(await codeOf(() => indexInfos(store.catalog, { db: 'shop', collection: 'x' }))).to.equal(26);
  });
});

describe('what a definition keeps', () => {
  it('the order of fields whose names are numbers', async () => {
    const store = new Documents();
    const raw = encodeDocument(
      new Map<string, unknown>([
        [
          'validator',
          new Map([
            ['b', 1],
            ['0', 2],
            ['a', 3],
          ]),
        ],
      ]),
    );
    await store.run((unit) => createCollection(store.catalog, unit, NAMESPACE, raw, DEFINITIONS));
    const kept = store.reopened().collection().spec.validator!;
    expect(
      Buffer.compare(
        kept,
        encodeDocument(
          new Map([
            ['b', 1],
            ['0', 2],
            ['a', 3],
          ]),
        ),
      ),
    ).to.equal(0);
  });
});

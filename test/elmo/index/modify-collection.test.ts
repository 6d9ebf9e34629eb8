import { expect } from 'chai';
import { decodeDocument, Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { Decimal128, Long } from '../../../elmo/bson/package.js';
import { modifyCollection } from '../../../elmo/index/modify-collection.js';
import { codeOf, DEFINITIONS, Documents, NAMESPACE } from '../../support/documents.js';

const exact = new Decoder({ promoteLongs: false });

async function modify(store: Documents, change: object, namespace = NAMESPACE): Promise<object> {
  return exact.decode(
    await modifyCollection(namespace, encodeDocument(change), store.context(), DEFINITIONS),
  );
}

async function opened(): Promise<Documents> {
  const store = new Documents();
  await store.index([
    { key: { a: 1 }, name: 'a' },
    { key: { t: 1 }, name: 't', expireAfterSeconds: 100 },
    { key: { u: 1 }, name: 'u', unique: true },
    { key: { p: 1 }, name: 'p', prepareUnique: true },
    { key: { a: 1, b: 1 }, name: 'ab' },
  ]);
  return store;
}

describe('collMod', () => {
  const ttl = (value: unknown): object => ({ index: { name: 't', expireAfterSeconds: value } });
  const old = { expireAfterSeconds_old: Long.fromNumber(100) };
  for (const [change, expected] of [
    [{}, {}],
    [{ unheardOf: 1 }, 40415],
    [{ index: 5 }, 14],
    [{ index: {} }, 72],
    [{ index: { name: 'a' } }, 72],
    [{ index: { name: 'a', keyPattern: { a: 1 }, hidden: true } }, 72],
    [{ index: { name: 'none', hidden: true } }, 27],
    [{ index: { keyPattern: { z: 1 }, hidden: true } }, 27],
    [{ index: { name: 'a', hidden: true } }, { hidden_old: false, hidden_new: true }],
    [{ index: { keyPattern: { a: 1 }, hidden: false } }, {}],
    [{ index: { name: '_id_', hidden: true } }, 2],
    [ttl(50), { ...old, expireAfterSeconds_new: Long.fromNumber(50) }],
    [ttl(Decimal128.fromString('51.5')), { ...old, expireAfterSeconds_new: Long.fromNumber(52) }],
    [ttl(2 ** 40), { ...old, expireAfterSeconds_new: Long.fromNumber(2 ** 31 - 1) }],
    [ttl(NaN), { ...old, expireAfterSeconds_new: Long.fromNumber(0) }],
    [ttl(-1), 72],
    [ttl('x'), 14],
    [{ index: { name: 'a', expireAfterSeconds: 5 } }, { expireAfterSeconds_new: Long.fromNumber(5) }],
    [{ index: { name: 'ab', expireAfterSeconds: 5 } }, 72],
    [{ index: { name: '_id_', expireAfterSeconds: 5 } }, 72],
    [{ index: { name: 'a', prepareUnique: true } }, { prepareUnique_old: false, prepareUnique_new: true }],
    [{ index: { name: 'p', prepareUnique: true } }, {}],
    [{ index: { name: 'a', prepareUnique: true, hidden: true } }, 72],
    [{ index: { name: 'u', unique: true } }, {}],
    [{ index: { name: 'a', unique: true } }, 72],
    [{ index: { name: 'a', unique: false } }, 2],
    [{ index: { name: 'p', unique: true } }, { unique_new: true }],
    [{ validator: { $text: { $search: 'x' } } }, 2],
    [{ validationLevel: 'x' }, 2],
    [{ viewOn: 'x' }, 72],
    [{ cappedSize: 100 }, 72],
    [{ expireAfterSeconds: 5 }, 72],
    [{ timeseries: { granularity: 'hours' } }, 72],
  ] as const)
    it(JSON.stringify(change), async () => {
      const store = await opened();
      let reply: unknown;
      const code = await codeOf(async () => (reply = await modify(store, change)));
      expect(code === 'ok' ? reply : code).to.deep.equal(expected);
      expect(store.problems()).to.deep.equal([]);
    });

  it('keeps what it changes', async () => {
    const store = await opened();
    await modify(store, {
      validator: { a: 1 },
      validationAction: 'warn',
      index: { name: 'a', hidden: true },
    });
    const { spec } = store.reopened().collection();
    expect(decodeDocument(spec.options)).to.deep.equal({ validator: { a: 1 }, validationAction: 'warn' });
    expect(spec.indexes[1]!.isHidden).to.equal(true);
    await modify(store, { validator: {}, index: { name: 'a', hidden: false } });
    expect(decodeDocument(store.collection().spec.options)).to.deep.equal({ validationAction: 'warn' });
    expect(store.collection().spec.indexes[1]!.isHidden).to.equal(false);
  });

  it('makes an index unique when it has refused duplicates for a while', async () => {
    const store = await opened();
    await store.insert({ _id: 1, u: 1, p: [1, 2] });
    expect(await codeOf(() => store.insert({ _id: 2, u: 2, p: 2 }))).to.equal(11000);
    await store.insert({ _id: 3, u: 3, p: 3 });
    expect(await modify(store, { index: { name: 'p', unique: true } })).to.deep.equal({ unique_new: true });
    expect(store.problems()).to.deep.equal([]);
    expect(await codeOf(() => store.insert({ _id: 4, u: 4, p: 1 }))).to.equal(11000);
    expect(store.collection().indexNamed('p')!.spec).to.include({ isUnique: true, isMultikey: true });
  });

  it('does not, if there are duplicates from before', async () => {
    const store = await opened();
    await store.insert({ _id: 1, a: 7, u: 1, p: 1 });
    await store.insert({ _id: 2, a: 7, u: 2, p: 2 });
    await modify(store, { index: { name: 'a', prepareUnique: true } });
    expect(await codeOf(() => modify(store, { index: { name: 'a', unique: true } }))).to.equal(359);
    expect(store.collection().indexNamed('a')!.spec.isUnique).to.equal(false);
    expect(store.problems()).to.deep.equal([]);
  });

  it('changes views', async () => {
    const store = await opened();
    const view = { db: 'shop', collection: 'v' };
    await store.create({ viewOn: 'orders', pipeline: [] }, view);
    await modify(store, { viewOn: 'others', pipeline: [{ $match: { a: 1 } }] }, view);
    expect(decodeDocument(store.catalog.expect(view).spec.options)).to.deep.equal({
      viewOn: 'others',
      pipeline: [{ $match: { a: 1 } }],
    });
    expect(await codeOf(() => modify(store, { viewOn: 'v' }, view))).to.equal(5);
    expect(await codeOf(() => modify(store, { validator: {} }, view))).to.equal(72);
    expect(await codeOf(() => modify(store, {}, { db: 'shop', collection: 'x' }))).to.equal(26);
  });
});

import { expect } from 'chai';
import { cloneCollectionAsCapped, convertToCapped } from '../../../elmo/index/capped.js';
import { codeOf, Documents, NAMESPACE } from '../../support/documents.js';

const ids = (store: Documents, namespace = NAMESPACE): unknown[] =>
  store.documents(namespace).map((document) => (document as { _id: unknown })._id);

async function filled(): Promise<Documents> {
  const store = new Documents();
  await store.index([{ key: { a: 1 }, name: 'a' }]);
  for (let i = 0; i < 5; i++) await store.insert({ _id: i, a: 'x'.repeat(80) });
  return store;
}

describe('conversion to a capped collection', () => {
  it('keeps the newest documents that fit, and the index on _id', async () => {
    const store = await filled();
    await convertToCapped(NAMESPACE, 250, store.context());
    expect(ids(store)).to.deep.equal([3, 4]);
    const { spec } = store.reopened().collection();
    expect([spec.isCapped, spec.cappedBytes, spec.indexes.length]).to.deep.equal([true, 250, 1]);
    expect(store.problems()).to.deep.equal([]);
    await store.insert({ _id: 5, a: 'x'.repeat(80) });
    expect(ids(store)).to.deep.equal([4, 5]);
  });

  it('refuses what is no collection', async () => {
    const store = await filled();
    await store.create({ viewOn: 'orders' }, { db: 'shop', collection: 'v' });
    const convert = (collection: string, size = 100): Promise<number | string> =>
      codeOf(() => convertToCapped({ db: 'shop', collection }, size, store.context()));
    expect(await convert('v')).to.equal(166);
    expect(await convert('none')).to.equal(26);
    expect(await convert('orders', 0)).to.equal(2);
  });

  it('copies to a name that is free', async () => {
    const store = await filled();
    const copy = { db: 'shop', collection: 'copy' };
    const clone = (): Promise<number | string> =>
      codeOf(() => cloneCollectionAsCapped(NAMESPACE, copy, 10_000, store.context()));
    expect(await clone()).to.equal('ok');
    expect(ids(store, copy)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(store.problems(copy)).to.deep.equal([]);
    expect(await clone()).to.equal(48);
  });
});

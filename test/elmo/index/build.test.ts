import { expect } from 'chai';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { dropUnfinishedIndexes } from '../../../elmo/index/build.js';
import { codeOf, Documents, NAMESPACE } from '../../support/documents.js';

async function filled(count: number): Promise<Documents> {
  const store = new Documents();
  await store.run((unit) => {
    for (let i = 0; i < count; i++) store.insertThrough(unit, { _id: i, a: i, b: [i, -i] });
  });
  return store;
}

const names = (store: Documents): string[] => store.collection().spec.indexes.map(({ name }) => name);

describe('building an index', () => {
  it('over documents that are there', async () => {
    const store = await filled(400);
    await store.index([
      { key: { a: 1 }, name: 'a', unique: true },
      { key: { b: -1 }, name: 'b' },
    ]);
    expect(store.problems()).to.deep.equal([]);
    expect(
      store.collection().spec.indexes.map(({ isReady, isMultikey }) => [isReady, isMultikey]),
    ).to.deep.equal([
      [true, false],
      [true, false],
      [true, true],
    ]);
  });

  it('while others insert, change and remove', async () => {
    const store = await filled(900);
    const build = store.index([
      { key: { a: 1 }, name: 'a', unique: true },
      { key: { b: 1 }, name: 'b' },
    ]);
    for (let i = 0; i < 20; i++) {
      await store.replace(1 + i * 40, { _id: i * 40, a: -1 - i, b: 'changed' });
      await store.remove(2 + i * 40);
      await store.insert({ _id: 10_000 + i, a: 10_000 + i });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await build;
    expect(names(store)).to.deep.equal(['_id_', 'a', 'b']);
    expect(store.problems()).to.deep.equal([]);
  });

  it('fails on duplicates, and leaves nothing behind', async () => {
    const store = await filled(500);
    await store.insert({ _id: 'twin', a: 499 });
    expect(await codeOf(() => store.index([{ key: { a: 1 }, name: 'a', unique: true }]))).to.equal(11000);
    expect(names(store)).to.deep.equal(['_id_']);
    expect(store.problems()).to.deep.equal([]);
    expect(await codeOf(() => store.index([{ key: { a: 1 }, name: 'a' }]))).to.equal('ok');
    expect(store.problems()).to.deep.equal([]);
  });

  it('fails on parallel arrays', async () => {
    const store = await filled(10);
    await store.insert({ _id: 'x', a: [1], b: [1] });
    expect(await codeOf(() => store.index([{ key: { a: 1, b: 1 }, name: 'ab' }]))).to.equal(171);
    expect(names(store)).to.deep.equal(['_id_']);
  });

  it('that a crash interrupts is forgotten at the next open', async () => {
    const store = await filled(900);
    void store.index([{ key: { a: 1 }, name: 'a' }]).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(names(store)).to.include('a');
    const reopened = store.reopened();
    await dropUnfinishedIndexes(reopened.kv, reopened.committer, reopened.catalog);
    expect(names(reopened)).to.deep.equal(['_id_']);
    expect(reopened.problems()).to.deep.equal([]);
  });

  it('ends when the collection is dropped', async () => {
    const store = await filled(900);
    const outcome = codeOf(() => store.index([{ key: { a: 1 }, name: 'a' }]));
    await store.run((unit) => store.catalog.drop(unit, store.catalog.expect(NAMESPACE)));
    expect(await outcome).to.equal(276);
    expect(store.catalog.get(NAMESPACE)).to.equal(undefined);
  });

  it('shows the definition as it was understood', async () => {
    const store = new Documents();
    await store.index([
      { expireAfterSeconds: 10.7, name: 'x', key: { a: 1 }, sparse: 1, unique: 0, hidden: true },
    ]);
    expect(decodeDocument(store.collection().spec.indexes[1]!.definition)).to.deep.equal({
      v: 2,
      key: { a: 1 },
      name: 'x',
      hidden: true,
      sparse: true,
      expireAfterSeconds: 10,
    });
  });
});

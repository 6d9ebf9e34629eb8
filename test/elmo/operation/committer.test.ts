import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import type { ElmoError } from '../../../elmo/errors.js';
import type { WriteUnit } from '../../../elmo/operation/write-unit.js';
import { codeOf, Documents, NAMESPACE } from '../../support/documents.js';

/** Writes `a: value` into the record, through any unit. */
function change(store: Documents, unit: WriteUnit, recordId: number, value: number): void {
  const collection = store.collection(NAMESPACE, unit);
  const old = unit.get(collection.recordKey(recordId))!;
  collection.replace(unit, recordId, old, 0, encodeDocument({ _id: recordId, a: value }));
}

async function withRecords(count: number): Promise<{ store: Documents; ids: number[] }> {
  const store = new Documents();
  await store.index([
    { key: { a: 1 }, name: 'a' },
    { key: { u: 1 }, name: 'u', unique: true, sparse: true },
  ]);
  const ids: number[] = [];
  for (let i = 1; i <= count; i++) ids.push(await store.insert({ _id: i, a: 0 }));
  return { store, ids };
}

describe('transactions and other writes', () => {
  it('a transaction sees its own writes, others see them after the commit', async () => {
    const { store, ids } = await withRecords(1);
    const unit = store.committer.begin();
    change(store, unit, ids[0]!, 7);
    expect(store.documents()).to.deep.equal([{ _id: 1, a: 0 }]);
    await unit.commit();
    expect(store.documents()).to.deep.equal([{ _id: 1, a: 7 }]);
    expect(store.problems()).to.deep.equal([]);
  });

  it('refuses at the write what another open transaction has written', async () => {
    const { store, ids } = await withRecords(1);
    const [first, second] = [store.committer.begin(), store.committer.begin()];
    change(store, first, ids[0]!, 1);
    let refusal: ElmoError | undefined;
    try {
      change(store, second, ids[0]!, 2);
    } catch (error) {
      refusal = error as ElmoError;
    }
    expect(refusal?.code).to.equal(112);
    expect(refusal?.details.errorLabels).to.deep.equal(['TransientTransactionError']);
    second.rollback();
    await first.commit();
    expect(store.documents()).to.deep.equal([{ _id: 1, a: 1 }]);
  });

  it('refuses at the write what was committed after the transaction began', async () => {
    const { store, ids } = await withRecords(1);
    const unit = store.committer.begin();
    await store.replace(ids[0]!, { _id: 1, a: 5 });
    expect(await codeOf(() => change(store, unit, ids[0]!, 2))).to.equal(112);
    unit.rollback();
  });

  it('a write outside waits until the transaction has ended', async () => {
    const { store, ids } = await withRecords(1);
    const unit = store.committer.begin();
    change(store, unit, ids[0]!, 1);
    let isDone = false;
    const outside = store.run((other) => change(store, other, ids[0]!, 2)).then(() => (isDone = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).to.equal(false);
    await unit.commit();
    await outside;
    expect(store.documents()).to.deep.equal([{ _id: 1, a: 2 }]);
    expect(store.problems()).to.deep.equal([]);
  });

  it('and not longer than it may take', async () => {
    const { store, ids } = await withRecords(1);
    const unit = store.committer.begin();
    change(store, unit, ids[0]!, 1);
    expect(await codeOf(() => store.run((other) => change(store, other, ids[0]!, 2), 20))).to.equal(50);
    unit.rollback();
    expect(store.committer.claims.isEmpty).to.equal(true);
  });

  it('waits too for a unique value that an open transaction has taken', async () => {
    const { store } = await withRecords(0);
    const unit = store.committer.begin();
    store.insertThrough(unit, { _id: 1, u: 'x' });
    const outside = codeOf(() => store.insert({ _id: 2, u: 'x' }));
    await unit.commit();
    expect(await outside).to.equal(11000);
    expect(store.problems()).to.deep.equal([]);
  });

  it('a statement that fails is rolled back alone', async () => {
    const { store } = await withRecords(0);
    const unit = store.committer.begin();
    store.insertThrough(unit, { _id: 1, a: 1 });
    const mark = unit.mark();
    store.insertThrough(unit, { _id: 2, a: 2 });
    unit.rollbackTo(mark);
    expect(await codeOf(() => store.insert({ _id: 2, a: 'others may write it' }))).to.equal('ok');
    await unit.commit();
    expect(store.documents().map((document) => (document as { _id: number })._id)).to.have.members([1, 2]);
    expect(store.collection().state.documentCount).to.equal(2);
    expect(store.problems()).to.deep.equal([]);
  });

  it('a collection changed since the transaction began cannot be read in it', async () => {
    const { store } = await withRecords(1);
    const unit = store.committer.begin();
    await store.index([{ key: { z: 1 }, name: 'z' }]);
    expect(await codeOf(() => store.collection(NAMESPACE, unit))).to.equal(246);
    unit.rollback();
  });

  it('a definition is changed only when no open transaction uses the collection', async () => {
    const { store } = await withRecords(1);
    const unit = store.committer.begin();
    store.collection(NAMESPACE, unit);
    const dropped = store.run((other) => store.catalog.drop(other, store.catalog.expect(NAMESPACE)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.catalog.get(NAMESPACE)).to.not.equal(undefined);
    unit.rollback();
    await dropped;
    expect(store.catalog.get(NAMESPACE)).to.equal(undefined);
  });

  it('a collection made in a transaction is there with its commit, gone with its rollback', async () => {
    const store = new Documents();
    const given = store.committer.begin();
    store.insertThrough(given, { _id: 1 });
    expect(store.catalog.get(NAMESPACE)).to.equal(undefined);
    given.rollback();
    expect(store.catalog.get(NAMESPACE)).to.equal(undefined);
    const kept = store.committer.begin();
    store.insertThrough(kept, { _id: 1 });
    await kept.commit();
    expect(store.documents()).to.deep.equal([{ _id: 1 }]);
    expect(store.problems()).to.deep.equal([]);
  });
});

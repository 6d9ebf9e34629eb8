import { expect } from 'chai';
import { MemoryKv } from '../../../lsm/index.js';
import {
  arrayKnowledge,
  arrayPathBounds,
  arrayPathKey,
  ArrayPaths,
} from '../../../elmo/catalog/array-paths.js';
import { newIndexSpec } from '../../../elmo/catalog/record.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { Committer } from '../../../elmo/operation/committer.js';

const KEYSPACE = 20;

describe('elmo/catalog/array-paths', () => {
  let kv: MemoryKv;
  let committer: Committer;
  let paths: ArrayPaths;
  beforeEach(() => {
    kv = new MemoryKv();
    committer = new Committer(kv);
    paths = new ArrayPaths(kv, KEYSPACE);
  });
  const stored = (): number => {
    const cursor = kv.scan(arrayPathBounds(KEYSPACE));
    let count = 0;
    while (cursor.next()) count++;
    cursor.close();
    return count;
  };

  it('a path has its bytes behind the keyspace of its index', () => {
    expect([...arrayPathKey(KEYSPACE, 'a.b')]).to.deep.equal([8, 20, 97, 46, 98]);
  });

  it('what a unit notes is there with its commit, and found by whoever opens the store', async () => {
    const unit = committer.direct();
    for (const path of ['a', 'a', 'a.b']) paths.note(unit, path, false);
    expect([paths.has('a', kv), stored()]).to.deep.equal([false, 0]);
    await unit.commit();
    expect([paths.has('a', kv), paths.has('a.b', kv), paths.has('b', kv)]).to.deep.equal([true, true, false]);
    expect(stored()).to.equal(2);
    expect(new ArrayPaths(kv, KEYSPACE).has('a.b', kv)).to.equal(true);
    expect(new ArrayPaths(kv, KEYSPACE + 1).has('a.b', kv)).to.equal(false);
  });

  it('what is given up is noted by the next who meets it', async () => {
    const unit = committer.direct();
    paths.note(unit, 'a', false);
    unit.rollback();
    paths.note(unit, 'a', false);
    await unit.commit();
    expect([paths.has('a', kv), stored()]).to.deep.equal([true, 1]);
  });

  it('others note what an open transaction has noted for itself, and may give up', async () => {
    const transaction = committer.begin();
    paths.note(transaction, 'a', false);
    expect([paths.has('a', kv), paths.has('a', transaction.view)]).to.deep.equal([false, true]);
    const unit = committer.direct();
    paths.note(unit, 'a', false);
    await unit.commit();
    transaction.rollback();
    expect([paths.has('a', kv), stored()]).to.deep.equal([true, 1]);
  });

  it('a statement of a transaction that is undone takes what it noted along', async () => {
    const transaction = committer.begin();
    paths.note(transaction, 'a', false);
    const mark = transaction.mark();
    paths.note(transaction, 'b', false);
    transaction.rollbackTo(mark);
    paths.note(transaction, 'b', false);
    await transaction.commit();
    expect([paths.has('a', kv), paths.has('b', kv), stored()]).to.deep.equal([true, true, 2]);
  });

  it('what is noted ahead of a transaction is there at once, and no conflict', async () => {
    const [one, other] = [committer.begin(), committer.begin()];
    paths.note(one, 'a', true);
    paths.note(other, 'a', true);
    expect([paths.has('a', one.view), paths.has('a', other.view)]).to.deep.equal([true, true]);
    one.rollback();
    await other.commit();
    expect([paths.has('a', kv), stored()]).to.deep.equal([true, 1]);
  });

  it('a path that was looked for in vain is found when it is noted', async () => {
    for (const isAhead of [false, true]) {
      const path = String(isAhead);
      const unit = committer.begin();
      expect([paths.has(path, kv), paths.has(path, unit.view)]).to.deep.equal([false, false]);
      paths.note(unit, path, isAhead);
      expect([paths.has(path, kv), paths.has(path, unit.view)]).to.deep.equal([isAhead, true]);
      await unit.commit();
      expect(paths.has(path, kv)).to.equal(true);
    }
  });

  it('more paths than are kept in memory are found all the same', async () => {
    const unit = committer.direct();
    for (let i = 0; i < 5000; i++) paths.note(unit, `p${i}`, false);
    await unit.commit();
    expect([0, 1, 4095, 4096, 4999].map((i) => paths.has(`p${i}`, kv))).to.deep.equal(Array(5).fill(true));
  });

  it('an index says whether it knows of no arrays, of their paths, or only that there are some', () => {
    const definition = encodeDocument({ v: 2, key: { n: 1, 'a.$**': 1 }, name: 'w' });
    const spec = newIndexSpec(definition, KEYSPACE, true);
    const withComponents = (...components: number[]): string =>
      arrayKnowledge({ ...spec, multikeyComponents: [new Set(), new Set(components)] });
    expect([withComponents(), withComponents(0, 1), withComponents(0)]).to.deep.equal([
      'none',
      'paths',
      'some',
    ]);
  });
});

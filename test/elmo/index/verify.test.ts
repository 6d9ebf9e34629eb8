import { expect } from 'chai';
import { keyspaceBounds } from '../../../elmo/keys/key-layout.js';
import { repairCollection, verifyCollection, verifyInSlices } from '../../../elmo/index/verify.js';
import { Operation } from '../../../elmo/operation/operation.js';
import { Documents } from '../../support/documents.js';

describe('elmo/index/verify', () => {
  let store: Documents;
  beforeEach(async () => {
    store = new Documents();
    await store.index([
      { key: { a: 1 }, name: 'a' },
      { key: { u: 1 }, name: 'u', unique: true },
    ]);
    for (let i = 0; i < 3; i++) await store.insert({ _id: i, a: [i, i + 10], u: i });
  });

  const keysOf = (name: string): Uint8Array[] => {
    const { keyspace } = store.collection().indexNamed(name)!.spec;
    const keys: Uint8Array[] = [];
    const cursor = store.kv.scan(keyspaceBounds(keyspace));
    while (cursor.next()) keys.push(cursor.key());
    cursor.close();
    return keys;
  };
  const change = async (put: readonly [Uint8Array, Uint8Array][], deleted: readonly Uint8Array[]) =>
    store.run((unit) => {
      for (const [key, value] of put) unit.putEntry(key, value);
      for (const key of deleted) unit.deleteEntry(key);
    });
  const repair = (): Promise<unknown> => store.run((unit) => repairCollection(unit, store.collection()));

  it('counts what is there', () => {
    const found = verifyCollection(store.kv, store.collection());
    expect(found).to.deep.include({ documents: 3, damaged: 0, entries: 12, problems: [] });
    expect(found.indexes[1]).to.deep.equal({ name: 'a', entries: 6, missing: 0, extra: 0 });
  });

  for (const name of ['_id_', 'a', 'u'])
    it(`a lost entry of ${name} is found and put back`, async () => {
      await change([], [keysOf(name)[0]!]);
      const found = verifyCollection(store.kv, store.collection());
      expect(found.problems).to.have.length(1);
      expect(found.indexes.find((index) => index.name === name)).to.include({ missing: 1, extra: 0 });
      await repair();
      expect(store.problems()).to.deep.equal([]);
    });

  it('an entry that no document has is found and removed', async () => {
    const key = keysOf('a')[0]!.slice();
    key[key.length - 2]! ^= 8; // another value of the same document
    await change([[key, new Uint8Array(0)]], []);
    expect(verifyCollection(store.kv, store.collection()).indexes[1]).to.include({ missing: 0, extra: 1 });
    await repair();
    expect(store.problems()).to.deep.equal([]);
  });

  it('wrong counts are found and put right', async () => {
    await store.run((unit) => unit.count(store.collection().state, 5, 50));
    expect(store.problems()).to.have.length(1);
    await repair();
    expect(store.problems()).to.deep.equal([]);
    expect(store.collection().state.documentCount).to.equal(3);
  });

  it('lets others run, and is about what was there when it began', async () => {
    let turns = 0;
    let now = 0;
    const clock = {
      wallMs: () => 0,
      nowMs: () => (now += 10),
      turn: async () => {
        if (turns++ === 0) await store.insert({ _id: 'late', a: 99, u: 99 });
      },
    };
    for (let i = 100; i < 400; i++) await store.insert({ _id: i, a: [i, i + 1000], u: i });
    const found = await verifyInSlices(store.kv, store.collection(), new Operation(clock));
    expect(found).to.deep.include({ documents: 303, problems: [] });
    expect(turns).to.be.greaterThan(3);
    expect(verifyCollection(store.kv, store.collection())).to.deep.include({ documents: 304, problems: [] });
  });
});

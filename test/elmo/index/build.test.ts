import { expect } from 'chai';
import { MEMORY_PATH, MemoryKv, openLsm, type LsmStore, type OrderedKv } from '../../../lsm/index.js';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { dropUnfinishedIndexes } from '../../../elmo/index/build.js';
import type { WriteUnit } from '../../../elmo/operation/write-unit.js';
import { SeededRandom } from '../../support/seeded-random.js';
import type { Dice } from '../../support/values.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { codeOf, Documents, NAMESPACE } from '../../support/documents.js';

const WAYS = [
  ['through the memtables', Infinity],
  ['by a load', 1],
] as const;

async function filled(
  count: number,
  leastLoaded: number,
  kv: OrderedKv = new MemoryKv(),
): Promise<Documents> {
  const store = new Documents(kv, leastLoaded);
  await store.run((unit) => {
    for (let i = 0; i < count; i++) store.insertThrough(unit, { _id: i, a: i, b: [i, -i] });
  });
  return store;
}

const names = (store: Documents): string[] => store.collection().spec.indexes.map(({ name }) => name);

for (const [how, leastLoaded] of WAYS)
  describe(`building an index ${how}`, () => {
    it('over documents that are there', async () => {
      const store = await filled(400, leastLoaded);
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
      const store = await filled(900, leastLoaded);
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
      const store = await filled(500, leastLoaded);
      await store.insert({ _id: 'twin', a: 499 });
      expect(await codeOf(() => store.index([{ key: { a: 1 }, name: 'a', unique: true }]))).to.equal(11000);
      expect(names(store)).to.deep.equal(['_id_']);
      expect(store.problems()).to.deep.equal([]);
      expect(await codeOf(() => store.index([{ key: { a: 1 }, name: 'a' }]))).to.equal('ok');
      expect(store.problems()).to.deep.equal([]);
    });

    it('fails on parallel arrays', async () => {
      const store = await filled(10, leastLoaded);
      await store.insert({ _id: 'x', a: [1], b: [1] });
      expect(await codeOf(() => store.index([{ key: { a: 1, b: 1 }, name: 'ab' }]))).to.equal(171);
      expect(names(store)).to.deep.equal(['_id_']);
    });

    it('that a crash interrupts is forgotten at the next open', async () => {
      const store = await filled(900, leastLoaded);
      void store.index([{ key: { a: 1 }, name: 'a' }]).catch(() => undefined);
      while (!names(store).includes('a')) await Promise.resolve(); // known, and hardly begun
      const reopened = store.reopened();
      await dropUnfinishedIndexes(reopened.kv, reopened.committer, reopened.catalog);
      expect(names(reopened)).to.deep.equal(['_id_']);
      expect(reopened.problems()).to.deep.equal([]);
    });

    it('ends when the collection is dropped', async () => {
      const store = await filled(900, leastLoaded);
      const outcome = codeOf(() => store.index([{ key: { a: 1 }, name: 'a' }]));
      await store.run((unit) => store.catalog.drop(unit, store.catalog.expect(NAMESPACE)));
      expect(await outcome).to.equal(276);
      expect(store.catalog.get(NAMESPACE)).to.equal(undefined);
    });
  });

/** Keeps what happens in it a few turns of the event loop apart from what comes next. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const KINDS: readonly object[] = [
  { key: { a: 1 }, name: 'a' },
  { key: { b: -1, a: 1 }, name: 'b' },
  { key: { u: 1 }, name: 'u', unique: true, sparse: true },
  { key: { t: 1 }, name: 'part', partialFilterExpression: { a: { $gt: 3 } } },
  { key: { t: 'hashed' }, name: 'hashed' },
  { key: { '$**': 1 }, name: 'wild' },
  { key: { t: 1 }, name: 'text', collation: { locale: 'en', strength: 2 } },
];

/** A document of a few fields, or without some of them, with arrays here and there. */
function someDocument(id: number, dice: Dice): object {
  return {
    _id: id,
    a: dice.int(8),
    ...(dice.int(3) === 0
      ? { b: Array.from({ length: dice.int(4) }, () => dice.int(3)) }
      : { b: dice.int(9) }),
    ...(dice.int(2) === 0 ? { u: `${id} ${dice.int(1000)}` } : {}),
    t: ['One', 'one', 'two', 'Three'][dice.int(4)],
  };
}

describe('indexes that are loaded while others write', () => {
  let kv: LsmStore;
  beforeEach(async () => {
    kv = await openLsm(MEMORY_PATH, {
      memtableBytes: 16_384,
      transactionBytes: 4096,
      transactionRuns: 2,
      tableBytes: 8192,
      levelOneBytes: 16_384,
    });
  });
  afterEach(async () => {
    expect(await kv.check({ deep: true })).to.deep.equal([]);
    await kv.close();
  });

  /** One write of its own, or a transaction of several that ends some turns later. */
  async function change(store: Documents, dice: Dice, state: { count: number }): Promise<void> {
    const write = (unit: WriteUnit): void => {
      const collection = store.collection(NAMESPACE, unit);
      const recordId = 1 + dice.int(state.count);
      const old = unit.get(collection.recordKey(recordId));
      const roll = dice.int(10);
      if (roll < 3 || old === undefined) {
        store.insertThrough(unit, someDocument(++state.count, dice));
      } else if (roll < 8) {
        const { _id } = decodeDocument(old) as { _id: number };
        collection.replace(unit, recordId, old, 0, encodeDocument(someDocument(_id, dice)));
      } else collection.remove(unit, recordId, old, 0);
    };
    if (dice.int(4) > 0) return store.run(write);
    const unit = store.committer.begin();
    try {
      for (let n = 1 + dice.int(4); n > 0; n--) {
        write(unit);
        await turn();
      }
      if (dice.int(3) === 0) unit.rollback();
      else await unit.commit();
    } catch (error) {
      unit.rollback();
      if (![112, 246].includes((error as { code: number }).code)) throw error;
    }
  }

  for (let seed = 1; seed <= 8; seed++)
    it(`hold what the documents hold in the end (seed ${seed})`, async () => {
      const dice = new SeededRandom(seed);
      const store = new Documents(kv, 1);
      const state = { count: 400 };
      await store.run((unit) => {
        for (let i = 1; i <= 400; i++) store.insertThrough(unit, someDocument(i, dice));
      });
      const definitions = KINDS.filter(() => dice.int(2) === 0);
      const before = new Set(names(store));
      let isBuilt = false;
      const build = store
        .index(definitions.length === 0 ? KINDS : definitions)
        .finally(() => (isBuilt = true));
      while (!isBuilt) {
        const changes = Array.from({ length: dice.int(4) }, () => change(store, dice, state));
        await Promise.all([...changes, turn()]);
      }
      await build;
      for (let n = 0; n < 30; n++) await change(store, dice, state);
      expect(names(store).length).to.be.greaterThan(before.size);
      expect(store.collection().spec.indexes.every(({ isReady }) => isReady)).to.equal(true);
      expect(store.problems()).to.deep.equal([]);
    });

  it('are unique if they are at the end, whatever was taken back meanwhile', async () => {
    const store = await filled(600, 1, kv);
    const twin = await store.insert({ _id: 'twin', a: 5 });
    const build = store.index([{ key: { a: 1 }, name: 'a', unique: true }]);
    await store.remove(twin);
    await build;
    expect(await codeOf(() => store.insert({ _id: 'other', a: 5 }))).to.equal(11000);
    expect(store.problems()).to.deep.equal([]);
  });

  it('fail on a value that comes twice only while they are loaded', async () => {
    const store = await filled(600, 1, kv);
    const outcome = codeOf(() => store.index([{ key: { a: 1 }, name: 'a', unique: true }]));
    await turn();
    await store.insert({ _id: 'twin', a: 7 });
    expect(await outcome).to.equal(11000);
    expect(names(store)).to.deep.equal(['_id_']);
    expect(store.problems()).to.deep.equal([]);
  });

  it('wait for a transaction that was open while they were loaded', async () => {
    const store = await filled(600, 1, kv);
    let isBuilt = false;
    const build = store.index([{ key: { a: 1 }, name: 'a', unique: true }]).then(() => (isBuilt = true));
    await turn();
    const unit = store.committer.begin();
    store.insertThrough(unit, { _id: 'late', a: 'late' });
    for (let n = 0; n < 100; n++) await turn();
    expect(isBuilt).to.equal(false);
    await unit.commit();
    await build;
    expect(store.problems()).to.deep.equal([]);
  });
});

describe('a definition of an index', () => {
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

/** Where documents of a wildcard index have had arrays: stored with what brings them, and for good. */
import { expect } from 'chai';
import type { OrderedKv } from '../../../lsm/index.js';
import { readText } from '../../../elmo/bson/read.js';
import { arrayKnowledge, arrayPathBounds, arrayPathKey } from '../../../elmo/catalog/array-paths.js';
import { Catalog, catalogKey } from '../../../elmo/catalog/catalog.js';
import { decodeCollection, encodeCollection } from '../../../elmo/catalog/record.js';
import { FIRST_LAYOUT } from '../../../elmo/catalog/keyspaces.js';
import { needsRepair, repairCollection, verifyCollection } from '../../../elmo/index/verify.js';
import { codeOf, Documents, NAMESPACE } from '../../support/documents.js';

const WILD = { key: { '$**': 1 }, name: 'wild' };

const keyspaceOf = (store: Documents, name = 'wild'): number =>
  store.collection().indexNamed(name)!.spec.keyspace;

function noted(kv: OrderedKv, keyspace: number): string[] {
  const paths: string[] = [];
  const { low } = arrayPathBounds(keyspace);
  const cursor = kv.scan(arrayPathBounds(keyspace));
  while (cursor.next()) paths.push(readText(cursor.keyBytes, low.length, cursor.keyLength));
  cursor.close();
  return paths;
}

const pathsOf = (store: Documents, name = 'wild'): string[] => noted(store.kv, keyspaceOf(store, name));
const knowledge = (store: Documents): string => arrayKnowledge(store.collection().indexNamed('wild')!.spec);

/** What the layout of the file is, by what a catalog of an older version would say. */
function layoutOf({ kv }: Documents): number {
  const bytes = kv.get(Buffer.from([0, ...Buffer.from('format')]))!;
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
}

describe('arrays that a wildcard index meets', () => {
  let store: Documents;
  beforeEach(async () => {
    store = new Documents();
    await store.index([WILD]);
  });
  afterEach(() => expect(store.problems()).to.deep.equal([]));

  for (const [what, document, expected] of [
    ['none where there are none', { a: { b: 1 } }, []],
    ['the path of an array', { a: [1, 2] }, ['a']],
    ['an empty one', { a: { b: [] } }, ['a.b']],
    ['those below, without places', { a: [{ b: [1] }, { b: [{ c: [2] }] }] }, ['a', 'a.b', 'a.b.c']],
    ['not an array in an array', { a: [[1, [{ b: [1] }]]] }, ['a']],
    ['names of digits as they are', { a: { 0: [1] } }, ['a.0']],
  ] as const)
    it(`are noted by path: ${what}`, async () => {
      await store.insert({ _id: [...expected], ...document });
      expect(pathsOf(store)).to.deep.equal(expected);
      expect(knowledge(store)).to.equal(expected.length === 0 ? 'none' : 'paths');
    });

  it('stay noted when they are changed, removed, and dropped with the index', async () => {
    const id = await store.insert({ _id: 1, a: 1 });
    await store.replace(id, { _id: 1, a: [1] }, ['a']);
    await store.replace(id, { _id: 1, a: 2 }, ['a']);
    await store.remove(id);
    expect(pathsOf(store)).to.deep.equal(['a']);
    const keyspace = keyspaceOf(store);
    await store.run((unit) => store.catalog.drop(unit, store.catalog.expect(NAMESPACE)));
    expect(noted(store.kv, keyspace)).to.deep.equal([]);
    await store.insert({ _id: 1 });
  });

  it('of a document that is refused are not noted', async () => {
    await store.insert({ _id: 1 });
    expect(await codeOf(() => store.insert({ _id: 1, a: [1] }))).to.equal(11000);
    await store.insert({ _id: 2, b: [1] });
    expect(pathsOf(store)).to.deep.equal(['b']);
  });

  it('of many documents are stored once', async () => {
    const written: number[] = [];
    for (let n = 0; n < 3; n++) {
      const { seq } = store.kv;
      await store.run((unit) => {
        for (let i = 0; i < 50; i++) store.insertThrough(unit, { _id: `${n} ${i}`, a: [i], b: [{ c: [i] }] });
      });
      written.push(store.kv.seq - seq);
    }
    expect(written[1]).to.equal(written[2]);
    expect(pathsOf(store)).to.deep.equal(['a', 'b', 'b.c']);
  });

  it('of a transaction are known to all at once, and stay when it is given up', async () => {
    await store.insert({ _id: 0 });
    const unit = store.committer.begin();
    store.insertThrough(unit, { _id: 1, a: [1] });
    expect(pathsOf(store)).to.deep.equal(['a']);
    await store.insert({ _id: 2, a: [2] });
    unit.rollback();
    expect([pathsOf(store), knowledge(store)]).to.deep.equal([['a'], 'paths']);
  });

  for (const [how, leastLoaded] of [
    ['through the memtables', Infinity],
    ['by a load', 1],
  ] as const)
    it(`are noted by a build ${how}`, async () => {
      store = new Documents(undefined, leastLoaded);
      await store.run((unit) => {
        for (let i = 0; i < 300; i++)
          store.insertThrough(unit, { _id: i, n: i, [`p${i % 3}`]: i % 2 === 0 ? [i] : i });
      });
      await store.index([WILD, { key: { 'p1.$**': 1 }, name: 'part', partialFilterExpression: { n: 1 } }]);
      expect(pathsOf(store)).to.deep.equal(['p0', 'p1', 'p2']);
      expect(pathsOf(store, 'part')).to.deep.equal([]);
      expect(pathsOf(store.reopened())).to.deep.equal(['p0', 'p1', 'p2']);
    });

  it('are those of what the projection takes, and on the way to it', async () => {
    await store.index([{ ...WILD, name: 'within', wildcardProjection: { 'a.b': 1 } }]);
    await store.insert({ _id: 1, a: [{ b: [1], c: [1] }], d: [1] });
    await store.insert({ _id: 2, a: { c: [1] } });
    expect(pathsOf(store, 'within')).to.deep.equal(['a', 'a.b']);
  });

  it('that nobody noted are found by a verification, and noted by a repair', async () => {
    await store.insert({ _id: 1, a: [1], b: [1] });
    await store.run((unit) => unit.deleteEntry(arrayPathKey(keyspaceOf(store), 'a')));
    store = store.reopened();
    expect(store.problems()).to.deep.equal(['index wild does not know of the array at a of record 1']);
    await store.run((unit) => repairCollection(unit, store.collection()));
    expect(pathsOf(store)).to.deep.equal(['a', 'b']);
  });
});

describe('a wildcard index of an older version', () => {
  let store: Documents;
  beforeEach(async () => {
    const newer = new Documents();
    await newer.index([WILD]);
    await newer.insert({ _id: 1, a: [1], b: 1 });
    const { kv } = newer;
    const spec = decodeCollection(NAMESPACE, kv.get(catalogKey(NAMESPACE))!);
    const indexes = spec.indexes.map((index) =>
      index.kind === 'wildcard' ? { ...index, multikeyComponents: [new Set([0])] } : index,
    );
    const batch = kv.batch();
    batch.put(catalogKey(NAMESPACE), encodeCollection({ ...spec, indexes }));
    batch.deleteRange(arrayPathBounds(keyspaceOf(newer)));
    await kv.write(batch);
    store = newer.reopened();
  });
  afterEach(() => expect(store.problems()).to.deep.equal([]));

  it('knows that there are arrays, and not where', async () => {
    expect(knowledge(store)).to.equal('some');
    await store.insert({ _id: 2, c: [1] });
    store = store.reopened();
    expect(knowledge(store)).to.equal('some');
  });

  it('knows all paths after a repair', async () => {
    await store.insert({ _id: 2, c: { d: [1] } });
    const isWanted = (): boolean =>
      needsRepair(verifyCollection(store.kv, store.collection()), store.collection());
    expect(isWanted()).to.equal(true);
    await store.run((unit) => repairCollection(unit, store.collection()));
    expect([knowledge(store), pathsOf(store)]).to.deep.equal(['paths', ['a', 'c.d']]);
    expect(knowledge(store.reopened())).to.equal('paths');
    expect(isWanted()).to.equal(false);
  });
});

describe('the layout of a file', () => {
  it('is the first until a wildcard index meets an array', async () => {
    const store = new Documents();
    await store.index([WILD, { key: { a: 1 }, name: 'a' }]);
    await store.insert({ _id: 1, a: 1 });
    expect(layoutOf(store)).to.equal(FIRST_LAYOUT);
    await store.insert({ _id: 2, a: [1] });
    expect(layoutOf(store)).to.equal(2);
  });

  it('of a later version is refused', async () => {
    const store = new Documents();
    await store.insert({ _id: 1 });
    const later = new Uint8Array(8);
    new DataView(later.buffer).setFloat64(0, 3);
    await store.kv.put(Buffer.from([0, ...Buffer.from('format')]), later);
    expect(() => new Catalog(store.kv, { openCollections: 1, newUuid: () => new Uint8Array(16) })).to.throw(
      'layout 3',
    );
  });
});

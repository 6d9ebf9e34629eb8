import { expect } from 'chai';
import { valueOf } from '../../../elmo/bson/value.js';
import { plainJs } from '../../../elmo/bson/value.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { NAMESPACE } from '../../support/documents.js';
import { EngineWriter, raw, type PlainUpdate } from './engine-writer.js';

const THREE = [
  { _id: 1, a: 1, tags: ['x', 'y'] },
  { _id: 2, a: 2 },
  { _id: 3, a: 3 },
];

async function writerOf(...documents: readonly object[]): Promise<EngineWriter> {
  const writer = new EngineWriter();
  if (documents.length > 0) await writer.insert(...documents);
  return writer;
}

describe('update', () => {
  for (const [why, statement, [matched, modified], changed] of [
    ['changes the first match', { q: { a: { $gt: 1 } }, u: { $inc: { a: 10 } } }, [1, 1], { _id: 2, a: 12 }],
    ['changes one by its _id', { q: { _id: 3 }, u: { $set: { b: 1 } } }, [1, 1], { _id: 3, a: 3, b: 1 }],
    ['finds an _id of another numeric type', { q: { _id: 3.0 }, u: { a: 0 } }, [1, 1], { _id: 3, a: 0 }],
    [
      'counts a match that stays as it is',
      { q: { _id: 2 }, u: { $set: { a: 2 } } },
      [1, 0],
      { _id: 2, a: 2 },
    ],
    ['finds nothing', { q: { _id: 9 }, u: { $set: { a: 2 } } }, [0, 0], { _id: 2, a: 2 }],
    ['takes the first of a sort', { q: {}, u: { $unset: { a: 1 } }, sort: { a: -1 } }, [1, 1], { _id: 3 }],
    [
      'knows which element matched',
      { q: { tags: 'y' }, u: { $set: { 'tags.$': 'z' } } },
      [1, 1],
      { _id: 1, a: 1, tags: ['x', 'z'] },
    ],
    [
      'filters elements',
      { q: { _id: 1 }, u: { $set: { 'tags.$[t]': 'z' } }, arrayFilters: [{ t: 'x' }] },
      [1, 1],
      { _id: 1, a: 1, tags: ['z', 'y'] },
    ],
    [
      'runs a pipeline',
      { q: { _id: 2 }, u: [{ $set: { b: { $add: ['$a', 1] } } }] },
      [1, 1],
      { _id: 2, a: 2, b: 3 },
    ],
  ] as const)
    it(why, async () => {
      const writer = await writerOf(...THREE);
      const result = await writer.update([statement as PlainUpdate]);
      expect([result.matched, result.modified, result.failures]).to.deep.equal([matched, modified, []]);
      expect(await writer.documents({ _id: changed._id })).to.deep.equal([changed]);
      const others = THREE.filter(({ _id }) => _id !== changed._id);
      expect(await writer.documents({ _id: { $ne: changed._id } })).to.deep.equal(others);
    });

  it('changes all matches, each once although it moves them in the index it comes by', async () => {
    const writer = await writerOf(...Array.from({ length: 300 }, (_, i) => ({ _id: i, a: i })));
    await writer.index({ key: { a: 1 }, name: 'a' });
    const result = await writer.update([
      { q: { a: { $gte: 100 } }, u: { $inc: { a: 1000 } }, multi: true, hint: 'a' },
    ]);
    expect([result.matched, result.modified]).to.deep.equal([200, 200]);
    expect(await writer.documents({ a: { $gte: 1100, $lt: 1300 } })).to.have.length(200);
    expect(writer.problems()).to.deep.equal([]);
  });

  it('goes on after a statement that fails only if it is not ordered', async () => {
    const statements: PlainUpdate[] = [
      { q: { _id: 1 }, u: { $set: { a: 10 } } },
      { q: { _id: 2 }, u: { $set: { _id: 20 } } },
      { q: { _id: 3 }, u: { $set: { a: 30 } } },
    ];
    for (const [isOrdered, third] of [
      [true, 3],
      [false, 30],
    ] as const) {
      const writer = await writerOf(...THREE);
      const { failures } = await writer.update(statements, isOrdered);
      expect(failures.map(({ index, error }) => [index, error.code])).to.deep.equal([[1, 66]]);
      expect(failures[0]!.error.message).to.match(/^Plan executor error during update :: caused by :: /);
      expect(await writer.documents({ _id: 3 })).to.deep.equal([{ _id: 3, a: third }]);
    }
  });

  it('leaves nothing of a change that a unique index refuses', async () => {
    const writer = await writerOf({ _id: 1, k: 1, j: 1 }, { _id: 2, k: 2, j: 2 });
    await writer.index({ key: { j: 1 }, name: 'j' }, { key: { k: 1 }, name: 'k', unique: true });
    const { failures } = await writer.update([{ q: { _id: 2 }, u: { $set: { k: 1, j: 9 } } }]);
    expect(failures[0]!.error.code).to.equal(11000);
    expect(await writer.documents({ _id: 2 })).to.deep.equal([{ _id: 2, k: 2, j: 2 }]);
    expect(writer.problems()).to.deep.equal([]);
  });
});

describe('an upsert', () => {
  for (const [why, q, u, inserted] of [
    [
      'takes the fields the filter fixes',
      { _id: 7, a: 1, b: { $gt: 2 } },
      { $set: { c: 1 } },
      { _id: 7, a: 1, c: 1 },
    ],
    [
      'sets what only an insert sets',
      { _id: 7 },
      { $setOnInsert: { n: 1 }, $inc: { m: 2 } },
      { _id: 7, m: 2, n: 1 },
    ],
    ['takes the _id alone for a new document', { _id: 7, a: 1 }, { b: 1 }, { _id: 7, b: 1 }],
    ['makes it with a pipeline', { _id: 7, a: 1 }, [{ $set: { b: '$a' } }], { _id: 7, a: 1, b: 1 }],
  ] as const)
    it(why, async () => {
      const writer = await writerOf();
      const { matched, modified, upserted } = await writer.update([{ q, u, upsert: true }]);
      expect([matched, modified]).to.deep.equal([0, 0]);
      expect(upserted.map(({ index, id }) => [index, plainJs(id)])).to.deep.equal([[0, 7]]);
      expect(await writer.documents()).to.deep.equal([inserted]);
    });

  it('changes what there is', async () => {
    const writer = await writerOf({ _id: 7, n: 1 });
    const { matched, upserted } = await writer.update([
      { q: { _id: 7 }, u: { $inc: { n: 1 } }, upsert: true },
    ]);
    expect([matched, upserted]).to.deep.equal([1, []]);
    expect(await writer.documents()).to.deep.equal([{ _id: 7, n: 2 }]);
  });

  it('gives an _id where nobody does', async () => {
    const writer = await writerOf();
    const { upserted } = await writer.update([{ q: { a: 1 }, u: { $set: { b: 1 } }, upsert: true }]);
    expect(upserted[0]!.id.type).to.equal(0x07);
  });

  it('refuses filters that say nothing of the document', async () => {
    const writer = await writerOf();
    const { failures } = await writer.update([
      { q: { $expr: { $eq: ['$a', 1] } }, u: { $set: { b: 1 } }, upsert: true },
    ]);
    expect(failures[0]!.error.code).to.equal(224);
  });

  it('of several at once inserts one', async () => {
    const writer = await writerOf();
    await writer.index({ key: { k: 1 }, name: 'k', unique: true });
    const results = await Promise.all(
      Array.from({ length: 20 }, () => writer.update([{ q: { k: 5 }, u: { $inc: { n: 1 } }, upsert: true }])),
    );
    expect(results.flatMap(({ failures }) => failures)).to.deep.equal([]);
    expect(results.filter(({ upserted }) => upserted.length === 1)).to.have.length(1);
    expect(await writer.documents({ k: 5, n: 20 })).to.have.length(1);
  });
});

describe('updates beside an open transaction', () => {
  it('wait for it and see what it has written', async () => {
    const writer = await writerOf({ _id: 1, n: 1 });
    const session = {
      lsid: '0'.repeat(32),
      txnNumber: 1n,
      autocommit: false,
      readConcernLevel: undefined,
      stmtId: 0,
    };
    await writer.update([{ q: { _id: 1 }, u: { $inc: { n: 10 } } }], true, {
      ...session,
      startTransaction: true,
    });
    let isDone = false;
    const outside = writer.update([{ q: { _id: 1 }, u: { $inc: { n: 100 } } }]).then((result) => {
      isDone = true;
      return result;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).to.equal(false);
    await writer.engine.sessions.commit({ ...session, startTransaction: false }, false);
    expect((await outside).modified).to.equal(1);
    expect(await writer.documents()).to.deep.equal([{ _id: 1, n: 111 }]);
  });
});

describe('indexes', () => {
  for (const [why, key, document, u] of [
    ['elements made before the one that is set', 'a.c', { a: [{ c: 1 }] }, { $set: { 'a.2.b': 1 } }],
    ['an element that becomes null', 'a.c', { a: [{ c: 1 }, { c: 2 }] }, { $unset: { 'a.1': 1 } }],
    ['a field named as a place', '0.b', { 0: { b: 1 } }, { $set: { '0.b': 2 } }],
    ['all elements', 'a.b', { a: [{ b: 1 }, { b: 2 }] }, { $inc: { 'a.$[].b': 5 } }],
    ['a field that gets another name', 'b.c', { a: { c: 1 }, b: { c: 2 } }, { $rename: { a: 'b' } }],
  ] as const)
    it(`follow ${why}`, async () => {
      const writer = await writerOf({ _id: 1, ...document });
      await writer.index({ key: { [key]: 1 }, name: 'x' });
      expect((await writer.update([{ q: { _id: 1 }, u }])).modified).to.equal(1);
      expect(writer.problems()).to.deep.equal([]);
    });

  it('agree with the documents after any updates', async () => {
    const random = new SeededRandom(7);
    const pick = <T>(items: readonly T[]): T => items[random.int(items.length)]!;
    const scalar = (): unknown => pick([1, 2, 'x', null, true, 2.5]);
    const value = (depth: number): unknown => {
      if (depth === 0 || random.int(2) === 0) return scalar();
      if (random.int(2) === 0) return Array.from({ length: random.int(4) }, () => value(depth - 1));
      return object(depth - 1);
    };
    const names = ['a', 'b', 'c'];
    const object = (depth: number): Record<string, unknown> =>
      Object.fromEntries(names.filter(() => random.int(2) === 0).map((name) => [name, value(depth)]));
    const path = (): string =>
      [pick(names), ...Array.from({ length: random.int(3) }, () => pick([...names, '0', '2', '$[]']))].join(
        '.',
      );
    const writer = await writerOf(...Array.from({ length: 12 }, (_, i) => ({ _id: i, ...object(3) })));
    await writer.index(
      ...['a', 'b', 'a.b', 'a.c', 'b.c', 'c.a', 'a.0', 'b.2.a', 'a.b.c'].map((key) => ({
        key: { [key]: 1 },
        name: key,
      })),
      { key: { 'b.a': 1 }, name: 'sparse', sparse: true },
      { key: { c: 1 }, name: 'partial', partialFilterExpression: { 'a.b': { $exists: true } } },
      { key: { 'a.$**': 1 }, name: 'wildcard' },
    );
    const operators: Readonly<Record<string, () => unknown>> = {
      $set: () => value(2),
      $unset: () => 1,
      $inc: () => 1,
      $push: () => value(1),
      $pull: scalar,
      $rename: () => pick(names) + '.z',
      $pop: () => 1,
      $addToSet: () => value(1),
      $min: scalar,
    };
    let modified = 0;
    for (let i = 0; i < 400; i++) {
      const name = pick(Object.keys(operators));
      const u = { [name]: { [path()]: operators[name]!() } };
      const result = await writer.update([{ q: { _id: random.int(12) }, u, multi: random.int(4) === 0 }]);
      modified += result.modified;
      if (i % 40 === 0) expect(writer.problems()).to.deep.equal([]);
    }
    expect(writer.problems()).to.deep.equal([]);
    expect(modified).to.be.greaterThan(40);
  });
});

describe('delete', () => {
  for (const [why, q, isMulti, deleted, left] of [
    ['one by its _id', { _id: 2 }, false, 1, [1, 3]],
    ['all that match', { a: { $gte: 2 } }, true, 2, [1]],
    ['the first that matches', { a: { $gte: 2 } }, false, 1, [1, 3]],
    ['none', { _id: 9 }, true, 0, [1, 2, 3]],
  ] as const)
    it(why, async () => {
      const writer = await writerOf(...THREE);
      await writer.index({ key: { a: 1 }, name: 'a' });
      expect(await writer.delete(q, isMulti)).to.equal(deleted);
      expect((await writer.documents()).map((document) => (document as { _id: number })._id)).to.deep.equal(
        left,
      );
      expect(writer.problems()).to.deep.equal([]);
    });

  it('needs no collection', async () => {
    const writer = await writerOf();
    expect(await writer.delete({ _id: 1 })).to.equal(0);
    expect(writer.engine.collections.get(NAMESPACE)).to.equal(undefined);
  });
});

describe('names that cannot be written to', () => {
  for (const collection of ['', '$x', 'a$b', 'system.views', 'system.other'])
    it(collection === '' ? 'the empty one' : collection, async () => {
      const { engine } = new EngineWriter();
      const request = {
        namespace: { db: 'shop', collection },
        statements: [
          { filter: raw({}), update: valueOf({ $set: { a: 1 } }), isMulti: false, isUpsert: true },
        ],
        isOrdered: true,
      };
      const error = await engine.update(request).then(
        () => undefined,
        (thrown: { code: number }) => thrown,
      );
      expect(error?.code).to.equal(73);
    });
});

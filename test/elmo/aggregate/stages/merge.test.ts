/** `$merge`: what a row does to the document it meets, and what is refused. */
import { expect } from 'chai';
import { EngineRunner, namespaceOf, raw } from '../engine-runner.js';

async function merged(spec: unknown): Promise<{ code: number; documents: unknown[] }> {
  const runner = new EngineRunner();
  await runner.insert('t', [
    { _id: 1, a: 1, b: 2 },
    { _id: 2, a: 2, b: 3 },
  ]);
  await runner.insert('m', [
    { _id: 1, x: 1 },
    { _id: 9, x: 5 },
  ]);
  const code = await runner.codeOf([{ $merge: spec }]);
  return { code, documents: await runner.aggregate([{ $sort: { _id: 1 } }], 'm') };
}

const other = { _id: 9, x: 5 };
const old = { _id: 1, x: 1 };
const second = { _id: 2, a: 2, b: 3 };

describe('$merge', () => {
  for (const [why, spec, documents] of [
    ['by default fields are merged, what is new is inserted', 'm', [{ ...old, a: 1, b: 2 }, second, other]],
    [
      'into a collection named by a document',
      { into: { coll: 'm' } },
      [{ ...old, a: 1, b: 2 }, second, other],
    ],
    [
      'an empty database is that of the pipeline, a null of these fields is none',
      { into: { db: '', coll: 'm' }, let: null, whenNotMatched: null },
      [{ ...old, a: 1, b: 2 }, second, other],
    ],
    ['replace', { into: 'm', whenMatched: 'replace' }, [{ _id: 1, a: 1, b: 2 }, second, other]],
    ['keepExisting', { into: 'm', whenMatched: 'keepExisting' }, [old, second, other]],
    ['discard', { into: 'm', whenNotMatched: 'discard' }, [{ ...old, a: 1, b: 2 }, other]],
    [
      'a pipeline sees the new document',
      { into: 'm', whenMatched: [{ $set: { q: '$$new.b' } }] },
      [{ ...old, q: 2 }, second, other],
    ],
    [
      'a pipeline with variables',
      { into: 'm', let: { v: '$b' }, whenMatched: [{ $set: { q: '$$v' } }] },
      [{ ...old, q: 2 }, second, other],
    ],
    [
      'a replacement keeps the _id',
      { into: 'm', whenMatched: [{ $replaceWith: { z: 1 } }], whenNotMatched: 'discard' },
      [{ _id: 1, z: 1 }, other],
    ],
  ] as const)
    it(why, async () => expect(await merged(spec)).to.deep.equal({ code: 0, documents }));

  for (const [why, spec, code, documents] of [
    ['fail: rows after it are written', { into: 'm', whenMatched: 'fail' }, 11000, [old, second, other]],
    ['nothing to match', { into: 'm', whenNotMatched: 'fail' }, 13113, [{ ...old, a: 1, b: 2 }, other]],
    ['the _id stays', { into: 'm', whenMatched: [{ $set: { _id: 5 } }] }, 66, [old, second, other]],
  ] as const)
    it(why, async () => expect(await merged(spec)).to.deep.equal({ code, documents }));

  for (const [spec, code] of [
    [1, 14],
    ['', 73],
    [{}, 40414],
    [{ into: 1 }, 51178],
    [{ into: '' }, 5786800],
    [{ into: { db: 'x' } }, 5786801],
    [{ into: null }, 51178],
    [{ into: 'm', on: null }, 51186],
    [{ into: 'm', whenMatched: null }, 51191],
    [{ into: 'm', on: [] }, 51187],
    [{ into: 'm', on: 'a' }, 51183],
    [{ into: 'm', on: ['_id', '_id'] }, 31465],
    [{ into: 'm', whenMatched: 1 }, 51191],
    [{ into: 'm', whenMatched: 'foo' }, 2],
    [{ into: 'm', whenNotMatched: 1 }, 14],
    [{ into: 'm', let: { a: 1 } }, 51199],
    [{ into: 'm', x: 1 }, 40415],
    [{ into: 'm', whenMatched: 'fail', whenNotMatched: 'discard' }, 51181],
    [{ into: 'm', whenMatched: [{ $match: {} }] }, 72],
    ['system.foo', 31319],
  ] as const)
    it(`${JSON.stringify(spec)} is refused`, async () => {
      expect(await merged(spec)).to.deep.equal({ code, documents: [old, other] });
    });
});

describe('$merge on the fields of a sparse index', () => {
  it('refuses a row without a value there, and writes one with a value', async () => {
    const runner = new EngineRunner();
    await runner.insert('t', [
      { _id: 1, key: 'a' },
      { _id: 2, key: null },
    ]);
    const index = raw({ key: { key: 1 }, name: 'key_1', unique: true, sparse: true });
    await runner.engine.defining.createIndexes(namespaceOf('m'), [index], {});
    const into = { $merge: { into: 'm', on: 'key' } };
    expect(await runner.codeOf([{ $match: { _id: 2 } }, into])).to.equal(51132);
    expect(await runner.codeOf([{ $match: { _id: 1 } }, into])).to.equal(0);
    expect(await runner.aggregate([], 'm')).to.deep.equal([{ _id: 1, key: 'a' }]);
  });
});

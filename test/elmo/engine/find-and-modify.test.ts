import { expect } from 'chai';
import { plainJs } from '../../../elmo/bson/value.js';
import { codeOf } from '../../support/documents.js';
import { EngineWriter, plain } from './engine-writer.js';

const DOCUMENTS = [
  { _id: 1, a: 1, b: [1, 2, 3] },
  { _id: 2, a: 2 },
];

type Request = Parameters<EngineWriter['findAndModify']>[0];

describe('findAndModify', () => {
  const rows: readonly (readonly [string, Request, object | undefined, object])[] = [
    [
      'gives the document as it was',
      { q: { _id: 2 }, u: { $set: { a: 5 } } },
      DOCUMENTS[1],
      { _id: 2, a: 5 },
    ],
    [
      'gives the document as it is',
      { q: { _id: 2 }, u: { $set: { a: 5 } }, new: true },
      { _id: 2, a: 5 },
      { _id: 2, a: 5 },
    ],
    [
      'takes the first of a sort',
      { q: {}, u: { x: 1 }, sort: { a: -1 }, new: true },
      { _id: 2, x: 1 },
      { _id: 2, x: 1 },
    ],
    [
      'has no use for the sort of one _id',
      { q: { _id: 2 }, u: { x: 1 }, sort: { a: 'none' }, new: true },
      { _id: 2, x: 1 },
      { _id: 2, x: 1 },
    ],
    [
      'shows what is asked for',
      { q: { a: 2 }, u: { $inc: { a: 1 } }, fields: { a: 1, _id: 0 } },
      { a: 2 },
      { _id: 2, a: 3 },
    ],
    [
      'shows the element that matched before',
      { q: { b: 2 }, u: { $set: { 'b.$': 9 } }, fields: { 'b.$': 1 } },
      { _id: 1, b: [2] },
      { _id: 1, a: 1, b: [1, 9, 3] },
    ],
  ];
  for (const [why, request, shown, stored] of rows)
    it(why, async () => {
      const writer = new EngineWriter();
      await writer.insert(...DOCUMENTS);
      const { document, updatedExisting, matched, upsertedId } = await writer.findAndModify(request);
      expect(document && plain(document)).to.deep.equal(shown);
      expect([updatedExisting, matched, upsertedId]).to.deep.equal([true, 1, undefined]);
      const { _id } = stored as { _id: number };
      expect(await writer.documents({ _id })).to.deep.equal([stored]);
    });

  for (const [why, q] of [
    ['by its _id', { _id: 1 }],
    ['by a filter', { a: 1 }],
  ] as const)
    it(`removes a document ${why}`, async () => {
      const writer = new EngineWriter();
      await writer.insert(...DOCUMENTS);
      const { document, updatedExisting, matched } = await writer.findAndModify({ q });
      expect(plain(document!)).to.deep.equal(DOCUMENTS[0]);
      expect([updatedExisting, matched]).to.deep.equal([false, 1]);
      expect(await writer.documents()).to.deep.equal([DOCUMENTS[1]]);
      expect(writer.problems()).to.deep.equal([]);
    });

  it('finds nothing', async () => {
    const writer = new EngineWriter();
    for (const q of [{ _id: 9 }, { a: 9 }])
      expect(await writer.findAndModify({ q, u: { $set: { a: 1 } } })).to.deep.equal({
        document: undefined,
        updatedExisting: false,
        matched: 0,
        upsertedId: undefined,
      });
  });

  for (const [isNew, shown] of [
    [true, { _id: 9, a: 1, b: 2 }],
    [false, undefined],
  ] as const)
    it(`inserts and ${isNew ? 'gives the new document' : 'has none to give from before'}`, async () => {
      const writer = new EngineWriter();
      const result = await writer.findAndModify({
        q: { _id: 9, a: 1 },
        u: { $set: { b: 2 } },
        upsert: true,
        new: isNew,
      });
      expect(result.document && plain(result.document)).to.deep.equal(shown);
      expect([result.updatedExisting, result.matched, plainJs(result.upsertedId!)]).to.deep.equal([
        false,
        1,
        9,
      ]);
      expect(await writer.documents()).to.deep.equal([{ _id: 9, a: 1, b: 2 }]);
    });

  for (const [why, request, code] of [
    ['of the update', { q: { _id: 1 }, u: { $inc: { b: 1 } } }, 14],
    ['of an operator nobody knows', { q: { _id: 1 }, u: { $none: { b: 1 } } }, 9],
    ['of the sort', { q: {}, u: { x: 1 }, sort: { a: 'none' } }, 15974],
    ['of the projection', { q: {}, u: { x: 1 }, fields: { a: 1, b: 0 } }, 31254],
    [
      'of a positional projection of the new document',
      { q: { b: 1 }, u: { x: 1 }, fields: { 'b.$': 1 }, new: true },
      2,
    ],
  ] as const)
    it(`gives the error ${why}`, async () => {
      const writer = new EngineWriter();
      await writer.insert(...DOCUMENTS);
      expect(await codeOf(() => writer.findAndModify(request))).to.equal(code);
      expect(await writer.documents()).to.deep.equal(DOCUMENTS);
    });

  it('lets each of many callers take another document', async () => {
    const writer = new EngineWriter();
    await writer.insert(...Array.from({ length: 20 }, (_, i) => ({ _id: i, state: 'new' })));
    const taken = await Promise.all(
      Array.from({ length: 20 }, () =>
        writer.findAndModify({ q: { state: 'new' }, u: { $set: { state: 'taken' } } }),
      ),
    );
    const ids = taken.map(({ document }) => (plain(document!) as { _id: number })._id);
    expect(ids.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i));
  });
});

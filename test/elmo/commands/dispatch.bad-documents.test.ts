/** Documents that are too large, too deep or hold themselves: what comes before them is done, they are not. */
import { expect } from 'chai';
import { connect, type Collection, type Document, type ElmoClient } from '../../../index.js';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { encodeMessage } from '../../differential/message.js';
import { ourSide } from '../../differential/sides.js';

const MOST_BYTES = 16 << 20;
const MOST_LEVELS = 180;

const deep = (levels: number): Document => (levels === 1 ? { end: 1 } : { a: deep(levels - 1) });
const TOO_LARGE = { _id: 'bad', v: 'x'.repeat(MOST_BYTES) };
const TOO_DEEP = { _id: 'bad', v: deep(MOST_LEVELS) };

describe('documents that no collection takes', () => {
  let side: Awaited<ReturnType<typeof ourSide>>;
  beforeEach(async () => {
    side = await ourSide();
  });
  afterEach(() => side.close());

  const run = async (command: Document): Promise<Document> =>
    decodeDocument(await side.send(encodeMessage({ ...command, $db: 'a' })));
  const ids = async (): Promise<unknown> => {
    const { cursor } = await run({ find: 'c', projection: { _id: 1 } });
    return (cursor as { firstBatch: Document[] }).firstBatch.map(({ _id }) => _id as unknown);
  };

  for (const [what, document, code, message] of [
    [
      'too large',
      TOO_LARGE,
      10334,
      'object to insert too large. size in bytes: 16777242, max size: 16777216',
    ],
    ['too deep', TOO_DEEP, 15, 'cannot insert document because it exceeds 180 levels of nesting'],
  ] as const)
    for (const [ordered, left] of [
      [true, [1]],
      [false, [1, 3]],
    ] as const)
      it(`${what}: ${ordered ? 'those before it' : 'all others'} are inserted`, async () => {
        const reply = await run({ insert: 'c', documents: [{ _id: 1 }, document, { _id: 3 }], ordered });
        expect(reply['n']).to.equal(left.length);
        expect(reply['writeErrors']).to.deep.equal([{ index: 1, code, errmsg: message }]);
        expect(await ids()).to.deep.equal(left);
      });

  it('the deepest that it takes', async () => {
    expect(await run({ insert: 'c', documents: [{ _id: 1, v: deep(MOST_LEVELS - 1) }] })).to.include({
      n: 1,
    });
  });

  for (const [what, update] of [
    ['too large by $set', { $set: { w: 'x'.repeat(100) } }],
    ['too large by $push', { $push: { w: 'x'.repeat(100) } }],
    ['too large as a whole', { v: 'x'.repeat(MOST_BYTES) }],
  ] as const)
    it(`${what}: the document stays as it was`, async () => {
      await run({ insert: 'c', documents: [{ _id: 1, v: 'x'.repeat(MOST_BYTES - 50) }] });
      const { nModified, writeErrors } = await run({ update: 'c', updates: [{ q: { _id: 1 }, u: update }] });
      expect({ nModified, writeErrors }).to.deep.equal({
        nModified: 0,
        writeErrors: [
          {
            index: 0,
            code: 10334,
            errmsg:
              'Plan executor error during update :: caused by :: Resulting document after update is larger than 16777216',
          },
        ],
      });
      expect((await run({ count: 'c', query: { w: { $exists: true } } }))['n']).to.equal(0);
    });

  it('too deep by $set: the document stays as it was', async () => {
    await run({ insert: 'c', documents: [{ _id: 1, v: deep(MOST_LEVELS - 1) }] });
    const reply = await run({
      update: 'c',
      updates: [{ q: { _id: 1 }, u: { $set: { 'v.a.b': deep(MOST_LEVELS - 2) } } }],
    });
    expect(reply['writeErrors']).to.have.nested.property('[0].code', 15);
    expect((await run({ count: 'c', query: { 'v.a.b': { $exists: true } } }))['n']).to.equal(0);
  });
});

describe('values that no document can be made of', () => {
  let client: ElmoClient;
  let collection: Collection;
  beforeEach(async () => {
    client = await connect(':memory:');
    collection = client.db('a').collection('c');
    await collection.insertOne({ _id: 1 as never });
  });
  afterEach(() => client.close());

  const cyclic: Record<string, unknown> = {};
  cyclic['a'] = [cyclic];
  const CIRCLE = 'Cannot convert circular structure to BSON';

  const writesOf = (value: unknown): readonly (readonly [string, () => Promise<unknown>])[] => [
    ['insertOne', () => collection.insertOne({ v: value })],
    ['insertMany', () => collection.insertMany([{ v: 1 }, { v: value }])],
    ['updateOne', () => collection.updateOne({}, { $set: { v: value } })],
    ['replaceOne', () => collection.replaceOne({}, { v: value })],
    ['a filter', () => collection.deleteOne({ v: value })],
    ['bulkWrite', () => collection.bulkWrite([{ insertOne: { document: { v: value } } }])],
  ];

  for (const [what, value, message] of [
    ['a circle', cyclic, CIRCLE],
    ['a name with NUL', { 'a\0b': 1 }, 'must not contain null bytes'],
  ] as const)
    for (const [how, write] of writesOf(value))
      it(`${what} in ${how}: nothing is done`, async () => {
        const refusal: unknown = await Promise.resolve()
          .then(write)
          .catch((error: unknown) => error);
        expect(refusal).to.be.instanceOf(Error);
        expect((refusal as Error).message).to.include(message);
        expect(await collection.find().toArray()).to.deep.equal([{ _id: 1 }]);
      });
});

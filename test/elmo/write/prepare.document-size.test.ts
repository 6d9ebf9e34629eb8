/** No way to write makes a document of more than 16 MB: the reference's code, and nothing is changed. */
import { expect } from 'chai';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import type { Document } from '../../../elmo/bson/package.js';
import { DB } from '../../differential/commands.js';
import { messageOf, ourSide } from '../../differential/sides.js';

const MB = 1 << 20;
const MOST = 16 * MB;
/** Of `{_id: <one character>, s: <text>}` without the text. */
const AROUND = 28 - 5;
const TOO_LARGE = 10334;
const text = (length: number): string => 'x'.repeat(length);

const aggregate = (...pipeline: Document[]): Document => ({ aggregate: 'c', pipeline, cursor: {} });
const update = (u: unknown, rest: Document = {}): Document => ({
  update: 'c',
  updates: [{ q: { _id: 1 }, u, ...rest }],
});
const findAndModify = (change: unknown, rest: Document = {}): Document => ({
  findAndModify: 'c',
  query: { _id: 1 },
  update: change,
  ...rest,
});
const doubled = { $set: { t: '$s' } };
const halves = { s: text(8 * MB), t: text(8 * MB) };

type Side = Awaited<ReturnType<typeof ourSide>>;

async function run(side: Side, command: Document, isOfAdmin = false): Promise<Document> {
  return decodeDocument(await side.send(messageOf({ command, isOfAdmin })));
}

/** Ids and sizes of what a collection holds. */
async function sizes(side: Side, collection: string): Promise<unknown> {
  const pipeline = [{ $sort: { _id: 1 } }, { $project: { n: { $bsonSize: '$$ROOT' } } }];
  const reply = await run(side, { aggregate: collection, pipeline, cursor: {} });
  return (reply['cursor'] as Document)['firstBatch'];
}

/** The code of the command's error, or of its only statement's. */
function codeOf(reply: Document): unknown {
  const errors = reply['writeErrors'] as Document[] | undefined;
  return errors === undefined ? reply['code'] : errors[0]!['code'];
}

describe('documents of more than 16 MB', () => {
  let side: Side;
  before(async () => {
    side = await ourSide();
    await run(side, { insert: 'c', documents: [{ _id: 1, s: text(15 * MB), a: [] }, { _id: 2 }] });
  });
  after(() => side.close());

  for (const [why, command] of [
    ['insert', { insert: 'c', documents: [{ _id: 3, s: text(MOST) }] }],
    ['$set', update({ $set: { t: text(2 * MB) } })],
    ['$push', update({ $push: { a: text(2 * MB) } })],
    ['$push of several', update({ $push: { a: { $each: [text(MB), text(MB)] } } })],
    ['$addToSet', update({ $addToSet: { a: text(2 * MB) } })],
    ['$max', update({ $max: { t: text(2 * MB) } })],
    ['a pipeline', update([doubled])],
    ['a replacement', update({ s: text(MOST) })],
    ['many documents', { update: 'c', updates: [{ q: {}, u: { $set: { t: text(2 * MB) } }, multi: true }] }],
    ['an upsert', update({ $set: halves }, { q: { _id: 9 }, upsert: true })],
    ['an upserted replacement', update(halves, { q: { _id: 9 }, upsert: true })],
    ['findAndModify', findAndModify({ $set: { t: text(2 * MB) } })],
    ['findAndModify by a pipeline', findAndModify([doubled])],
    ['findAndModify by a replacement', findAndModify({ s: text(MOST) })],
    ['findAndModify that upserts', findAndModify(halves, { query: { _id: 9 }, upsert: true })],
    ['$out', aggregate({ $match: { _id: 1 } }, doubled, { $out: 'd' })],
    ['$merge', aggregate({ $match: { _id: 1 } }, doubled, { $merge: { into: 'd' } })],
    [
      '$merge by a pipeline',
      aggregate({ $match: { _id: 1 } }, { $merge: { into: 'c', whenMatched: [doubled] } }),
    ],
    ['a row of a pipeline', aggregate({ $match: { _id: 1 } }, doubled)],
    ['a group', aggregate({ $group: { _id: null, a: { $push: '$s' }, b: { $push: '$s' } } })],
  ] as const)
    it(why, async () => {
      const before = await sizes(side, 'c');
      expect(codeOf(await run(side, command))).to.equal(TOO_LARGE);
      expect(await sizes(side, 'c')).to.deep.equal(before);
      expect(await sizes(side, 'd')).to.deep.equal([]);
    }).timeout(20_000);

  it('a pipeline may go through them', async () => {
    const reply = await run(
      side,
      aggregate({ $match: { _id: 1 } }, doubled, { $project: { n: { $strLenCP: '$t' } } }),
    );
    expect((reply['cursor'] as Document)['firstBatch']).to.deep.equal([{ _id: 1, n: 15 * MB }]);
  });

  it('an unordered insert goes on behind them', async () => {
    const documents = [{ _id: 3 }, { _id: 4, s: text(MOST) }, { _id: 5 }];
    const reply = await run(side, { insert: 'c', documents, ordered: false });
    expect(reply['n']).to.equal(2);
    expect((reply['writeErrors'] as Document[]).map(({ index, code }) => [index, code])).to.deep.equal([
      [1, TOO_LARGE],
    ]);
  });

  it('bulkWrite: each operation by itself', async () => {
    const command = {
      bulkWrite: 1,
      ops: [
        { insert: 0, document: { _id: 3, s: text(MOST) } },
        { update: 0, filter: { _id: 1 }, updateMods: { $set: { t: text(2 * MB) } } },
        { update: 0, filter: { _id: 2 }, updateMods: { $set: { t: 1 } } },
      ],
      nsInfo: [{ ns: `${DB}.c` }],
      ordered: false,
    };
    const reply = await run(side, command, true);
    const results = (reply['cursor'] as { firstBatch: Document[] }).firstBatch;
    expect(results.map(({ ok, code }) => [ok, code])).to.deep.equal([
      [0, TOO_LARGE],
      [0, TOO_LARGE],
      [1, undefined],
    ]);
    expect((await run(side, { count: 'c', query: { t: { $exists: true } } }))['n']).to.equal(1);
  });

  it('the largest that is taken, and the least that is not', async () => {
    const most = { _id: 'm', s: text(MOST - AROUND - 2) };
    const over = { _id: 'o', s: text(MOST - AROUND + 10) };
    const taken = await run(side, { insert: 'c', documents: [most] });
    expect(taken['n']).to.equal(1);
    expect(codeOf(await run(side, { insert: 'c', documents: [over] }))).to.equal(TOO_LARGE);
  });
});

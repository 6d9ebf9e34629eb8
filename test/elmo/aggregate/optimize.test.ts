/** Conditions behind stages that only name fields anew: they are asked of the documents, and so of indexes. */
import { expect } from 'chai';
import type { Document } from '../../../index.js';
import { connect, type ElmoClient } from '../../../server-compat/index.js';

/** Stages with a condition behind them, and what of it is asked before, by index or by scan. */
const MOVED: readonly (readonly [
  why: string,
  stages: Document[],
  before: Document | undefined,
  ids: number[],
])[] = [
  ['a field that is another', [{ $set: { a: '$n' } }, { $match: { a: 1 } }], { n: { $eq: 1 } }, [1]],
  ['what is in it', [{ $set: { a: '$n' } }, { $match: { 'a.b': 1 } }], { 'n.b': { $eq: 1 } }, [2]],
  ['of $$ROOT', [{ $set: { a: '$$ROOT.n' } }, { $match: { a: 1 } }], { n: { $eq: 1 } }, [1]],
  ['of a $project', [{ $project: { a: '$n' } }, { $match: { a: 1 } }], { n: { $eq: 1 } }, [1]],
  ['two that change places', [{ $set: { a: '$n', n: '$a' } }, { $match: { a: 1 } }], { n: { $eq: 1 } }, [1]],
  ['twice', [{ $set: { a: '$n' } }, { $set: { b: '$a' } }, { $match: { b: 1 } }], { n: { $eq: 1 } }, [1]],
  [
    'of alternatives',
    [{ $set: { a: '$n' } }, { $match: { $or: [{ a: { $gt: 1 } }, { z: 5 }] } }],
    { $or: [{ z: { $eq: 5 } }, { n: { $gt: 1 } }] },
    [1],
  ],
  [
    'of none, beside what is not named anew',
    [{ $set: { a: '$n' } }, { $match: { $nor: [{ 'a.0.b': { $gt: 1 } }, { z: 5 }] } }],
    { $nor: [{ z: { $eq: 5 } }, { 'n.0.b': { $gt: 1 } }] },
    [2, 3],
  ],
  [
    'of an expression, but not what it says literally',
    [{ $set: { a: '$n' } }, { $match: { $expr: { $ne: ['$$ROOT.a', { $literal: '$a' }] } } }],
    { $expr: { $ne: ['$$ROOT.n', { $literal: '$a' }] } },
    [1, 2, 3],
  ],
  ['not what is in another', [{ $set: { a: '$n.b' } }, { $match: { a: 1 } }], undefined, [2]],
  ['nor what is put into another', [{ $set: { 'a.b': '$n' } }, { $match: { 'a.b': 1 } }], undefined, [1]],
  [
    'nor alternatives one of which is computed',
    [{ $project: { a: '$n' } }, { $match: { $or: [{ a: 1 }, { z: 5 }] } }],
    undefined,
    [1],
  ],
];

describe('elmo/aggregate/optimize: conditions move before', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);

  before(async () => {
    client = await connect(':memory:');
    await run({
      insert: 'c',
      documents: [{ _id: 1, n: 1, a: 2, z: 5 }, { _id: 2, n: { b: 1 } }, { _id: 3 }],
    });
  });
  after(() => client.close());

  for (const [why, pipeline, asked, ids] of MOVED)
    it(why, async () => {
      const { queryPlanner, stages } = (await run({
        explain: { aggregate: 'c', pipeline, cursor: {} },
        verbosity: 'queryPlanner',
      })) as { queryPlanner?: Document; stages?: { $cursor?: { queryPlanner: Document } }[] };
      const planner = queryPlanner ?? stages![0]!.$cursor!.queryPlanner;
      expect(planner['parsedQuery']).to.deep.equal(asked ?? {});
      const reply = await run({ aggregate: 'c', pipeline, cursor: {} });
      const rows = (reply as { cursor: { firstBatch: Document[] } }).cursor.firstBatch;
      expect(rows.map(({ _id }) => _id as number)).to.deep.equal(ids);
    });
});

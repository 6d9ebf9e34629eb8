import { expect } from 'chai';
import { documentValue, plainJs } from '../../../elmo/bson/value.js';
import { rawDocument } from '../../../elmo/catalog/raw-document.js';
import type { ExplainTarget, Verbosity } from '../../../elmo/engine/explain.js';
import { IndexedCollection, raw } from '../plan/indexed-collection.js';

type Shown = Readonly<Record<string, unknown>>;

const documents = Array.from({ length: 40 }, (_, i) => ({
  _id: i,
  a: i % 4,
  b: i,
  c: i % 2 === 0 ? [1, 2] : 3,
}));
const indexes = [
  { key: { a: 1, b: 1 } },
  { key: { b: -1 } },
  { key: { c: 1 } },
  { key: { u: 1 }, unique: true, sparse: true },
];

async function explain(target: ExplainTarget, verbosity: Verbosity = 'queryPlanner'): Promise<Shown> {
  const collection = await IndexedCollection.open(indexes, documents);
  const fields = await collection.engine.queries.explain(target, verbosity);
  return plainJs(documentValue(rawDocument(fields))) as Shown;
}

const namespace = { db: 'test', collection: 't' };
const find = (query: object): ExplainTarget => ({
  kind: 'find',
  request: {
    namespace,
    ...Object.fromEntries(
      Object.entries(query).map(([name, value]) => [
        name,
        typeof value === 'number' ? value : raw(value as object),
      ]),
    ),
  },
});

/** The names of the stages, the first one on top. */
function stagesOf(plan: unknown): string {
  const { stage, inputStage, inputStages } = plan as {
    stage: string;
    inputStage?: object;
    inputStages?: object[];
  };
  if (inputStages !== undefined) return `${stage}(${inputStages.map(stagesOf).join(', ')})`;
  return inputStage === undefined ? stage : `${stage} ${stagesOf(inputStage)}`;
}

const winnerOf = (shown: Shown): unknown => (shown['queryPlanner'] as Shown)['winningPlan'];
const statsOf = (shown: Shown): Shown => shown['executionStats'] as Shown;

describe('explain', () => {
  for (const [query, stages] of [
    [{}, 'COLLSCAN'],
    [{ filter: { z: 1 }, limit: 2, projection: { a: 1 } }, 'LIMIT PROJECTION_SIMPLE COLLSCAN'],
    [{ filter: { z: 1 }, skip: 2, projection: { 'a.b': 1 } }, 'PROJECTION_DEFAULT SKIP COLLSCAN'],
    [{ filter: { _id: 1 } }, 'EXPRESS_IXSCAN'],
    [{ filter: { u: 1 } }, 'EXPRESS_IXSCAN'],
    [{ filter: { a: 1, b: { $gt: 3 } } }, 'FETCH IXSCAN'],
    [{ filter: { a: 1 }, sort: { z: 1 }, skip: 1, limit: 2 }, 'SKIP SORT FETCH IXSCAN'],
    [{ filter: { a: 1 }, projection: { a: 1, b: 1, _id: 0 } }, 'PROJECTION_COVERED IXSCAN'],
    [{ filter: { $or: [{ a: 1 }, { b: 3 }] } }, 'SUBPLAN FETCH OR(IXSCAN, IXSCAN)'],
    [{ filter: { a: { $in: [1, 2] } }, sort: { b: 1 } }, 'FETCH SORT_MERGE(IXSCAN, IXSCAN)'],
    [{ filter: { a: { $in: [] } } }, 'EOF'],
  ] as const)
    it(`shows ${stages} for ${JSON.stringify(query)}`, async () => {
      expect(stagesOf(winnerOf(await explain(find(query))))).to.equal(stages);
    });

  for (const [filter, path, bounds] of [
    [{ a: 1 }, 'a', ['[1, 1]']],
    [{ a: 1 }, 'b', ['[MinKey, MaxKey]']],
    [{ a: 1, b: { $gt: 3 } }, 'b', ['(3, inf]']],
    [{ a: { $gt: 1, $lte: 3 } }, 'a', ['(1, 3]']],
    [{ a: { $lt: 3 } }, 'a', ['[-inf, 3)']],
    [{ a: { $gte: 'a', $lt: 'b' } }, 'a', ['["a", "b")']],
    [{ a: { $gt: 'a' } }, 'a', ['("a", {})']],
    [{ a: { $in: [1, 'x', true] } }, 'a', ['[1, 1]', '["x", "x"]', '[true, true]']],
    [{ a: { $ne: 1 } }, 'a', ['[MinKey, 1)', '(1, MaxKey]']],
    [{ a: { $gt: new Date(0) } }, 'a', ['(new Date(0), new Date(9223372036854775807)]']],
    [{ b: { $gt: 3, $lt: 5 } }, 'b', ['(5, 3)']],
  ] as const)
    it(`shows bounds ${bounds.join(' ')} for ${path} of ${JSON.stringify(filter)}`, async () => {
      let plan = winnerOf(await explain(find({ filter }))) as {
        stage: string;
        inputStage: never;
        indexBounds: Shown;
      };
      while (plan.stage !== 'IXSCAN') plan = plan.inputStage;
      expect(plan.indexBounds[path]).to.deep.equal(bounds);
    });

  it('counts what a plan has looked at', async () => {
    const shown = await explain(find({ filter: { a: 1, b: { $gt: 20 } } }), 'executionStats');
    expect(statsOf(shown)).to.include({
      nReturned: 5,
      totalKeysExamined: 5,
      totalDocsExamined: 5,
      executionSuccess: true,
    });
    expect(statsOf(shown)['executionStages']).to.include({ stage: 'FETCH', nReturned: 5, docsExamined: 5 });
  });

  it('tries the plans it has not chosen as well, if asked for all', async () => {
    const shown = await explain(find({ filter: { a: 1, b: { $gt: 20 } } }), 'allPlansExecution');
    const rejected = (shown['queryPlanner'] as Shown)['rejectedPlans'] as unknown[];
    expect(statsOf(shown)['allPlansExecution']).to.have.lengthOf(rejected.length);
  });

  it('shows collections that do not exist', async () => {
    const shown = await explain({ kind: 'find', request: { namespace: { db: 'test', collection: 'none' } } });
    expect(winnerOf(shown)).to.include({ stage: 'EOF', type: 'nonExistentNamespace' });
  });

  for (const [filter, stages, nCounted] of [
    [{}, 'RECORD_STORE_FAST_COUNT', 40],
    [{ a: 1 }, 'COUNT COUNT_SCAN', 10],
    [{ a: { $in: [1, 2] } }, 'COUNT IXSCAN', 20],
    [{ z: { $exists: false } }, 'COUNT COLLSCAN', 40],
  ] as const)
    it(`counts ${JSON.stringify(filter)} by ${stages}`, async () => {
      const shown = await explain(
        { kind: 'count', request: { namespace, filter: raw(filter) } },
        'executionStats',
      );
      expect(stagesOf(winnerOf(shown))).to.equal(stages);
      expect(statsOf(shown)['executionStages']).to.include({ nCounted });
    });

  it('finds different values by seeking from each to the next', async () => {
    const target: ExplainTarget = { kind: 'distinct', key: 'a', request: { namespace } };
    const shown = await explain(target, 'executionStats');
    expect(stagesOf(winnerOf(shown))).to.equal('PROJECTION_COVERED DISTINCT_SCAN');
    expect(statsOf(shown)).to.include({ nReturned: 4, totalKeysExamined: 4, totalDocsExamined: 0 });
  });

  for (const [kind, isMulti, stages, counted] of [
    ['update', false, 'UPDATE FETCH IXSCAN', { nWouldModify: 10 }],
    ['delete', true, 'BATCHED_DELETE FETCH IXSCAN', { nWouldDelete: 10 }],
  ] as const)
    it(`shows what a write would do: ${stages}`, async () => {
      const target: ExplainTarget = { kind, isMulti, request: { namespace, filter: raw({ a: 1 }) } };
      const shown = await explain(target, 'executionStats');
      expect(stagesOf(winnerOf(shown))).to.equal(stages);
      expect(statsOf(shown)['executionStages']).to.include(counted);
    });

  it('shows a pipeline as its query and the stages behind', async () => {
    const pipeline = [{ $match: { a: 1 } }, { $unwind: '$c' }, { $limit: 3 }].map(raw);
    const shown = await explain({ kind: 'aggregate', request: { namespace, pipeline } }, 'executionStats');
    const stages = shown['stages'] as Shown[];
    expect(stages.map((stage) => Object.keys(stage)[0])).to.deep.equal(['$cursor', '$unwind', '$limit']);
    expect(stages[2]).to.include({ nReturned: 3 });
  });

  it('shows a pipeline that is a query as one', async () => {
    const pipeline = [{ $match: { a: 1 } }, { $sort: { b: 1 } }].map(raw);
    const shown = await explain({ kind: 'aggregate', request: { namespace, pipeline } });
    expect(stagesOf(winnerOf(shown))).to.equal('FETCH IXSCAN');
  });
});

describe('distinct', () => {
  it('finds the same values by seeking as in the documents', async () => {
    const collection = await IndexedCollection.open(indexes, documents);
    const without = await IndexedCollection.open([], documents);
    for (const key of ['a', 'b', 'c'])
      for (const filter of [{}, { a: 1 }, { a: { $gt: 1 } }, { b: { $lt: 7 } }]) {
        const request = { namespace, key, filter: raw(filter) };
        const [found, expected] = await Promise.all(
          [collection, without].map(async ({ engine }) => (await engine.distinct(request)).map(plainJs)),
        );
        expect(found, `${key} ${JSON.stringify(filter)}`).to.deep.equal(expected);
      }
  });

  it('counts a document without the field as null where an index is gone through', async () => {
    const collection = await IndexedCollection.open([{ key: { a: 1 } }], [{ _id: 1, a: 1 }, { _id: 2 }]);
    expect((await collection.engine.distinct({ namespace, key: 'a' })).map(plainJs)).to.deep.equal([null, 1]);
  });
});

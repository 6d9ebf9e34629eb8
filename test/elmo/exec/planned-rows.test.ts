/** Whatever plan runs a query, its answer is that of a look at every document. */
import { expect } from 'chai';
import fc from 'fast-check';
import { SortKeys } from '../../../elmo/exec/sort-key.js';
import { parseSort } from '../../../elmo/exec/sort-pattern.js';
import { documentValue, plainJs } from '../../../elmo/bson/value.js';
import { documentLength } from '../../../elmo/bson/walk.js';
import { runPlan } from '../../../elmo/exec/planned-rows.js';
import { Operation } from '../../../elmo/operation/operation.js';
import { END, PAUSE, type RowSource } from '../../../elmo/operation/row-source.js';
import { parseCollation } from '../../../elmo/collation/parse.js';
import { clock, PlannedCollection, raw, type IndexDefinition, type Query } from './planned-collection.js';

const scalar = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(null, 1.5, 'a', 'ab', 'b', true, NaN, Infinity) },
);
const leaf = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
);
const element = fc.record({ b: leaf, c: leaf }, { requiredKeys: [] });
const field = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 2, arbitrary: element },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof({ weight: 4, arbitrary: element }, { weight: 1, arbitrary: scalar }), {
      maxLength: 3,
    }),
  },
  { weight: 1, arbitrary: fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }) },
);
const document = fc.record({ a: field, x: leaf, y: scalar }, { requiredKeys: [] });

const path = fc.constantFrom('a', 'a.b', 'a.c', 'x', 'y');
const condition: fc.Arbitrary<object> = fc.oneof(
  { weight: 4, arbitrary: scalar.map((value) => ({ $eq: value })) },
  {
    weight: 4,
    arbitrary: fc
      .record({ op: fc.constantFrom('$lt', '$lte', '$gt', '$gte'), value: scalar })
      .map(({ op, value }) => ({ [op]: value })),
  },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }).map((values) => ({ $in: values })) },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }).map((values) => ({ $nin: values })) },
  { weight: 1, arbitrary: leaf.map((value) => ({ $ne: value })) },
  { weight: 1, arbitrary: fc.boolean().map((value) => ({ $exists: value })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('number', 'string', 'null', 'array', 'object')
      .map((type) => ({ $type: type })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { $regex: '^a' },
      { $size: 1 },
      { $mod: [2, 1] },
      { $eq: [1, 2] },
      { $eq: [] },
      { $eq: {} },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(scalar, scalar).map(([low, high]) => ({ $gte: low, $lte: high })),
  },
);
const negatable = fc.oneof(
  { weight: 5, arbitrary: condition },
  { weight: 1, arbitrary: condition.map((inner) => ({ $not: inner })) },
  { weight: 1, arbitrary: fc.tuple(condition, condition).map(([a, b]) => ({ $elemMatch: { ...a, ...b } })) },
);
const elementFilter = fc.record({ b: negatable, c: negatable }, { requiredKeys: [] });
const predicate = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(path, negatable).map(([name, inner]) => ({ [name]: inner })) },
  { weight: 2, arbitrary: elementFilter.map((inner) => ({ a: { $elemMatch: inner } })) },
);
const filter = fc.oneof(
  { weight: 3, arbitrary: predicate },
  { weight: 4, arbitrary: fc.array(predicate, { minLength: 2, maxLength: 3 }).map((all) => ({ $and: all })) },
  { weight: 2, arbitrary: fc.array(predicate, { minLength: 1, maxLength: 3 }).map((any) => ({ $or: any })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(predicate, fc.array(predicate, { minLength: 1, maxLength: 2 }))
      .map(([one, any]) => ({ $and: [one, { $or: any }] })),
  },
);
const direction = fc.constantFrom(1 as const, -1 as const);
const pattern = (paths: fc.Arbitrary<string>, most: number): fc.Arbitrary<Record<string, 1 | -1>> =>
  fc
    .uniqueArray(fc.tuple(paths, direction), { minLength: 1, maxLength: most, selector: ([name]) => name })
    .map((fields) => Object.fromEntries(fields) as Record<string, 1 | -1>);
const index: fc.Arbitrary<IndexDefinition> = fc.oneof(
  { weight: 8, arbitrary: pattern(path, 3).map((key) => ({ key })) },
  { weight: 1, arbitrary: pattern(path, 2).map((key) => ({ key, sparse: true })) },
  { weight: 1, arbitrary: fc.constant({ key: { '$**': 1 } }) },
  { weight: 1, arbitrary: fc.constant({ key: { y: 'hashed' } }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pattern(path, 2), path, scalar)
      .map(([key, name, value]) => ({ key, partialFilterExpression: { [name]: { $gte: value } } })),
  },
);
const sort = fc.option(pattern(path, 2), { nil: undefined });

/** Documents that an index refuses are left out. */
function insertAll(collection: PlannedCollection, documents: readonly object[]): void {
  documents.forEach((each, _id) => {
    try {
      collection.insert([{ _id, ...each }]);
    } catch {
      return; // parallel arrays
    }
  });
}

const idsOf = (documents: readonly Record<string, unknown>[]): number[] =>
  documents.map(({ _id }) => Number(_id));

const small = fc.integer({ min: 0, max: 2 });
const range = fc.oneof(
  small.map((value) => ({ $eq: value })),
  fc.tuple(fc.constantFrom('$lt', '$lte', '$gt', '$gte'), small).map(([op, value]) => ({ [op]: value })),
  fc.tuple(small, small).map(([low, high]) => ({ $gte: low, $lte: high })),
  fc.array(small, { minLength: 2, maxLength: 3 }).map((values) => ({ $in: values })),
);

/** Documents, an index and filters that meet often. */
const scalars = {
  documents: fc.array(fc.record({ x: small, y: small, z: small }), { minLength: 6, maxLength: 25 }),
  paths: fc.constantFrom('x', 'y', 'z'),
  filter: fc.record({ x: range, y: range, z: range }, { requiredKeys: [] }),
};
const inner = fc.oneof(
  { weight: 3, arbitrary: small },
  { weight: 1, arbitrary: fc.array(small, { maxLength: 2 }) },
);
const arrays = {
  documents: fc.array(
    fc.record({ a: fc.array(fc.record({ b: inner, c: inner }), { maxLength: 3 }), x: inner }),
    { minLength: 3, maxLength: 15 },
  ),
  paths: fc.constantFrom('a.b', 'a.c', 'x'),
  filter: fc.oneof(
    fc.record({ 'a.b': range, 'a.c': range, x: range }, { requiredKeys: [] }),
    fc.record({ b: range, c: range }, { requiredKeys: [] }).map((each) => ({ a: { $elemMatch: each } })),
    fc.tuple(range, range, range).map(([b, c, x]) => ({ a: { $elemMatch: { b, c } }, x })),
    range.map((each) => ({ 'a.b': { $elemMatch: each } })),
    range.map((each) => ({ a: { $elemMatch: { b: { $elemMatch: each } } } })),
  ),
};
const places = {
  documents: fc.array(
    fc.record({ a: fc.array(fc.oneof(small, fc.array(small, { maxLength: 2 })), { maxLength: 3 }) }),
    {
      minLength: 3,
      maxLength: 12,
    },
  ),
  paths: fc.constantFrom('a', 'a.0', 'a.1'),
  filter: fc.oneof(
    fc.record({ a: range, 'a.0': range, 'a.1': range }, { requiredKeys: [] }),
    range.map((each) => ({ a: { $elemMatch: { 0: each } } })),
  ),
};

function check(documents: readonly object[], indexes: readonly IndexDefinition[], query: Query): void {
  const collection = new PlannedCollection(indexes);
  insertAll(collection, documents);
  let expected: Record<string, unknown>[];
  try {
    expected = collection.find({ ...query, hint: { $natural: 1 } });
  } catch {
    return; // a sort by parallel arrays
  }
  const wanted = idsOf(expected).toSorted((a, b) => a - b);
  for (const plan of collection.plans(query)) {
    const { documents: found, running } = collection.run(query, plan);
    const shown = JSON.stringify({ plan: plan.access.kind, scans: running.access.scans });
    expect(
      idsOf(found).toSorted((a, b) => a - b),
      shown,
    ).to.deep.equal(wanted);
    if (query.sort !== undefined) expect(isSorted(found, query), shown).to.equal(true);
  }
}

/** Many more find what a few hundred may miss: RUNS=20000. */
const RUNS = Number(process.env['RUNS'] ?? 200);

/** Letters that are the same to a collation, and some that only it calls different. */
const letters = fc.constantFrom('a', 'A', 'b', 'B', '\u00e4', 1, null);
const CASELESS = { locale: 'en', strength: 2 };
const collated = {
  documents: fc.array(fc.record({ x: letters, y: fc.oneof(letters, fc.record({ z: letters })) }), {
    minLength: 3,
    maxLength: 12,
  }),
  condition: fc.oneof(
    letters.map((value) => ({ $eq: value })),
    letters.map((value) => ({ $gte: value })),
    letters.map((value) => ({ $lt: value })),
    letters.map((value) => ({ $ne: value })),
    fc.array(letters, { maxLength: 3 }).map((values) => ({ $in: values })),
    letters.map((z) => ({ $eq: { z } })),
    fc.constant({ $regex: '^a' }),
  ),
};

describe('every plan finds what a look at every document finds, in the order asked for', () => {
  it('whatever the documents, the indexes and the filter', () => {
    const indexes = fc.uniqueArray(index, {
      minLength: 1,
      maxLength: 3,
      selector: ({ key }) => Object.entries(key).flat().join('_'),
    });
    fc.assert(
      fc.property(
        fc.array(document, { minLength: 1, maxLength: 12 }),
        indexes,
        filter,
        sort,
        (documents, definitions, asked, order) =>
          check(documents, definitions, { filter: asked, sort: order }),
      ),
      { numRuns: RUNS },
    );
  });
  for (const [what, { documents, paths, filter: asked }] of Object.entries({
    'compound indexes of scalars': scalars,
    'elements of arrays': arrays,
    'places in arrays': places,
  }))
    it(`with ${what}`, () => {
      const definition = fc.oneof(
        { weight: 6, arbitrary: pattern(paths, 3).map((key) => ({ key })) },
        { weight: 1, arbitrary: fc.constant({ key: { '$**': 1 } }) },
      );
      const order = fc.option(pattern(paths, 2), { nil: undefined });
      fc.assert(
        fc.property(documents, definition, asked as fc.Arbitrary<object>, order, (all, one, wanted, sorted) =>
          check(all, [one], { filter: wanted, sort: sorted }),
        ),
        { numRuns: RUNS },
      );
    });

  it('with collations of indexes and of queries', () => {
    const rules = fc.constantFrom(undefined, CASELESS);
    const definition = fc
      .tuple(fc.oneof(pattern(fc.constantFrom('x', 'y'), 2), fc.constant({ y: 'hashed' })), rules)
      .map(([key, collation]) => (collation === undefined ? { key } : { key, collation }));
    const asked = fc.record({ x: collated.condition, y: collated.condition }, { requiredKeys: [] });
    const order = fc.option(pattern(fc.constantFrom('x', 'y'), 2), { nil: undefined });
    fc.assert(
      fc.property(
        collated.documents,
        definition,
        asked,
        order,
        rules,
        (all, one, wanted, sorted, collation) =>
          check(all, [one], { filter: wanted, sort: sorted, collation }),
      ),
      { numRuns: RUNS },
    );
  });
});

/** Whether each document sorts before the next, or with it. */
function isSorted(documents: readonly object[], { sort: order, collation }: Query): boolean {
  const rules = collation === undefined ? undefined : parseCollation(raw(collation));
  const keys = new SortKeys(parseSort(raw(order!)), rules);
  const tuples = documents.map((each) => keys.valuesOf(raw(each), 0));
  return tuples.every((each, i) => i === 0 || keys.compareTuples(tuples[i - 1]!, each) <= 0);
}

describe('a long plan', () => {
  const collection = new PlannedCollection([{ key: { a: 1, b: 1 } }, { key: { c: 1 } }, { key: { d: 1 } }]);
  collection.insert(
    Array.from({ length: 3000 }, (_, i) => ({ _id: i, a: i % 7, b: i % 11, c: i % 3, d: i % 5 })),
  );
  for (const [what, query] of [
    ['a scan of the collection', { filter: { e: 1 } }],
    ['a scan of an index', { filter: { a: { $gt: 1 } } }],
    ['checks of bounds', { filter: { a: { $gte: 0 }, b: 3 } }],
    ['a merge', { filter: { a: { $in: [1, 2] } }, sort: { b: 1 } }],
    ['a union', { filter: { $or: [{ a: 1 }, { c: 2 }] } }],
    ['an intersection', { filter: { c: 1, d: 1 } }],
    ['a sort', { sort: { e: 1 } }],
  ] as const)
    it(`lets others run: ${what}`, () => {
      const expected = idsOf(collection.find(query));
      let now = 0;
      // each look at the clock finds the slice of time used up
      const operation = new Operation({ ...clock, nowMs: () => (now += 9) });
      const { rows } = runPlan(collection.plan(query), collection.request(query, operation));
      const found: number[] = [];
      let pauses = 0;
      for (let pulled = rows.pull(); pulled !== END; pulled = rows.pull())
        if (pulled === PAUSE) {
          pauses++;
          operation.beginSlice();
        } else found.push(...idsOf([documentAt(rows)]));
      rows.close();
      expect(found).to.deep.equal(expected);
      expect(pauses).to.be.above(2);
    });
});

function documentAt({ bytes, at }: RowSource): Record<string, unknown> {
  return plainJs(documentValue(bytes.slice(at, at + documentLength(bytes, at)))) as Record<string, unknown>;
}

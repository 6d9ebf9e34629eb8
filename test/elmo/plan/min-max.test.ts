import { expect } from 'chai';
import { ElmoError } from '../../../elmo/errors.js';
import { choose, runPlan } from '../../../elmo/exec/planned-rows.js';
import { minMaxOf } from '../../../elmo/plan/min-max.js';
import { documentValue, plainJs } from '../../../elmo/bson/value.js';
import { PlannedCollection, pullAll, raw, type Query } from '../exec/planned-collection.js';

interface Bounds extends Query {
  readonly min?: object;
  readonly max?: object;
}

const collection = new PlannedCollection([{ key: { a: 1 } }, { key: { a: 1, b: -1 } }, { key: { arr: 1 } }]);
collection.insert([
  { _id: 1, a: 1, b: 1, arr: [1, 4] },
  { _id: 2, a: 1, b: 2, arr: [2] },
  { _id: 3, a: 2, b: 1, arr: [3] },
  { _id: 4, b: 1 },
]);

/** The ids found, or the code of the refusal. */
function answer({ min, max, ...query }: Bounds, asked = collection): number[] | number {
  try {
    const minMax = minMaxOf(min && raw(min), max && raw(max));
    const request = { ...asked.request(query), minMax };
    const rows = runPlan(choose(request).best, request);
    return pullAll(rows).map((bytes) => Number((plainJs(documentValue(bytes)) as { _id: unknown })._id));
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
}

describe('min and max', () => {
  const rows: readonly (readonly [why: string, query: Bounds, expected: number[] | number])[] = [
    ['begin with min', { min: { a: 1 }, hint: 'a_1' }, [1, 2, 3]],
    ['end before max', { max: { a: 2 }, hint: 'a_1' }, [4, 1, 2]],
    ['are keys of all fields', { min: { a: 1, b: 1 }, hint: { a: 1, b: -1 } }, [1, 3]],
    ['stand beside a filter', { min: { a: 1 }, filter: { b: 1 }, hint: 'a_1' }, [1, 3]],
    ['stand beside a sort', { min: { a: 1 }, sort: { b: -1 }, hint: 'a_1' }, [2, 1, 3]],
    [
      'give a document of several entries once',
      { min: { arr: 1 }, max: { arr: 9 }, hint: 'arr_1' },
      [1, 2, 3],
    ],
    ['say nothing when empty', { min: {}, hint: 'a_1' }, [4, 1, 2, 3]],
    ['need a hint', { min: { a: 1 } }, 291],
    ['do not go with natural order', { min: { a: 1 }, hint: { $natural: 1 } }, 291],
    ['are of the index hinted at', { min: { b: 1 }, hint: 'a_1' }, 51174],
    ['are of all its fields', { min: { a: 1 }, hint: { a: 1, b: -1 } }, 51174],
    ['are in the order of its fields', { min: { b: 1, a: 1 }, hint: { a: 1, b: -1 } }, 51174],
    ['leave something between', { min: { a: 1 }, max: { a: 1 }, hint: 'a_1' }, 51175],
    ['are of the same fields', { min: { a: 1 }, max: { b: 1 }, hint: 'a_1' }, 51176],
  ];
  for (const [why, query, expected] of rows) it(why, () => expect(answer(query)).to.deep.equal(expected));
});

describe('min and max on an index with a collation', () => {
  const collation = { locale: 'en', strength: 2 };
  const words = new PlannedCollection([
    { key: { w: 1 }, name: 'w', collation },
    { key: { w: -1, n: 1 }, name: 'down', collation },
  ]);
  words.insert(
    ['b', 'A', 'é', 'a', { x: 'B' }, { x: 'a' }, ['z', 'B'], 7, null].map((w, _id) => ({ _id, w, n: 0 })),
  );
  const ids = (query: Bounds): number[] | number => answer({ collation, ...query }, words);
  const rows: readonly (readonly [why: string, query: Bounds, expected: number[] | number])[] = [
    ['follow its order', { min: { w: 'a' }, max: { w: 'e' }, hint: 'w' }, [1, 3, 0, 6]],
    ['take what is equal to min', { min: { w: 'B' }, max: { w: 'z' }, hint: 'w' }, [0, 6, 2]],
    ['leave out what is equal to max', { max: { w: 'B' }, hint: 'w' }, [8, 7, 1, 3]],
    ['follow it in objects', { min: { w: { x: 'A' } }, max: { w: { x: 'b' } }, hint: 'w' }, [5]],
    ['go down', { min: { w: 'e', n: 0 }, max: { w: 'A', n: 0 }, hint: 'down' }, [0, 6]],
    ['are in order', { min: { w: 'a' }, max: { w: 'A' }, hint: 'w' }, 51175],
    ['stand beside a sort', { min: { w: 'a' }, max: { w: 'e' }, sort: { _id: -1 }, hint: 'w' }, [6, 3, 1, 0]],
    ['stand before a limit', { min: { w: 'a' }, limit: 3, hint: 'w' }, [1, 3, 0]],
    ['are not of another collation', { min: { w: 'a' }, hint: 'w', collation: undefined }, 51174],
    ['unless they are no texts', { max: { w: 8 }, hint: 'w', collation: undefined }, [8, 7]],
  ];
  for (const [why, query, expected] of rows) it(why, () => expect(ids(query)).to.deep.equal(expected));
});

describe('min and max of a clustered collection', () => {
  const clustered = new PlannedCollection([], { clusteredIndex: { key: { _id: 1 }, unique: true } });
  clustered.insert([1, 2, 3].map((_id) => ({ _id })));
  const rows: readonly (readonly [why: string, query: Bounds, expected: number[] | number])[] = [
    ['are of its records', { min: { _id: 2 } }, [2, 3]],
    ['go forward', { min: { _id: 2 }, sort: { _id: -1 } }, 6137402],
    ['may be sorted by more', { min: { _id: 2 }, sort: { _id: -1, a: 1 } }, [3, 2]],
    ['leave something between', { min: { _id: 2 }, max: { _id: 1 } }, 6137401],
  ];
  for (const [why, query, expected] of rows)
    it(why, () => expect(answer({ hint: { _id: 1 }, ...query }, clustered)).to.deep.equal(expected));
});

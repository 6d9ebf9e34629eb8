import { expect } from 'chai';
import { valueOf } from '../../../elmo/bson/value.js';
import { ElmoError } from '../../../elmo/errors.js';
import { resolveHint } from '../../../elmo/plan/hint.js';
import { PlannedCollection, type Query } from '../exec/planned-collection.js';

/** The code an action is refused with; 0: it is not. */
function codeOf(action: () => void): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
}

const collection = new PlannedCollection([
  { key: { a: 1 } },
  { key: { h: 1 }, hidden: true },
  { key: { q: 1 }, name: 'first' },
  { key: { q: 1 }, name: 'second', collation: { locale: 'en' } },
  { key: { 'w.$**': 1 }, name: 'wild' },
  { key: { '$**': 1 }, name: 'every' },
]);

describe('a hint', () => {
  for (const [why, hint, name] of [
    ['names an index', 'a_1', 'a_1'],
    ['is the pattern of an index', { a: 1 }, 'a_1'],
    ['tells two of one pattern apart by name', 'second', 'second'],
    ['that is empty says nothing', {}, undefined],
  ] as const)
    it(why, () => expect(resolveHint(collection.spec, valueOf(hint)).index?.name).to.equal(name));

  for (const [hint, natural] of [
    [{ $natural: 1 }, 'forward'],
    [{ $natural: -1 }, 'backward'],
  ] as const)
    it(`${JSON.stringify(hint)} is the order of the records`, () =>
      expect(resolveHint(collection.spec, valueOf(hint)).natural).to.equal(natural));

  for (const [why, hint, code] of [
    ['of an unknown name', 'b_1', 2],
    ['of an empty name', '', 2],
    ['of another direction', { a: -1 }, 2],
    ['of a kind it has not', { a: '1' }, 2],
    ['of a hidden index', 'h_1', 2],
    ['of the pattern of a hidden index', { h: 1 }, 2],
    ['of a pattern two indexes have', { q: 1 }, 27],
    ['of a natural order that is none', { $natural: 0 }, 2],
    ['of a natural order of text', { $natural: 'x' }, 2],
    ['of a natural order and a field', { $natural: 1, a: 1 }, 2],
  ] as const)
    it(`${why} is refused with ${code}`, () =>
      expect(codeOf(() => resolveHint(collection.spec, valueOf(hint)))).to.equal(code));

  for (const [why, query, code] of [
    ['a wildcard index cannot list a collection', { hint: 'wild' }, 291],
    ['a wildcard index does not know other paths', { hint: 'wild', filter: { a: 1 } }, 291],
    ['a wildcard index has no entry below null', { hint: 'wild', filter: { 'w.x': { $lt: null } } }, 0],
    ['a wildcard index has what is not null', { hint: 'wild', filter: { 'w.x': { $ne: null } } }, 0],
    [
      'a wildcard index has what a schema requires',
      { hint: 'every', filter: { $jsonSchema: { required: ['x'] } } },
      0,
    ],
    [
      'a wildcard index has not what a schema allows',
      { hint: 'every', filter: { $jsonSchema: { properties: { x: {} } } } },
      291,
    ],
    ['a wildcard index knows its own', { hint: 'wild', filter: { 'w.x': 1 } }, 0],
    ['any other index can list what it holds', { hint: 'a_1', filter: { b: 1 } }, 0],
  ] as readonly (readonly [string, Query, number])[])
    it(why, () => expect(codeOf(() => collection.plan(query))).to.equal(code));
});

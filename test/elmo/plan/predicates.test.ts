/** What the planner takes from comparisons in `$expr`: the bounds that the reference's explain shows. */
import { expect } from 'chai';
import { intervalTexts } from '../../../elmo/plan/bounds-text.js';
import { PlannedCollection } from '../exec/planned-collection.js';

const collection = new PlannedCollection([
  { key: { a: 1, b: 1 } },
  { key: { many: 1 } },
  { key: { sparse: 1 }, sparse: true },
  { key: { text: 1 }, collation: { locale: 'en', strength: 2 } },
]);
collection.insert([{ _id: 1, a: 1, b: 2, many: [1, 2], text: 'x' }]);

/** The bounds of the fields of the index that is chosen, and whether the condition is still asked; undefined: a scan. */
function bounds($expr: object, collation?: object): unknown {
  const { access } = collection.plan({ filter: { $expr }, collation });
  if (access.kind !== 'ixscan') return undefined;
  const shown = access.fieldIntervals.map((intervals) => intervalTexts(intervals, false).join());
  return [...shown, ...(access.filter === undefined ? [] : ['asked'])];
}

describe('bounds of comparisons in $expr', () => {
  const all = '[MinKey, MaxKey]';
  for (const [why, expression, expected] of [
    ['of a field and a constant', { $eq: ['$a', 1] }, ['[1, 1]', all]],
    ['the other way round', { $eq: [1, '$a'] }, ['[1, 1]', all]],
    ['of a constant that is computed', { $eq: ['$a', { $add: [1, 1] }] }, ['[2, 2]', all]],
    ['below it are values of all types', { $lt: ['$a', 5] }, ['[MinKey, 5)', all, 'asked']],
    ['above it too', { $gte: ['$a', 'x'] }, ['["x", MaxKey]', all, 'asked']],
    ['with the constant first', { $lt: [5, '$a'] }, ['(5, MaxKey]', all, 'asked']],
    ['null is not what is missing', { $eq: ['$a', null] }, ['[null, null]', all, 'asked']],
    ['below null is what is missing', { $lt: ['$a', null] }, ['[MinKey, null]', all, 'asked']],
    [
      'all that have to hold',
      { $and: [{ $eq: ['$a', 1] }, { $gt: ['$b', 2] }] },
      ['[1, 1]', '(2, MaxKey]', 'asked'],
    ],
    ['none for $or', { $or: [{ $eq: ['$a', 1] }, { $eq: ['$b', 2] }] }, undefined],
    ['none for $ne', { $ne: ['$a', 1] }, undefined],
    ['none for arrays', { $eq: ['$a', [1]] }, undefined],
    ['none where arrays were met', { $eq: ['$many', 1] }, undefined],
    ['none of a sparse index', { $eq: ['$sparse', 1] }, undefined],
    ['none of texts under another collation', { $eq: ['$text', 'x'] }, undefined],
  ] as const)
    it(why, () => expect(bounds(expression)).to.deep.equal(expected));

  it('of texts that are equal under the same collation, not of those that come before', () => {
    const collation = { locale: 'en', strength: 2 };
    expect(bounds({ $eq: ['$text', 'X'] }, collation)).to.deep.equal(['["x", "x"]']);
    expect(bounds({ $lt: ['$text', 'X'] }, collation)).to.equal(undefined);
  });
});

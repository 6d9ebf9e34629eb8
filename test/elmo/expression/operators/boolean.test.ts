import { decimal, double, rows } from '../rows.js';

/** Fails if it is evaluated on a row with {z: 0}. */
const bomb = { $divide: [1, '$z'] };
const z = { z: 0 };

rows('$and $or $not', [
  [{ $and: [] }, {}, true],
  [{ $or: [] }, {}, false],
  [{ $and: ['$a'] }, { a: 5 }, true],
  [{ $and: ['$a', true] }, { a: double(NaN) }, true],
  [{ $or: ['$a', '$b'] }, { a: decimal('-0'), b: null }, false],
  [{ $and: ['$z', bomb] }, z, false],
  [{ $and: [bomb, false] }, z, false],
  [{ $or: [bomb, 1] }, z, true],
  [{ $and: [bomb, true] }, z, 'error 2'],
  [{ $and: [false, { $divide: [1, 0] }] }, {}, 'error 2'],
  [{ $not: '$missing' }, {}, true],
  [{ $not: [''] }, {}, false],
  [{ $not: [] }, {}, 'error 16020'],
]);

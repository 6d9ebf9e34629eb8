import { MinKey } from '../../../../elmo/bson/package.js';
import { decimal, double, long, rows } from '../rows.js';

rows('comparisons', [
  [{ $eq: ['$a', 1] }, { a: double(1) }, true],
  [{ $eq: ['$a', decimal('0.1')] }, { a: double(0.1) }, false],
  [{ $eq: ['$a', double(NaN)] }, { a: double(NaN) }, true],
  [{ $lt: ['$a', 1] }, { a: double(NaN) }, true],
  [{ $ne: ['$missing', null] }, {}, true],
  [{ $cmp: ['$missing', null] }, {}, -1],
  [{ $cmp: ['$missing', '$a'] }, { a: new MinKey() }, 1],
  [{ $eq: ['$missing', '$absent'] }, {}, true],
  [{ $gt: ['$a', 5] }, { a: 'x' }, true],
  [{ $gte: ['$a', [1, 2]] }, { a: [1, 2] }, true],
  [{ $lte: ['$a', { b: 1 }] }, { a: { b: 2 } }, false],
  [{ $cmp: ['$a', long(2)] }, { a: 3 }, 1],
  [{ $eq: [1] }, {}, 'error 16020'],
]);

import { rows } from '../rows.js';

/** Fails if it is evaluated on a row with {z: 0}. */
const bomb = { $divide: [1, '$z'] };
const z = { z: 0 };

rows('$cond', [
  [{ $cond: ['$a', 1, 2] }, { a: 'x' }, 1],
  [{ $cond: { if: '$a', then: 1, else: '$missing' } }, {}, 'missing'],
  [{ $cond: ['$z', bomb, 2] }, z, 2],
  [{ $cond: [true, 1, bomb] }, z, 1],
  [{ $cond: [1, 2] }, {}, 'error 16020'],
  [{ $cond: { then: 1, else: 2 } }, {}, 'error 17080'],
  [{ $cond: { if: 1, else: 2 } }, {}, 'error 17081'],
  [{ $cond: { if: 1, then: 2 } }, {}, 'error 17082'],
  [{ $cond: { if: 1, then: 2, other: 3 } }, {}, 'error 17083'],
]);

rows('$ifNull', [
  [{ $ifNull: ['$a', '$b', 3] }, { b: 2 }, 2],
  [{ $ifNull: ['$a', '$b'] }, { a: null }, 'missing'],
  [{ $ifNull: [1, bomb] }, z, 1],
  [{ $ifNull: [null, '$z', 2] }, z, 0],
  [{ $ifNull: [1] }, {}, 'error 1257300'],
]);

rows('$switch', [
  [{ $switch: { branches: [{ case: '$a', then: 'a' }], default: 'd' } }, { a: 1 }, 'a'],
  [{ $switch: { branches: [{ case: '$a', then: bomb }], default: 'd' } }, z, 'd'],
  [{ $switch: { branches: [{ case: '$a', then: 1 }] } }, {}, 'error 40066'],
  [{ $switch: { branches: [{ case: false, then: 1 }] } }, {}, 'error 40069'],
  [{ $switch: { branches: [{ case: true, then: 1 }], default: bomb } }, z, 1],
  [{ $switch: 1 }, {}, 'error 40060'],
  [{ $switch: { branches: 1 } }, {}, 'error 40061'],
  [{ $switch: { branches: [1] } }, {}, 'error 40062'],
  [{ $switch: { branches: [{ case: 1, then: 1, x: 1 }] } }, {}, 'error 40063'],
  [{ $switch: { branches: [{ then: 1 }] } }, {}, 'error 40064'],
  [{ $switch: { branches: [{ case: 1 }] } }, {}, 'error 40065'],
  [{ $switch: { branches: [{ case: 1, then: 1 }], x: 1 } }, {}, 'error 40067'],
  [{ $switch: { branches: [] } }, {}, 'error 40068'],
]);

import { decimal, double, long, rows } from '../rows.js';

const MAX = long('9223372036854775807');
const second = new Date(1000);

rows('$add', [
  [{ $add: [] }, {}, 0],
  [{ $add: 1 }, {}, 1],
  [{ $add: ['$a', 1] }, { a: 2147483647 }, long(2147483648)],
  [{ $add: ['$a', 1, -1] }, { a: 2147483647 }, long(2147483647)],
  [{ $add: ['$a', 1, -1] }, { a: MAX }, double(9223372036854775808)],
  [{ $add: ['$a', '$b'] }, { a: double(0.1), b: double(0.2) }, double(0.1 + 0.2)],
  [{ $add: ['$a'] }, { a: double(-0) }, double(0)],
  [{ $add: ['$a', 1, double(0)] }, { a: long('9007199254740993') }, double(9007199254740994)],
  [{ $add: [1, double(1e100), 1, double(-1e100), '$z'] }, { z: 0 }, double(0)],
  [{ $add: ['$a', '$b'] }, { a: decimal('1'), b: double(0.1) }, decimal('1.100000000000000')],
  [{ $add: ['$a', '$b'] }, { a: decimal('1'), b: double(5) }, decimal('6.00000000000000')],
  [{ $add: ['$a', '$b'] }, { a: decimal('1'), b: MAX }, decimal('9223372036854775808')],
  [{ $add: ['$a', 1] }, { a: second }, new Date(1001)],
  [{ $add: [1, '$a', 1] }, { a: second }, new Date(1002)],
  [{ $add: ['$a', double(2.5)] }, { a: second }, new Date(1003)],
  [{ $add: ['$a', double(-1.5)] }, { a: second }, new Date(998)],
  [{ $add: ['$a', decimal('2.5')] }, { a: second }, new Date(1002)],
  [{ $add: ['$a', '$a'] }, { a: second }, 'error 16612'],
  [{ $add: ['$a', MAX] }, { a: second }, 'error 15'],
  [{ $add: ['$a', double(NaN)] }, { a: second }, 'error 15'],
  [{ $add: ['$missing', 'x'] }, {}, null],
  [{ $add: ['x', '$missing'] }, {}, 'error 14'],
  [{ $add: [true] }, {}, 'error 14'],
]);

rows('$multiply', [
  [{ $multiply: [] }, {}, 1],
  [{ $multiply: ['$a', 2] }, { a: 2147483647 }, long(4294967294)],
  [{ $multiply: ['$a', -5] }, { a: 0 }, 0],
  [{ $multiply: ['$a', 2] }, { a: MAX }, double(18446744073709551616)],
  [{ $multiply: ['$a', 2, 0] }, { a: MAX }, double(0)],
  [{ $multiply: ['$a', 2, decimal('1')] }, { a: MAX }, decimal('1.84467440737096E+19')],
  [
    { $multiply: [213828442, '$a', '$b', double(3.4379613725468518e146)] },
    { a: 2147483647, b: 7 },
    double(1.1050816560231022e165),
  ],
  [{ $multiply: ['$a', double(-0)] }, { a: decimal('1') }, decimal('-0')],
  [{ $multiply: ['$missing', 'x'] }, {}, null],
  [{ $multiply: ['$a', 'x', null] }, { a: 1 }, 'error 14'],
]);

rows('$subtract', [
  [{ $subtract: ['$a', 1] }, { a: -2147483648 }, long(-2147483649)],
  [{ $subtract: ['$a', 1] }, { a: long('-9223372036854775808') }, double(-9223372036854775808)],
  [{ $subtract: ['$a', 0] }, { a: double(-0) }, double(-0)],
  [{ $subtract: ['$a', 1] }, { a: second }, new Date(999)],
  [{ $subtract: ['$a', double(0.5)] }, { a: second }, new Date(999)],
  [{ $subtract: ['$a', '$b'] }, { a: second, b: new Date(1) }, long(999)],
  [{ $subtract: [1, '$a'] }, { a: second }, 'error 14'],
  [{ $subtract: ['x', null] }, {}, null],
  [{ $subtract: ['x', 1] }, {}, 'error 14'],
  [{ $subtract: [1] }, {}, 'error 16020'],
]);

rows('$divide and $mod', [
  [{ $divide: ['$a', 3] }, { a: 6 }, double(2)],
  [{ $divide: ['$a', 3] }, { a: decimal('1') }, decimal('0.3333333333333333333333333333333333')],
  [{ $divide: ['$a', double(0.1)] }, { a: decimal('6') }, decimal('6E+1')],
  [{ $divide: ['$a', decimal('Infinity')] }, { a: decimal('6') }, decimal('0E-6176')],
  [{ $divide: [1, double(-0)] }, {}, 'error 2'],
  [{ $divide: ['x', null] }, {}, null],
  [{ $divide: ['x', 1] }, {}, 'error 14'],
  [{ $mod: ['$a', 3] }, { a: -7 }, -1],
  [{ $mod: ['$a', long(2)] }, { a: 7 }, long(1)],
  [{ $mod: ['$a', 2] }, { a: double(7) }, double(1)],
  [{ $mod: ['$a', 7] }, { a: decimal('1E+40') }, decimal('4')],
  [{ $mod: [1, 0] }, {}, 'error 16610'],
  [{ $mod: [1, decimal('0')] }, {}, 'error 5733415'],
  [{ $mod: ['x', 1] }, {}, 'error 16611'],
]);

rows('$abs', [
  [{ $abs: '$a' }, { a: -2147483648 }, long(2147483648)],
  [{ $abs: '$a' }, { a: double(-2.5) }, double(2.5)],
  [{ $abs: '$a' }, { a: decimal('-0.0') }, decimal('0.0')],
  [{ $abs: '$a' }, { a: long('-9223372036854775808') }, 'error 28680'],
  [{ $abs: 'x' }, {}, 'error 28765'],
]);

rows('errors of constant parts are seen before any document', [
  [{ $cond: ['$a', 1, { $divide: [1, 0] }] }, { a: true }, 'error 2'],
  [{ $let: { vars: { a: 0 }, in: { $divide: [1, '$$a'] } } }, {}, 'error 2'],
  [{ $divide: [1, { $subtract: ['$$NOW', '$$NOW'] }] }, {}, 'error 2'],
]);

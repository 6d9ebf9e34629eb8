import { decimal, double, long, rows } from '../rows.js';

rows('$pow', [
  [{ $pow: ['$a', 31] }, { a: 2 }, long(2147483648)],
  [{ $pow: ['$a', 31] }, { a: -2 }, -2147483648],
  [{ $pow: ['$a', 63] }, { a: 2 }, double(9223372036854775808)],
  [{ $pow: ['$a', long(3)] }, { a: 2 }, long(8)],
  [{ $pow: ['$a', -1] }, { a: 2 }, double(0.5)],
  [{ $pow: ['$a', -3] }, { a: -1 }, -1],
  [{ $pow: ['$a', long(3000000000)] }, { a: 1 }, long(1)],
  [{ $pow: ['$a', 0] }, { a: 0 }, 1],
  [{ $pow: ['$a', -1] }, { a: 0 }, 'error 28764'],
  [{ $pow: ['$a', 3] }, { a: decimal('2') }, decimal('8.000000000000000000000000000000000')],
  [{ $pow: ['x', 1] }, {}, 'error 28762'],
  [{ $pow: [1, 'x'] }, {}, 'error 28763'],
  [{ $pow: ['x', null] }, {}, null],
]);

rows('$sqrt $exp $ln $log $log10 $sigmoid', [
  [{ $sqrt: '$a' }, { a: 4 }, double(2)],
  [{ $sqrt: '$a' }, { a: -1 }, 'error 28714'],
  [{ $sqrt: 'x' }, {}, 'error 28765'],
  [{ $exp: '$a' }, { a: 0 }, double(1)],
  [{ $exp: '$a' }, { a: decimal('0.0') }, decimal('1')],
  [{ $ln: '$a' }, { a: 0 }, 'error 28766'],
  [{ $ln: '$a' }, { a: decimal('NaN') }, double(NaN)],
  [{ $log10: '$a' }, { a: 100 }, double(2)],
  [{ $log10: '$a' }, { a: -1 }, 'error 28761'],
  [{ $log: ['$a', 2] }, { a: 8 }, double(3)],
  [{ $log: ['$a', decimal('10')] }, { a: 100 }, decimal('2')],
  [{ $log: ['x', 2] }, {}, 'error 28756'],
  [{ $log: [2, 'x'] }, {}, 'error 28757'],
  [{ $log: [0, 2] }, {}, 'error 28758'],
  [{ $log: [2, 1] }, {}, 'error 28759'],
  [{ $sigmoid: '$a' }, { a: 0 }, double(0.5)],
  [{ $sigmoid: '$a' }, { a: decimal('-Infinity') }, decimal('0E-6176')],
  [{ $sigmoid: ['$a'] }, { a: 0 }, 'error 14'],
]);

import { decimal, double, long, rows } from '../rows.js';

rows('$sum', [
  [{ $sum: [1, 2] }, {}, 3],
  [{ $sum: 'a' }, {}, 0],
  [{ $sum: [1, 'a', 2.5] }, {}, 3.5],
  [{ $sum: [[1, 2]] }, {}, 3],
  [{ $sum: { $literal: [1, 2] } }, {}, 3],
  [{ $sum: null }, {}, 0],
  [{ $sum: [long('9223372036854775807'), 1] }, {}, double(9223372036854776000)],
  [{ $sum: [2147483647, 1] }, {}, long(2147483648)],
  [{ $sum: [1, decimal('0.1')] }, {}, decimal('1.1')],
  [{ $sum: [0.1, 0.2, 0.3] }, {}, 0.6],
  [{ $sum: [Infinity, -Infinity] }, {}, NaN],
  [{ $sum: [] }, {}, 0],
  [{ $sum: { $literal: [1, [2], 3] } }, {}, 4],
  [{ $sum: [double(1e300), double(1e300), double(-1e300)] }, {}, double(1e300)],
  [
    { $sum: [long('9223372036854775807'), long('9223372036854775807'), -1] },
    {},
    double(18446744073709552000),
  ],
  [{ $sum: [[1], 2] }, {}, 2],
  [{ $sum: [0.1, decimal('1')] }, {}, decimal('1.100000000000000005551115123125783')],
  [{ $sum: [NaN, 1] }, {}, NaN],
  [{ $sum: [double(-0)] }, {}, double(0)],
  [{ $sum: [double(-0), double(-0)] }, {}, double(0)],
  [{ $sum: [decimal('NaN'), 1] }, {}, decimal('NaN')],
  [{ $sum: [decimal('1'), long('9223372036854775807'), 1] }, {}, decimal('9223372036854775809')],
  [{ $sum: [decimal('1E+3')] }, {}, decimal('1000')],
  [{ $sum: [decimal('1E+3'), 1] }, {}, decimal('1001')],
  [{ $sum: [decimal('0E+3')] }, {}, decimal('0')],
  [{ $sum: [decimal('0.000')] }, {}, decimal('0.000')],
  [{ $sum: [decimal('1E+40')] }, {}, decimal('1.000000000000000000000000000000000E+40')],
  [{ $sum: [decimal('-0')] }, {}, decimal('0')],
  [{ $sum: [decimal('1'), 0.1, Infinity] }, {}, decimal('Infinity')],
  [{ $sum: [decimal('1'), NaN] }, {}, decimal('NaN')],
  [{ $sum: [decimal('1.000'), double(2)] }, {}, decimal('3.000')],
  [
    { $sum: [decimal('1'), double(1e300), double(1)] },
    {},
    decimal('1.000000000000000052504760255204420E+300'),
  ],
  [
    { $sum: [decimal('1E-10'), double(100000000000000000000)] },
    {},
    decimal('100000000000000000000.0000000001'),
  ],
  [{ $sum: [decimal('1'), 1e-20, double(1)] }, {}, decimal('2.000000000000000000010000000000000')],
]);

rows('$avg', [
  [{ $avg: [1, 2] }, {}, 1.5],
  [{ $avg: [] }, {}, null],
  [{ $avg: 'a' }, {}, null],
  [{ $avg: [1, 'a', 2] }, {}, 1.5],
  [{ $avg: [decimal('1'), 2] }, {}, decimal('1.5')],
  [{ $avg: { $literal: [1, 2, 4] } }, {}, 2.3333333333333335],
  [{ $avg: [long('9223372036854775807'), long('9223372036854775807')] }, {}, double(9223372036854776000)],
  [{ $avg: [0.1, 0.2, 0.3] }, {}, 0.19999999999999998],
  [{ $avg: [NaN, 1] }, {}, NaN],
  [{ $avg: null }, {}, null],
  [{ $avg: [Infinity, -Infinity] }, {}, NaN],
  [{ $avg: [1, 1, 2] }, {}, 1.3333333333333333],
  [{ $avg: [decimal('1E+3')] }, {}, decimal('1000')],
  [{ $avg: [decimal('1.50')] }, {}, decimal('1.50')],
  [{ $avg: [decimal('1.000'), double(2), 1] }, {}, decimal('1.333333333333333333333333333333333')],
]);

rows('$min', [
  [{ $min: [3, 1, 2] }, {}, 1],
  [{ $min: [] }, {}, null],
  [{ $min: [null, 1] }, {}, 1],
  [{ $min: ['a', 1] }, {}, 1],
  [{ $min: '$z' }, {}, null],
  [{ $min: [1, 1] }, {}, 1],
  [{ $min: [[1], 2] }, {}, 2],
  [{ $min: ['$z', 3] }, {}, 3],
  [{ $min: [1, double(1)] }, {}, 1],
  [{ $min: [double(1), 1] }, {}, double(1)],
]);

rows('$max', [
  [{ $max: [3, 'a', null] }, {}, 'a'],
  [{ $max: [[1, 2]] }, {}, 2],
  [{ $max: { $literal: [1, 2] } }, {}, 2],
  [{ $max: null }, {}, null],
  [{ $max: [1, 1] }, {}, 1],
  [{ $max: [[1], [2]] }, {}, [2]],
  [{ $max: 5 }, {}, 5],
  [{ $max: [1, double(1)] }, {}, 1],
  [{ $max: [double(1), 1] }, {}, double(1)],
]);

rows('$stdDevPop', [
  [{ $stdDevPop: [1, 2, 3] }, {}, 0.816496580927726],
  [{ $stdDevPop: [] }, {}, null],
  [{ $stdDevPop: 'a' }, {}, null],
  [{ $stdDevPop: { $literal: [1, 2, 4] } }, {}, 1.247219128924647],
  [{ $stdDevPop: [1, 'a', 5] }, {}, double(2)],
  [{ $stdDevPop: [decimal('1'), 2] }, {}, 0.5],
  [{ $stdDevPop: [NaN, 1] }, {}, NaN],
  [{ $stdDevPop: [Infinity] }, {}, NaN],
  [{ $stdDevPop: 5 }, {}, double(0)],
  [{ $stdDevPop: [double(1e200), double(-1e200)] }, {}, Infinity],
]);

rows('$stdDevSamp', [
  [{ $stdDevSamp: [1, 2, 3] }, {}, double(1)],
  [{ $stdDevSamp: [1] }, {}, null],
  [{ $stdDevSamp: 5 }, {}, null],
  [{ $stdDevSamp: [decimal('1.1'), 2.2, 3.3] }, {}, 1.0999999999999999],
]);

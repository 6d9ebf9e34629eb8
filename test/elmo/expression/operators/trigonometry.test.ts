import { decimal, double, long, rows } from '../rows.js';

rows('trigonometry', [
  [{ $sin: '$a' }, { a: 0 }, double(0)],
  [{ $sin: '$a' }, { a: double(Infinity) }, 'error 50989'],
  [{ $cos: '$a' }, { a: decimal('0') }, decimal('1.000000000000000000000000000000000')],
  [{ $tan: '$a' }, { a: decimal('NaN') }, decimal('NaN')],
  [{ $asin: '$a' }, { a: 2 }, 'error 50989'],
  [{ $acos: '$a' }, { a: decimal('-1.1') }, 'error 50989'],
  [{ $acos: '$a' }, { a: long(1) }, double(0)],
  [{ $atan: '$a' }, { a: double(Infinity) }, double(Math.PI / 2)],
  [{ $atan2: [1, 0] }, {}, double(Math.PI / 2)],
  [{ $atan2: [decimal('0'), 1] }, {}, decimal('0E-6176')],
  [{ $atan2: ['x', 1] }, {}, 'error 51044'],
  [{ $atan2: [1, 'x'] }, {}, 'error 51045'],
  [{ $atan2: [null, 'x'] }, {}, null],
  [{ $acosh: '$a' }, { a: double(0.5) }, 'error 50989'],
  [{ $atanh: '$a' }, { a: 1 }, double(Infinity)],
  [{ $tanh: '$a' }, { a: decimal('-Infinity') }, decimal('-1')],
  [{ $asinh: '$a' }, { a: decimal('-0.0') }, decimal('-0E-6176')],
  [{ $degreesToRadians: '$a' }, { a: 180 }, double(Math.PI)],
  [{ $radiansToDegrees: '$a' }, { a: decimal('2') }, decimal('114.5915590261646417535963096282103')],
  [{ $sinh: 'x' }, {}, 'error 28765'],
]);

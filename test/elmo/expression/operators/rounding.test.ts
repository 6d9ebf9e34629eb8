import { decimal, double, long, rows } from '../rows.js';

rows('$ceil and $floor', [
  [{ $ceil: '$a' }, { a: double(-2.5) }, double(-2)],
  [{ $floor: '$a' }, { a: double(-2.5) }, double(-3)],
  [{ $ceil: '$a' }, { a: decimal('-0.5') }, decimal('-0')],
  [{ $floor: '$a' }, { a: decimal('1E+3') }, decimal('1000')],
  [{ $floor: '$a' }, { a: decimal('Infinity') }, decimal('NaN')],
  [{ $ceil: '$a' }, { a: long(5) }, long(5)],
  [{ $ceil: 'x' }, {}, 'error 28765'],
]);

rows('$round and $trunc', [
  [{ $round: '$a' }, { a: double(2.5) }, double(2)],
  [{ $round: ['$a', 2] }, { a: double(2.345) }, double(2.35)],
  [{ $round: ['$a', 2] }, { a: double(1.005) }, double(1)],
  [{ $round: ['$a', 0] }, { a: double(-0.4) }, double(-0)],
  [{ $round: ['$a', -2] }, { a: 1250 }, 1200],
  [{ $round: ['$a', -1] }, { a: 2147483647 }, long(2147483650)],
  [{ $round: ['$a', -1] }, { a: -2147483648 }, 2147483646],
  [{ $round: ['$a', -1] }, { a: long('9223372036854775807') }, 'error 51080'],
  [{ $trunc: ['$a', -1] }, { a: long('9223372036854775807') }, long('9223372036854775800')],
  [{ $round: ['$a', 5] }, { a: decimal('2.3') }, decimal('2.30000')],
  [{ $round: ['$a', -2] }, { a: decimal('1234') }, decimal('1.2E+3')],
  [{ $round: ['$a', 100] }, { a: decimal('5') }, decimal('5.000000000000000000000000000000000')],
  [{ $round: ['$a', 1] }, { a: decimal('Infinity') }, decimal('Infinity')],
  [{ $round: [1, null] }, {}, null],
  [{ $round: ['x', null] }, {}, 'error 51081'],
  [{ $round: [1, 'x'] }, {}, 'error 16004'],
  [{ $round: [1, double(NaN)] }, {}, 'error 31109'],
  [{ $round: [1, double(1.5)] }, {}, 'error 51082'],
  [{ $round: [1, 101] }, {}, 'error 51083'],
  [{ $trunc: [1, -21] }, {}, 'error 51083'],
  [{ $round: [1, 2, 3] }, {}, 'error 28667'],
]);

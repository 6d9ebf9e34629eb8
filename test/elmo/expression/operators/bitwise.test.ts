import { BSONSymbol, Binary, Timestamp } from '../../../../elmo/bson/package.js';
import { decimal, double, long, rows } from '../rows.js';

rows('$bitAnd', [
  [{ $bitAnd: [] }, {}, -1],
  [{ $bitAnd: [5, 3] }, {}, 1],
  [{ $bitAnd: [5, long(3)] }, {}, long(1)],
  [{ $bitAnd: [5, null] }, {}, null],
  [{ $bitAnd: [5, 1] }, {}, 1],
  [{ $bitAnd: [null, 'a'] }, {}, null],
  [{ $bitAnd: ['a', null] }, {}, 'error 14'],
  [{ $bitAnd: 5 }, {}, 5],
  [{ $bitAnd: [decimal('1'), 1] }, {}, 'error 14'],
  [{ $bitAnd: [double(1)] }, {}, 'error 14'],
  [{ $bitAnd: [double(1), 1] }, {}, 'error 14'],
  [{ $bitAnd: [null, double(1)] }, {}, null],
  [{ $bitAnd: [double(1), null] }, {}, 'error 14'],
  [{ $bitAnd: ['a', '$z'] }, {}, null],
  [{ $bitAnd: [null, '$z'] }, {}, null],
]);

rows('$bitOr', [
  [{ $bitOr: [5, 2] }, {}, 7],
  [{ $bitOr: [] }, {}, 0],
  [{ $bitOr: [long('-9223372036854775808'), 1] }, {}, long('-9223372036854775807')],
  [{ $bitOr: ['a'] }, {}, 'error 14'],
  [{ $bitOr: [{ $literal: [1] }] }, {}, 'error 14'],
  [{ $bitOr: [1, 'a', '$z'] }, {}, 'error 14'],
]);

rows('$bitXor', [
  [{ $bitXor: [5, 1] }, {}, 4],
  [{ $bitXor: [] }, {}, 0],
  [{ $bitXor: ['$z', 1] }, {}, null],
]);

rows('$bitNot', [
  [{ $bitNot: 5 }, {}, -6],
  [{ $bitNot: long(5) }, {}, long(-6)],
  [{ $bitNot: null }, {}, null],
  [{ $bitNot: 1.5 }, {}, 'error 14'],
  [{ $bitNot: [] }, {}, 'error 16020'],
  [{ $bitNot: 'a' }, {}, 'error 28765'],
  [{ $bitNot: decimal('1') }, {}, 'error 14'],
  [{ $bitNot: double(1) }, {}, 'error 14'],
  [{ $bitNot: new Timestamp({ t: 1, i: 1 }) }, {}, 'error 28765'],
]);

rows('$binarySize', [
  [{ $binarySize: 'aé' }, {}, 3],
  [{ $binarySize: new Binary(Buffer.from('abc')) }, {}, 3],
  [{ $binarySize: null }, {}, null],
  [{ $binarySize: 1 }, {}, 'error 51276'],
  [{ $binarySize: new BSONSymbol('a') }, {}, 'error 51276'],
]);

rows('$bsonSize', [
  [{ $bsonSize: {} }, {}, 5],
  [{ $bsonSize: { a: 1 } }, {}, 12],
  [{ $bsonSize: null }, {}, null],
  [{ $bsonSize: 1 }, {}, 'error 31393'],
  [{ $bsonSize: { $literal: [1] } }, {}, 'error 31393'],
]);

import { BSONRegExp, BSONSymbol, Binary, Code, ObjectId, Timestamp } from '../../../../elmo/bson/package.js';
import { decimal, double, long, rows } from '../rows.js';

rows('$concat', [
  [{ $concat: ['$z', 1, 2] }, {}, 'error 16702'],
  [{ $concat: [1, '$z'] }, {}, 'error 16702'],
  [{ $concat: ['a', 1] }, {}, 'error 16702'],
  [{ $concat: ['a', null] }, {}, null],
  [{ $concat: ['a', '$z'] }, {}, null],
  [{ $concat: [1, null] }, {}, 'error 16702'],
  [{ $concat: [null, 1] }, {}, null],
  [{ $concat: [] }, {}, ''],
  [{ $concat: [new BSONSymbol('a')] }, {}, 'error 16702'],
]);

rows('$ltrim', [[{ $ltrim: { input: '\u00a0\u2003\u0000 a\t' } }, {}, 'a\t']]);

rows('$rtrim', [
  [{ $rtrim: { input: 'a\u180e\u1680\u2028\u0085\u200b' } }, {}, 'a\u180e\u1680\u2028\u0085\u200b'],
  [{ $rtrim: { input: 'a\u2028\u2029' } }, {}, 'a\u2028\u2029'],
  [{ $rtrim: { input: 'a\u202f\u205f\u3000' } }, {}, 'a\u202f\u205f\u3000'],
]);

rows('$trim', [
  [{ $trim: { input: ' a ' } }, {}, 'a'],
  [{ $trim: { input: 'xax', chars: 'x' } }, {}, 'a'],
  [{ $trim: { input: 1 } }, {}, 'error 50699'],
  [{ $trim: { input: 'a', chars: 1 } }, {}, 'error 50700'],
  [{ $trim: { input: null } }, {}, null],
  [{ $trim: { input: 'a', chars: null } }, {}, null],
  [{ $trim: 'a' }, {}, 'error 50696'],
  [{ $trim: { chars: 'a' } }, {}, 'error 50695'],
  [{ $trim: { input: 'a', z: 1 } }, {}, 'error 50694'],
  [{ $trim: { input: 1, chars: null } }, {}, 'error 50699'],
  [{ $trim: { input: null, chars: 1 } }, {}, null],
  [{ $trim: { input: 'a', chars: '' } }, {}, 'a'],
]);

rows('$replaceAll', [
  [{ $replaceAll: { input: 'aba', find: 'a', replacement: 'x' } }, {}, 'xbx'],
  [{ $replaceAll: { input: 'aba', find: '', replacement: 'x' } }, {}, 'xaxbxax'],
  [{ $replaceAll: { input: 'a1b2', find: new BSONRegExp('\\d', ''), replacement: 'x' } }, {}, 'axbx'],
  [{ $replaceAll: { input: 1, find: null, replacement: 2 } }, {}, 'error 10503904'],
]);

rows('$replaceOne', [
  [{ $replaceOne: { input: 'aba', find: 'a', replacement: 'x' } }, {}, 'xba'],
  [{ $replaceOne: { input: 'aba', find: '', replacement: 'x' } }, {}, 'xaba'],
  [{ $replaceOne: { input: 1, find: 'a', replacement: 'x' } }, {}, 'error 10503904'],
  [{ $replaceOne: { input: 'a', find: 'a', replacement: 1 } }, {}, 'error 10503902'],
  [{ $replaceOne: { input: null, find: null, replacement: 1 } }, {}, 'error 10503902'],
  [{ $replaceOne: 1 }, {}, 'error 51751'],
  [{ $replaceOne: { input: 'a', find: 'a' } }, {}, 'error 51747'],
  [{ $replaceOne: { input: 'a', replacement: 'a' } }, {}, 'error 51748'],
  [{ $replaceOne: { find: 'a', replacement: 'a' } }, {}, 'error 51749'],
  [{ $replaceOne: { input: 'a', find: 'a', replacement: 'x', z: 1 } }, {}, 'error 51750'],
  [{ $replaceOne: { input: null, find: 'a', replacement: 'x' } }, {}, null],
]);

rows('$split', [
  [{ $split: ['a-b', '-'] }, {}, ['a', 'b']],
  [{ $split: ['a-b', ''] }, {}, 'error 40087'],
  [{ $split: [1, '-'] }, {}, 'error 40085'],
  [{ $split: [null, 1] }, {}, null],
  [{ $split: ['a', null] }, {}, null],
  [{ $split: ['a1b', new BSONRegExp('\\d', '')] }, {}, ['a', 'b']],
  [{ $split: ['-a-', '-'] }, {}, ['', 'a', '']],
  [{ $split: ['', '-'] }, {}, ['']],
  [{ $split: ['a1b', new BSONRegExp('', '')] }, {}, ['', 'a', '1', 'b', '']],
  [{ $split: ['a1b2c', new BSONRegExp('(\\d)', '')] }, {}, ['a', '1', 'b', '2', 'c']],
]);

rows('$strLenBytes', [
  [{ $strLenBytes: 'aé' }, {}, 3],
  [{ $strLenBytes: null }, {}, 'error 34473'],
  [{ $strLenBytes: 1 }, {}, 'error 34473'],
]);

rows('$strLenCP', [
  [{ $strLenCP: 'a😀' }, {}, 2],
  [{ $strLenCP: null }, {}, 'error 34471'],
]);

rows('$strcasecmp', [
  [{ $strcasecmp: ['a', 'B'] }, {}, -1],
  [{ $strcasecmp: [1, '1'] }, {}, 0],
  [{ $strcasecmp: [null, ''] }, {}, 0],
  [{ $strcasecmp: ['é', 'É'] }, {}, 1],
  [{ $strcasecmp: [{ $literal: [1] }, 'a'] }, {}, 'error 16007'],
]);

rows('$toLower', [
  [{ $toLower: 1 }, {}, '1'],
  [{ $toLower: null }, {}, ''],
  [{ $toLower: 'ÀB' }, {}, 'Àb'],
  [{ $toLower: 1.5 }, {}, '1.5'],
  [{ $toLower: double(100000000000000000000) }, {}, '1e+20'],
  [{ $toLower: long(5) }, {}, '5'],
  [{ $toLower: decimal('1.50') }, {}, '1.50'],
  [{ $toLower: { $literal: [1] } }, {}, 'error 16007'],
  [{ $toLower: { $literal: { a: 1 } } }, {}, 'error 16007'],
  [{ $toLower: true }, {}, 'error 16007'],
  [{ $toLower: new ObjectId('aaaaaaaaaaaaaaaaaaaaaaaa') }, {}, 'error 16007'],
  [{ $toLower: new BSONRegExp('A', 'i') }, {}, 'error 16007'],
  [{ $toLower: new Binary(Buffer.from('a')) }, {}, 'error 16007'],
  [{ $toLower: NaN }, {}, 'nan'],
  [{ $toLower: double(-0) }, {}, '-0'],
  [{ $toLower: double(1) }, {}, '1'],
  [{ $toLower: double(1000000000000000) }, {}, '1e+15'],
  [{ $toLower: 1.2345678901234567 }, {}, '1.23457'],
  [{ $toLower: 0.30000000000000004 }, {}, '0.3'],
  [{ $toLower: 1e-7 }, {}, '1e-07'],
  [{ $toLower: 123456789.123 }, {}, '1.23457e+08'],
]);

rows('$toUpper', [
  [{ $toUpper: new Date('1970-01-01') }, {}, '1970-01-01T00:00:00.000Z'],
  [{ $toUpper: new Timestamp({ t: 1, i: 2 }) }, {}, 'JAN  1 00:00:01:2'],
  [{ $toUpper: new Code('ab') }, {}, 'AB'],
  [{ $toUpper: new BSONSymbol('ab') }, {}, 'AB'],
  [{ $toUpper: Infinity }, {}, 'INF'],
]);

rows('refused as version 8.2 refuses it', [
  [{ $split: ['a-b', 1] }, {}, 'error 10503900'],
  [{ $replaceOne: { input: 'a', find: 1, replacement: 'x' } }, {}, 'error 10503901'],
  [{ $replaceAll: { input: null, find: 1, replacement: 'x' } }, {}, 'error 10503901'],
]);

import { decimal, double, long, rows } from '../rows.js';

rows('$indexOfBytes', [
  [{ $indexOfBytes: ['aéa', 'a', 1] }, {}, 3],
  [{ $indexOfBytes: ['abc', ''] }, {}, 0],
  [{ $indexOfBytes: [null, 'a'] }, {}, null],
  [{ $indexOfBytes: ['a', null] }, {}, 'error 40092'],
  [{ $indexOfBytes: [1, 'a'] }, {}, 'error 40091'],
  [{ $indexOfBytes: ['a', 1] }, {}, 'error 40092'],
  [{ $indexOfBytes: ['a', 'a', 'x'] }, {}, 'error 40096'],
  [{ $indexOfBytes: ['a', 'a', -1] }, {}, 'error 40097'],
  [{ $indexOfBytes: ['a', 'a', 0, -1] }, {}, 'error 40097'],
  [{ $indexOfBytes: ['a', 'a', 5] }, {}, -1],
  [{ $indexOfBytes: ['abc', '', 3] }, {}, 3],
  [{ $indexOfBytes: ['abc', '', 4] }, {}, -1],
  [{ $indexOfBytes: ['abc', 'c', 0, 2] }, {}, -1],
  [{ $indexOfBytes: ['abc', 'b', 2, 1] }, {}, -1],
  [{ $indexOfBytes: ['a', 'a', 1.5] }, {}, 'error 40096'],
  [{ $indexOfBytes: ['a', 'a', null] }, {}, 'error 40096'],
  [{ $indexOfBytes: ['a', 'a', 0, 1.5] }, {}, 'error 40096'],
  [{ $indexOfBytes: ['é', 'é', 1] }, {}, -1],
  [{ $indexOfBytes: ['a', 'a', long(99999999999)] }, {}, 'error 40096'],
]);

rows('$indexOfCP', [
  [{ $indexOfCP: ['a😀b', 'b'] }, {}, 2],
  [{ $indexOfCP: ['a😀b', 'b', 2, 9] }, {}, 2],
  [{ $indexOfCP: ['abc', '', 3] }, {}, -1],
  [{ $indexOfCP: ['abc', '', 4] }, {}, -1],
  [{ $indexOfCP: ['a', 'a', -1] }, {}, 'error 40097'],
  [{ $indexOfCP: [1, 'a'] }, {}, 'error 40093'],
  [{ $indexOfCP: ['a', 1] }, {}, 'error 40094'],
  [{ $indexOfCP: ['a', 'a', 'x'] }, {}, 'error 40096'],
  [{ $indexOfCP: ['a', 'a', 0, null] }, {}, 'error 40096'],
  [{ $indexOfCP: ['abc', 'c', 1, 3] }, {}, 2],
  [{ $indexOfCP: ['abc', 'c', 1, 2] }, {}, -1],
]);

rows('$substr', [
  [{ $substr: ['abc', 1, 1] }, {}, 'b'],
  [{ $substr: ['abc', 1, -1] }, {}, 'bc'],
  [{ $substr: ['abc', -1, 1] }, {}, 'error 50752'],
  [{ $substr: ['aéc', 2, 1] }, {}, 'error 28656'],
  [{ $substr: ['aéc', 1, 1] }, {}, 'error 28657'],
  [{ $substr: ['abc', 'a', 1] }, {}, 'error 16034'],
  [{ $substr: ['abc', 1, 'a'] }, {}, 'error 16035'],
  [{ $substr: [null, 0, 1] }, {}, ''],
  [{ $substr: [123, 0, 2] }, {}, '12'],
  [{ $substr: ['abc', null, 1] }, {}, 'error 16034'],
  [{ $substr: ['abc', 1.7, 1.9] }, {}, 'b'],
  [{ $substr: ['abc', 5, 1] }, {}, ''],
]);

rows('$substrBytes', [
  [{ $substrBytes: ['abc', -1, 1] }, {}, 'error 50752'],
  [{ $substrBytes: ['aéc', 0, 2] }, {}, 'error 28657'],
  [{ $substrBytes: [new Date('1970-01-01'), 0, 4] }, {}, '1970'],
  [{ $substrBytes: ['abc', long(99999999999), 1] }, {}, ''],
  [{ $substrBytes: ['abc', 0, long(99999999999)] }, {}, 'abc'],
  [{ $substrBytes: ['abc', 0, NaN] }, {}, 'error 31109'],
  [{ $substrBytes: ['abc', NaN, 1] }, {}, 'error 31109'],
  [{ $substrBytes: ['abc', 0, Infinity] }, {}, 'error 31109'],
  [{ $substrBytes: ['abc', Infinity, 1] }, {}, 'error 31109'],
  [{ $substrBytes: ['abc', -Infinity, 1] }, {}, 'error 31109'],
  [{ $substrBytes: ['abc', 0, double(1e300)] }, {}, 'error 31109'],
  [{ $substrBytes: ['abc', -0.5, 1] }, {}, 'a'],
  [{ $substrBytes: ['abc', decimal('1.5'), 1] }, {}, 'c'],
  [{ $substrBytes: ['abc', 0, decimal('1.9')] }, {}, 'ab'],
  [{ $substrBytes: ['abc', true, 1] }, {}, 'error 16034'],
  [{ $substrBytes: ['é', 1, -1] }, {}, 'error 28656'],
  [{ $substrBytes: ['é', 1, 0] }, {}, 'error 28656'],
]);

rows('$substrCP', [
  [{ $substrCP: ['abc', 1, 1] }, {}, 'b'],
  [{ $substrCP: ['abc', -1, 1] }, {}, 'error 34455'],
  [{ $substrCP: ['abc', 1, -1] }, {}, 'error 34454'],
  [{ $substrCP: ['abc', 'a', 1] }, {}, 'error 34450'],
  [{ $substrCP: ['abc', 1, 'a'] }, {}, 'error 34452'],
  [{ $substrCP: ['abc', 1.5, 1] }, {}, 'error 34451'],
  [{ $substrCP: ['abc', 1, 1.5] }, {}, 'error 34453'],
  [{ $substrCP: [null, 0, 1] }, {}, ''],
  [{ $substrCP: [12, 0, 1] }, {}, '1'],
  [{ $substrCP: ['a😀b', 1, 1] }, {}, '😀'],
  [{ $substrCP: ['abc', null, 1] }, {}, 'error 34450'],
  [{ $substrCP: [{ $literal: [1] }, 0, 1] }, {}, 'error 16007'],
  [{ $substrCP: ['abc', 9, 1] }, {}, ''],
]);

rows('decimals that are no long', [
  [{ $substrBytes: ['abc', decimal('NaN'), 1] }, {}, 'error 50752'],
  [{ $substrBytes: ['abc', 0, decimal('Infinity')] }, {}, 'abc'],
]);

import { Decimal128, Double, Long, Timestamp } from 'bson';
import { expectOutcome, outcome, SAME } from './updates.js';

const int64 = (text: string): Long => Long.fromString(text);
const double = (value: number): Double => new Double(value);
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const MOST_LONG = int64('9223372036854775807');

type Row = readonly [why: string, document: object, update: object, expected: object | string | number];

function rows(operator: string, list: readonly Row[]): void {
  describe(operator, () => {
    for (const [why, document, update, expected] of list)
      it(why, () => expectOutcome(outcome(document, update), expected));
  });
}

describe('operators of updates', () => {
  rows('paths', [
    [
      'new fields come last, in the order of their names',
      { z: 1 },
      { $set: { b: 1, a: 2 } },
      { z: 1, a: 2, b: 1 },
    ],
    [
      'which is that of their bytes',
      { z: {} },
      { $set: { 'z.b10': 1, 'z.b9': 2, 'z.B': 3, 'z.é': 4 } },
      { z: { B: 3, b10: 1, b9: 2, é: 4 } },
    ],
    ['of all operators together', { z: 1 }, { $set: { c: 1 }, $inc: { a: 2 } }, { z: 1, a: 2, c: 1 }],
    ['documents on the way are made', {}, { $set: { 'a.b.c': 1, 'a.b.a': 2 } }, { a: { b: { a: 2, c: 1 } } }],
    ['a number makes a field of a document', {}, { $set: { 'a.0': 1 } }, { a: { '0': 1 } }],
    ['and names an element of an array', { a: [1, 2] }, { $set: { 'a.1': 9 } }, { a: [1, 9] }],
    ['with zeros in front as well', { a: [1, 2] }, { $set: { 'a.01': 9 } }, { a: [1, 9] }],
    ['arrays are filled with nulls', { a: [1] }, { $set: { 'a.3': 2 } }, { a: [1, null, null, 2] }],
    ['several times', { a: [] }, { $set: { 'a.4': 4, 'a.1': 1 } }, { a: [null, 1, null, null, 4] }],
    ['up to a limit', { a: [] }, { $set: { 'a.1500001': 1 } }, 34],
    ['no field of an array', { a: [1] }, { $set: { 'a.b': 1 } }, 28],
    ['no index too large', { a: [1] }, { $set: { 'a.4294967296': 1 } }, 28],
    ['no field of a scalar', { a: 1 }, { $set: { 'a.b.c': 1 } }, 28],
    ['no field of null', { a: null }, { $inc: { 'a.b': 1 } }, 28],
    ['an empty path', {}, { $set: { '': 1 } }, 56],
    ['a path too long', {}, { $unset: { [Array(256).fill('a').join('.')]: 1 } }, 10396001],
    ['an empty part', {}, { $set: { 'a..b': 1 } }, 56],
    ['a dollar at the top', {}, { $set: { $a: 1 } }, 52],
    ['a dollar further down', { a: {} }, { $set: { 'a.$b': 1 } }, { a: { $b: 1 } }],
    ['part of a reference at the top', {}, { $set: { $ref: 'c' } }, 55],
    ['a field with a dollar may go', { a: 1, $b: 2 }, { $unset: { $b: 1 } }, { a: 1 }],
    ['the same path twice', {}, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    ['a path in another', {}, { $set: { a: 1, 'a.b': 1 } }, 40],
    ['_id stays', { _id: 1 }, { $set: { _id: 2 } }, 66],
    ['in its type too', { _id: 1 }, { $set: { _id: double(1) } }, 66],
    ['and in its parts', { _id: { a: 1 } }, { $unset: { '_id.a': 1 } }, 66],
    ['but may be set to what it is', { _id: 1 }, { $set: { _id: 1, a: 1 } }, { _id: 1, a: 1 }],
    ['an unknown operator', {}, { $foo: { a: 1 } }, 9],
    ['an operator of no fields', {}, { $set: 1 }, 9],
    ['no fields at all', { a: 1 }, { $set: {} }, SAME],
    ['nesting too deep', {}, { $set: { [Array(180).fill('a').join('.')]: {} } }, 15],
    ['nesting just as deep as allowed', {}, { $unset: { [Array(180).fill('a').join('.')]: {} } }, SAME],
  ]);

  rows('$set', [
    ['replaces', { a: 1, b: 2 }, { $set: { a: 'x' } }, { a: 'x', b: 2 }],
    ['the same value', { a: { b: [1] } }, { $set: { a: { b: [1] } } }, SAME],
    ['the same number of another type', { a: 1 }, { $set: { a: double(1) } }, { a: double(1) }],
    ['another zero', { a: double(0) }, { $set: { a: double(-0) } }, { a: double(-0) }],
    ['an empty timestamp stays empty', {}, { $set: { a: new Timestamp(0n) } }, { a: new Timestamp(0n) }],
  ]);

  rows('$setOnInsert', [
    ['changes no document that is there', { a: 1 }, { $setOnInsert: { a: 2, b: 1 } }, SAME],
    ['nor refuses a path it cannot follow', { a: 1 }, { $setOnInsert: { 'a.b': 1 } }, SAME],
  ]);

  rows('$unset', [
    ['takes a field away', { a: 1, b: { c: 1, d: 2 } }, { $unset: { a: 0, 'b.c': '' } }, { b: { d: 2 } }],
    ['an element becomes null', { a: [1, 2] }, { $unset: { 'a.0': 1 } }, { a: [null, 2] }],
    ['what is not there', { a: [1] }, { $unset: { b: 1, 'a.5': 1, 'a.b': 1, 'c.d': 1 } }, SAME],
    ['what cannot be there', { a: 1 }, { $unset: { 'a.b.c': 1 } }, SAME],
  ]);

  rows('$inc', [
    ['adds', { a: 1 }, { $inc: { a: -2, b: 5 } }, { a: -1, b: 5 }],
    ['an int becomes a long', { a: 2147483647 }, { $inc: { a: 1 } }, { a: int64('2147483648') }],
    ['a long overflows', { a: MOST_LONG }, { $inc: { a: 1 } }, 2],
    ['int and long', { a: 1 }, { $inc: { a: int64('1') } }, { a: int64('2') }],
    ['int and double', { a: 1 }, { $inc: { a: 1.5 } }, { a: 2.5 }],
    ['double and decimal', { a: 0.1 }, { $inc: { a: decimal('0.2') } }, { a: decimal('0.300000000000000') }],
    ['nothing', { a: 1 }, { $inc: { a: 0 } }, SAME],
    ['nothing of another type', { a: 1 }, { $inc: { a: int64('0') } }, { a: int64('1') }],
    ['nothing to a decimal', { a: decimal('1.0') }, { $inc: { a: decimal('0.00') } }, SAME],
    ['NaN is never the same', { a: NaN }, { $inc: { a: 1 } }, { a: NaN }],
    ['to a string', { a: 'x' }, { $inc: { a: 1 } }, 14],
    ['to null', { a: null }, { $inc: { a: 1 } }, 14],
    ['by a string', { a: 1 }, { $inc: { a: '1' } }, 14],
  ]);

  rows('$mul', [
    ['multiplies', { a: 3 }, { $mul: { a: 2 } }, { a: 6 }],
    [
      'what is not there is 0',
      {},
      { $mul: { a: int64('2'), b: double(-5) } },
      { a: int64('0'), b: double(-0) },
    ],
    ['a long overflows', { a: MOST_LONG }, { $mul: { a: 2 } }, 2],
    ['by null', { a: 1 }, { $mul: { a: null } }, 14],
  ]);

  rows('$min and $max', [
    ['less', { a: 5 }, { $min: { a: 4 } }, { a: 4 }],
    ['not less', { a: 5 }, { $min: { a: double(5) } }, SAME],
    ['less by type', { a: 5 }, { $min: { a: null } }, { a: null }],
    ['greater', { a: 5 }, { $max: { a: 'x' } }, { a: 'x' }],
    ['nothing there', {}, { $max: { a: 1 }, $min: { b: 1 } }, { a: 1, b: 1 }],
  ]);

  rows('$bit', [
    ['and, or, xor in turn', { a: 5 }, { $bit: { a: { and: 3, or: 8, xor: 1 } } }, { a: 8 }],
    ['becomes a long', { a: 5 }, { $bit: { a: { or: int64('3') } } }, { a: int64('7') }],
    ['what is not there is 0', {}, { $bit: { a: { xor: 6 } } }, { a: 6 }],
    ['nothing changes', { a: 5 }, { $bit: { a: { and: 5 } } }, SAME],
    ['of a double', { a: double(5) }, { $bit: { a: { and: 1 } } }, 2],
    ['by a double', { a: 5 }, { $bit: { a: { and: double(1) } } }, 2],
    ['by nothing', { a: 5 }, { $bit: { a: {} } }, 2],
    ['another name', { a: 5 }, { $bit: { a: { not: 1 } } }, 2],
    ['no document', { a: 5 }, { $bit: { a: 1 } }, 2],
  ]);

  rows('$currentDate', [
    ['a date', { a: 1 }, { $currentDate: { a: true } }, { a: new Date(1000) }],
    ['for false as well', {}, { $currentDate: { a: false } }, { a: new Date(1000) }],
    [
      'a timestamp',
      {},
      { $currentDate: { a: { $type: 'timestamp' }, b: { $type: 'date' } } },
      { a: new Timestamp({ t: 7, i: 3 }), b: new Date(1000) },
    ],
    ['another type', {}, { $currentDate: { a: { $type: 'int' } } }, 2],
    ['another option', {}, { $currentDate: { a: { kind: 'date' } } }, 2],
    ['no type', {}, { $currentDate: { a: {} } }, 2],
    ['a number', {}, { $currentDate: { a: 1 } }, 2],
  ]);

  rows('$rename', [
    ['to a new name', { a: 1, b: 2 }, { $rename: { a: 'c' } }, { b: 2, c: 1 }],
    ['over another field', { a: 1, b: 2, c: 3 }, { $rename: { a: 'b' } }, { b: 1, c: 3 }],
    ['into a document', { a: 1, b: {} }, { $rename: { a: 'b.c.d' } }, { b: { c: { d: 1 } } }],
    ['out of a document', { a: { b: 1 } }, { $rename: { 'a.b': 'a.c' } }, { a: { c: 1 } }],
    ['what is not there', { b: 5 }, { $rename: { a: 'b.c' } }, SAME],
    ['into a scalar', { a: 1, b: 5 }, { $rename: { a: 'b.c' } }, 28],
    ['out of a scalar', { a: 1 }, { $rename: { 'a.b': 'c' } }, 28],
    ['out of an array', { a: [{ b: 1 }] }, { $rename: { 'a.0.b': 'c' } }, 2],
    ['out of no element of an array', { a: [] }, { $rename: { 'a.0': 'c' } }, SAME],
    ['into an array', { a: 1, b: [1] }, { $rename: { a: 'b.0' } }, 2],
    ['to itself', {}, { $rename: { a: 'a' } }, 2],
    ['into itself', {}, { $rename: { a: 'a.b' } }, 2],
    ['to no string', {}, { $rename: { a: 1 } }, 2],
    ['to a name with a NUL', {}, { $rename: { a: 'b\0' } }, 9867600],
    ['to an element', {}, { $rename: { a: 'b.$[]' } }, 2],
    ['to nothing', {}, { $rename: { a: '' } }, 56],
    ['and something else', {}, { $rename: { a: 'b' }, $set: { b: 1 } }, 40],
    ['_id', { _id: 1 }, { $rename: { _id: 'a' } }, 66],
    ['a part of _id', { _id: { a: 1 } }, { $rename: { '_id.a': 'a' } }, 66],
    ['_id into a scalar', { _id: 1, b: 5 }, { $rename: { _id: 'b.c' } }, 28],
    [
      '_id, after a fault before the new name',
      { _id: 1, b: 5 },
      { $rename: { _id: 'c' }, $push: { b: 1 } },
      2,
    ],
    [
      '_id, before a fault after the new name',
      { _id: 1, b: 5 },
      { $rename: { _id: 'a' }, $push: { b: 1 } },
      66,
    ],
  ]);

  rows('$push', [
    ['at the end', { a: [1] }, { $push: { a: 2 } }, { a: [1, 2] }],
    ['an array as one', { a: [] }, { $push: { a: [1, 2] } }, { a: [[1, 2]] }],
    ['a new array', {}, { $push: { 'a.b': 1 } }, { a: { b: [1] } }],
    [
      'beyond the tenth',
      { a: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
      { $push: { a: { $each: [9, 10] } } },
      { a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
    ],
    ['to no array', { a: null }, { $push: { a: 1 } }, 2],
    ['none', { a: [1] }, { $push: { a: { $each: [] } } }, SAME],
    ['none to a new array', {}, { $push: { a: { $each: [] } } }, { a: [] }],
    ['at a position', { a: [1, 2] }, { $push: { a: { $each: [8, 9], $position: 1 } } }, { a: [1, 8, 9, 2] }],
    ['from the end', { a: [1, 2] }, { $push: { a: { $each: [9], $position: -1 } } }, { a: [1, 9, 2] }],
    ['far before the start', { a: [1] }, { $push: { a: { $each: [9], $position: -7 } } }, { a: [9, 1] }],
    ['far behind the end', { a: [1] }, { $push: { a: { $each: [9], $position: MOST_LONG } } }, { a: [1, 9] }],
    ['the first are kept', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: 2 } } }, { a: [1, 2] }],
    ['the last are kept', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: -2 } } }, { a: [2, 3] }],
    ['none are kept', { a: [1, 2] }, { $push: { a: { $each: [], $slice: 0 } } }, { a: [] }],
    ['all are kept', { a: [1, 2] }, { $push: { a: { $each: [], $slice: 5 } } }, SAME],
    ['in order', { a: [3, 1] }, { $push: { a: { $each: [2], $sort: -1, $slice: 2 } } }, { a: [3, 2] }],
    ['in order is a change', { a: [1] }, { $push: { a: { $each: [], $sort: 1 } } }, { a: [1] }],
    [
      'in the order of a field',
      { a: [{ b: 2 }, 7, { b: 1 }] },
      { $push: { a: { $each: [{ b: { c: 1 } }], $sort: { b: 1 } } } },
      { a: [7, { b: 1 }, { b: 2 }, { b: { c: 1 } }] },
    ],
    [
      'in the order of whole arrays',
      { a: [{ b: [1, 9] }, { b: [5, 6] }] },
      { $push: { a: { $each: [], $sort: { b: -1 } } } },
      { a: [{ b: [5, 6] }, { b: [1, 9] }] },
    ],
    ['a clause without $each is a value', { a: [] }, { $push: { a: { $slice: 1 } } }, { a: [{ $slice: 1 }] }],
    ['another clause', {}, { $push: { a: { $each: [], $what: 1 } } }, 2],
    ['a field beside', {}, { $push: { a: { b: 1, $each: [] } } }, 2],
    ['$each of no array', {}, { $push: { a: { $each: 1 } } }, 2],
    ['$slice of a fraction', {}, { $push: { a: { $each: [], $slice: 1.5 } } }, 2],
    ['$position of a string', {}, { $push: { a: { $each: [], $position: '1' } } }, 2],
    ['$sort of 2', {}, { $push: { a: { $each: [], $sort: 2 } } }, 2],
    ['$sort of no fields', {}, { $push: { a: { $each: [], $sort: {} } } }, 2],
    ['$sort of an empty field', {}, { $push: { a: { $each: [], $sort: { '': 1 } } } }, 2],
    ['$sort of a part', {}, { $push: { a: { $each: [], $sort: { 'b.': 1 } } } }, 2],
    ['$pushAll is gone', {}, { $pushAll: { a: [1] } }, 9],
  ]);

  rows('$addToSet', [
    ['what is not in', { a: [1] }, { $addToSet: { a: 2 } }, { a: [1, 2] }],
    ['what is in', { a: [1] }, { $addToSet: { a: double(1) } }, SAME],
    ['each once', { a: [1] }, { $addToSet: { a: { $each: [1, 2, double(2), 3] } } }, { a: [1, 2, 3] }],
    ['a new set', {}, { $addToSet: { a: { $each: [2, 1, 2] } } }, { a: [2, 1] }],
    [
      'fields in another order',
      { a: [{ b: 1, c: 1 }] },
      { $addToSet: { a: { c: 1, b: 1 } } },
      {
        a: [
          { b: 1, c: 1 },
          { c: 1, b: 1 },
        ],
      },
    ],
    [
      '$each behind is a value',
      { a: [] },
      { $addToSet: { a: { b: 1, $each: [] } } },
      { a: [{ b: 1, $each: [] }] },
    ],
    ['no array', { a: 1 }, { $addToSet: { a: 1 } }, 2],
    ['$each of no array', {}, { $addToSet: { a: { $each: 1 } } }, 14],
    ['a clause beside', {}, { $addToSet: { a: { $each: [], $slice: 1 } } }, 2],
  ]);

  rows('$pop', [
    ['the last', { a: [1, 2, 3] }, { $pop: { a: 1 } }, { a: [1, 2] }],
    ['the first', { a: [1, 2, 3] }, { $pop: { a: double(-1) } }, { a: [2, 3] }],
    ['of none', { a: [] }, { $pop: { a: 1 } }, SAME],
    ['of nothing', {}, { $pop: { 'a.b': 1 } }, SAME],
    ['of no array', { a: 1 }, { $pop: { a: 1 } }, 14],
    ['where none can be', { a: 1 }, { $pop: { 'a.b': 1 } }, 28],
    ['another number', {}, { $pop: { a: 2 } }, 9],
    ['a fraction', {}, { $pop: { a: 1.5 } }, 9],
    ['a string', {}, { $pop: { a: '1' } }, 9],
  ]);

  rows('$pull', [
    ['a value', { a: [1, 2, double(1), [1]] }, { $pull: { a: 1 } }, { a: [2, [1]] }],
    ['an array', { a: [1, [1, 2]] }, { $pull: { a: [1, 2] } }, { a: [1] }],
    ['a condition', { a: [1, 2, 3] }, { $pull: { a: { $gt: 1, $ne: 3 } } }, { a: [1, 3] }],
    ['a condition on elements of elements', { a: [1, [1, 2]] }, { $pull: { a: { $gt: 1 } } }, { a: [1] }],
    ['a pattern', { a: ['abc', 'x'] }, { $pull: { a: /b/ } }, { a: ['x'] }],
    ['documents', { a: [{ b: 1, c: 2 }, { b: 2 }, 1] }, { $pull: { a: { b: 1 } } }, { a: [{ b: 2 }, 1] }],
    [
      'documents by conditions',
      { a: [{ b: 1 }, { b: 5 }] },
      { $pull: { a: { b: { $gt: 2 } } } },
      { a: [{ b: 1 }] },
    ],
    ['all documents', { a: [{ b: 1 }, 1, []] }, { $pull: { a: {} } }, { a: [1, []] }],
    ['documents in arrays stay', { a: [[{ b: 1 }]] }, { $pull: { a: { b: 1 } } }, SAME],
    ['nothing there', {}, { $pull: { a: 1 } }, SAME],
    ['no array', { a: 1 }, { $pull: { a: 1 } }, 2],
    ['where none can be', { a: 1 }, { $pull: { 'a.b': 1 } }, 28],
    ['an unknown operator', {}, { $pull: { a: { $foo: 1 } } }, 2],
    ['$not at the top', {}, { $pull: { a: { $not: { $gt: 1 } } } }, 2],
    ['$expr', {}, { $pull: { a: { $expr: true } } }, 224],
    ['$where', {}, { $pull: { a: { $where: 'true' } } }, 2],
  ]);

  rows('$pullAll', [
    ['all of these', { a: [1, 2, 1, { b: 1 }] }, { $pullAll: { a: [1, { b: 1 }] } }, { a: [2] }],
    ['none', { a: [1] }, { $pullAll: { a: [] } }, SAME],
    ['no list', {}, { $pullAll: { a: 1 } }, 2],
  ]);

  describe('with a collation', () => {
    const collation = { locale: 'en', strength: 2 };
    for (const [document, update, expected] of [
      [{ a: ['a'] }, { $addToSet: { a: { $each: ['A', 'b', 'B'] } } }, { a: ['a', 'b'] }],
      [{ a: ['a', 'b'] }, { $pull: { a: 'A' } }, { a: ['b'] }],
      [{ a: [{ b: 'a' }] }, { $pull: { a: { b: 'A' } } }, { a: [] }],
      [{ a: ['a'] }, { $pullAll: { a: ['A'] } }, { a: [] }],
      [{ a: 'a' }, { $max: { a: 'B' } }, { a: 'B' }],
      [{ a: ['b', 'A'] }, { $push: { a: { $each: ['C'], $sort: 1 } } }, { a: ['A', 'b', 'C'] }],
    ] as const)
      it(JSON.stringify(update), () => expectOutcome(outcome(document, update, { collation }), expected));
  });
});

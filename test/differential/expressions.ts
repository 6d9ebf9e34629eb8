/**
 * Random expressions: every family, arguments mostly of the type the operator wants. Left out is what differs by its
 * nature: `$rand`, `$$NOW`, `$meta`.
 */
import { Binary, Int32, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { date, number, object, oneOf, path, scalar, several, text, value } from './values.js';

export type Kind = 'number' | 'text' | 'array' | 'object' | 'date' | 'bool' | 'any';

const ZONES: readonly unknown[] = ['UTC', '+05:30', '-0330', 'America/New_York', 'Europe/Berlin', 'GMT'];
const UNITS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'];
const FORMATS = [
  '%Y-%m-%d',
  '%G-W%V-%u',
  '%H:%M:%S.%L %z',
  '%j %U %w',
  '%d/%m/%Y %Z',
  '%b %B %%',
  '%Y-%m-%dT%H:%M:%S.%LZ',
  '%d %b %Y %H',
];

const FIELD_OF: Record<Kind, readonly string[]> = {
  number: ['$n', '$l.0', '$n', '$q.v'],
  text: ['$s', '$s', '$q.k'],
  array: ['$l', '$q', '$a', '$q.v'],
  object: ['$o', '$o', '$$ROOT', '$a'],
  date: ['$t', '$t'],
  bool: ['$a', '$b'],
  any: ['$a', '$b', '$c', '$a.b', '$a.0', '$o.a'],
};

const LITERAL_OF: Record<Kind, (random: SeededRandom) => unknown> = {
  number,
  text,
  array: (random) => several(random, 0, 3, () => scalar(random)),
  object: (random) => object(random, 1),
  date,
  bool: (random) => random.chance(50),
  any: (random) => value(random, 1),
};

const KINDS: readonly Kind[] = ['number', 'text', 'array', 'object', 'date', 'bool', 'any'];

function leaf(random: SeededRandom, kind: Kind): unknown {
  const roll = random.int(100);
  if (roll < 55) return random.pick(FIELD_OF[kind]);
  if (roll < 65) return `$${path(random)}`;
  if (roll < 70) return random.pick<unknown>(['$$ROOT', '$$CURRENT', null, '$missing', '$$REMOVE']);
  return { $literal: LITERAL_OF[kind](random) };
}

/** An expression that mostly gives a value of a kind. */
export function expression(random: SeededRandom, kind: Kind = random.pick(KINDS), depth = 2): unknown {
  if (random.chance(4)) return expression(random, random.pick(KINDS), depth);
  if (depth === 0 || random.chance(20)) return leaf(random, kind);
  if (random.chance(12)) return general(random, kind, depth);
  return MAKERS[kind](random, (of) => expression(random, of, depth - 1));
}

type Inner = (kind: Kind) => unknown;

/** Operators that give whatever their arguments are. */
function general(random: SeededRandom, kind: Kind, depth: number): unknown {
  const inner: Inner = (of) => expression(random, of, depth - 1);
  return oneOf<unknown>(random, [
    () => ({ $cond: [inner('bool'), inner(kind), inner(kind)] }),
    () => ({ $cond: { if: inner('bool'), then: inner(kind), else: inner(kind) } }),
    () => ({ $ifNull: several(random, 2, 3, () => inner(kind)) }),
    () => ({
      $switch: {
        branches: several(random, 1, 2, () => ({ case: inner('bool'), then: inner(kind) })),
        ...(random.chance(80) ? { default: inner(kind) } : {}),
      },
    }),
    () => ({ $let: { vars: { v: inner(kind) }, in: random.chance(60) ? '$$v' : inner(kind) } }),
    () => ({
      $let: {
        vars: { v: inner('object'), w: inner(kind) },
        in: random.pick(['$$v.a', '$$v.b.c', '$$w', ['$$w', '$$v']]),
      },
    }),
    () => ({ $getField: random.pick<unknown>(['n', { $literal: '$a' }, { $concat: ['a', '.b'] }]) }),
    () => ({ $arrayElemAt: [inner('array'), random.int(5) - 2] }),
    () => ({ [random.pick(['$first', '$last', '$max', '$min'])]: inner('array') }),
    () => ({ $getField: { field: random.pick(['a', 'n', 'b.c']), input: inner('object') } }),
    () => ({
      $reduce: { input: inner('array'), initialValue: inner(kind), in: random.pick(['$$value', '$$this']) },
    }),
  ]);
}

const OF_ONE_NUMBER = [
  '$abs',
  '$ceil',
  '$floor',
  '$sqrt',
  '$exp',
  '$ln',
  '$log10',
  '$sigmoid',
  '$sin',
  '$cos',
  '$tan',
  '$asin',
  '$acos',
  '$atan',
  '$sinh',
  '$cosh',
  '$tanh',
  '$asinh',
  '$acosh',
  '$atanh',
  '$degreesToRadians',
  '$radiansToDegrees',
  '$bitNot',
];

const OF_TWO_NUMBERS = ['$subtract', '$divide', '$mod', '$pow', '$log', '$atan2'];

const CONVERSIONS = [
  '$toInt',
  '$toLong',
  '$toDouble',
  '$toDecimal',
  '$toBool',
  '$toString',
  '$toObjectId',
  '$toDate',
  '$toUUID',
  '$subtype',
];

const MAKERS: Record<Kind, (random: SeededRandom, inner: Inner) => unknown> = {
  number: (random, inner) =>
    oneOf<unknown>(random, [
      () => ({ [random.pick(['$add', '$multiply'])]: several(random, 1, 3, () => inner('number')) }),
      () => ({ [random.pick(OF_TWO_NUMBERS)]: [inner('number'), inner('number')] }),
      () => ({ [random.pick(OF_TWO_NUMBERS)]: [number(random), number(random)] }),
      () => ({ [random.pick(OF_ONE_NUMBER)]: inner('number') }),
      () => ({ [random.pick(OF_ONE_NUMBER)]: inner('number') }),
      () => ({ [random.pick(OF_ONE_NUMBER)]: '$n' }),
      () => ({ [random.pick(CONVERSIONS)]: inner('any') }),
      () => ({
        [random.pick(['$round', '$trunc'])]: random.chance(50)
          ? [inner('number')]
          : [inner('number'), random.int(5) - 2],
      }),
      () => ({
        [random.pick(['$bitAnd', '$bitOr', '$bitXor'])]: several(random, 0, 3, () => inner('number')),
      }),
      () => ({ $bitNot: inner('number') }),
      () => ({ $subtract: [inner('date'), inner('date')] }),
      () => ({ $size: inner('array') }),
      () => ({ [random.pick(['$strLenCP', '$strLenBytes'])]: inner('text') }),
      () => ({
        [random.pick(['$indexOfCP', '$indexOfBytes'])]: [
          inner('text'),
          inner('text'),
          ...several(random, 0, 2, () => random.int(4)),
        ],
      }),
      () => ({
        $indexOfArray: [inner('array'), inner('any'), ...several(random, 0, 2, () => random.int(4))],
      }),
      () => ({ $cmp: [inner('any'), inner('any')] }),
      () => ({ $strcasecmp: [inner('text'), inner('text')] }),
      () => ({
        [random.pick(['$sum', '$avg', '$stdDevPop', '$stdDevSamp', '$max', '$min'])]: random.chance(50)
          ? inner('array')
          : several(random, 1, 3, () => inner('number')),
      }),
      () => ({
        [random.pick(['$toInt', '$toLong', '$toDouble', '$toDecimal'])]: inner(
          random.pick(['number', 'text', 'any']),
        ),
      }),
      () => ({
        [random.pick([
          '$year',
          '$month',
          '$dayOfMonth',
          '$dayOfWeek',
          '$dayOfYear',
          '$hour',
          '$minute',
          '$second',
          '$millisecond',
          '$week',
          '$isoWeek',
          '$isoWeekYear',
          '$isoDayOfWeek',
        ])]: random.chance(60) ? inner('date') : { date: inner('date'), timezone: random.pick(ZONES) },
      }),
      () => ({
        $dateDiff: {
          startDate: inner('date'),
          endDate: inner('date'),
          unit: random.pick(UNITS),
          ...(random.chance(30) ? { timezone: random.pick(ZONES) } : {}),
        },
      }),
      () => ({ $bsonSize: inner('object') }),
      () => ({ $binarySize: inner(random.pick(['text', 'any'])) }),
      () => ({ [random.pick(['$tsSecond', '$tsIncrement'])]: inner('any') }),
      () => ({ $toHashedIndexKey: inner('any') }),
      () => ({ $median: { input: inner('array'), method: 'approximate' } }),
      () => ({
        $convert: {
          input: inner('any'),
          to: random.pick<unknown>([
            'int',
            'double',
            'long',
            'decimal',
            'bool',
            'date',
            'objectId',
            'binData',
            16,
            'x',
            inner('text'),
          ]),
          ...(random.chance(50) ? { onError: 'bad' } : {}),
          ...(random.chance(50) ? { onNull: 0 } : {}),
        },
      }),
    ]),
  text: (random, inner) =>
    oneOf<unknown>(random, [
      () => ({ $concat: several(random, 1, 3, () => inner('text')) }),
      () => ({
        [random.pick(['$toLower', '$toUpper', '$toString', '$type'])]: inner(random.pick(['text', 'any'])),
      }),
      () => ({
        [random.pick(['$substr', '$substrCP', '$substrBytes'])]: [
          inner('text'),
          random.int(3),
          random.int(4) - 1,
        ],
      }),
      () => ({
        [random.pick(['$trim', '$ltrim', '$rtrim'])]: {
          input: inner('text'),
          ...(random.chance(50) ? { chars: inner('text') } : {}),
        },
      }),
      () => ({
        [random.pick(['$replaceOne', '$replaceAll'])]: {
          input: inner('text'),
          find: inner('text'),
          replacement: inner('text'),
        },
      }),
      () => ({
        $dateToString: {
          date: inner('date'),
          ...(random.chance(60) ? { format: random.pick(FORMATS) } : {}),
          ...(random.chance(40) ? { timezone: random.pick(ZONES) } : {}),
          ...(random.chance(30) ? { onNull: 'none' } : {}),
        },
      }),
      () => ({ $convert: { input: inner('any'), to: 'string', onError: 'bad' } }),
      () => ({
        $convert: {
          input: random.chance(50) ? { $literal: new Binary(Buffer.from('aé'), 0) } : inner('any'),
          to: 'string',
          format: random.pick(['base64', 'base64url', 'hex', 'utf8', 'auto', 'uuid']),
        },
      }),
      () => ({
        $convert: {
          input: inner('text'),
          to: { type: 'binData', subtype: random.pick([0, 5, 128]) },
          format: random.pick(['base64', 'base64url', 'hex', 'utf8', 'uuid']),
        },
      }),
    ]),
  array: (random, inner) =>
    oneOf<unknown>(random, [
      () => ({
        $map: {
          input: inner('array'),
          ...(random.chance(40)
            ? { as: 'e', in: { $type: '$$e' } }
            : {
                in: random.pick<unknown>([
                  '$$this',
                  { $type: '$$this' },
                  { $add: ['$$this', 1] },
                  inner('any'),
                ]),
              }),
        },
      }),
      () => ({
        $filter: {
          input: inner('array'),
          cond: random.pick<unknown>([{ $gt: ['$$this', 1] }, { $isNumber: '$$this' }, inner('bool')]),
          ...(random.chance(30) ? { limit: 1 + random.int(2) } : {}),
        },
      }),
      () => ({
        [random.pick(['$concatArrays', '$setUnion', '$setIntersection'])]: several(random, 1, 3, () =>
          inner('array'),
        ),
      }),
      () => ({ $setDifference: [inner('array'), inner('array')] }),
      () => ({ $reverseArray: inner('array') }),
      () => ({
        $slice: [inner('array'), random.int(5) - 2, ...several(random, 0, 1, () => 1 + random.int(3))],
      }),
      () => ({ $range: [random.int(3), random.int(6), ...several(random, 0, 1, () => 1 + random.int(2))] }),
      () => ({
        $zip: { inputs: several(random, 1, 2, () => inner('array')), useLongestLength: random.chance(50) },
      }),
      () => ({
        $zip: {
          inputs: [inner('array'), inner('array')],
          useLongestLength: true,
          defaults: [inner('any'), 0],
        },
      }),
      () => ({
        $filter: {
          input: inner('array'),
          as: 'e',
          cond: { $ne: ['$$e', inner('any')] },
          limit: inner('number'),
        },
      }),
      () => ({ $range: [random.int(6), random.int(4) - 2, random.pick<unknown>([-1, -2, '$n'])] }),
      () => ({ $objectToArray: inner('object') }),
      () => ({ $split: [inner('text'), inner('text')] }),
      () => ({
        $sortArray: {
          input: inner('array'),
          sortBy: random.pick<unknown>([1, -1, { v: 1 }, { a: -1, b: 1 }, { 'a.b': 1, k: -1 }]),
        },
      }),
      () => ({
        [random.pick(['$firstN', '$lastN', '$maxN', '$minN'])]: {
          input: inner('array'),
          n: 1 + random.int(3),
        },
      }),
      () => ({ $regexFindAll: { input: inner('text'), regex: random.pick(['a', '(a)(b)?', '.', '\\d']) } }),
      () => ({ $percentile: { input: inner('array'), p: [0.5, 0.9], method: 'approximate' } }),
      () => several(random, 0, 3, () => inner('any')),
      () => ({
        $reduce: {
          input: inner('array'),
          initialValue: [],
          in: { $concatArrays: ['$$value', [random.pick<unknown>(['$$this', { $type: '$$this' }])]] },
        },
      }),
    ]),
  object: (random, inner) =>
    oneOf<unknown>(random, [
      () => ({ $mergeObjects: several(random, 1, 2, () => inner('object')) }),
      () => ({ x: inner('any'), y: inner('number') }),
      () => ({ $arrayToObject: random.chance(60) ? '$q' : inner('array') }),
      () => ({ $arrayToObject: { $objectToArray: inner('object') } }),
      () => ({
        $setField: { field: random.pick(['a', 'z', 'a.b']), input: inner('object'), value: inner('any') },
      }),
      () => ({ $unsetField: { field: random.pick(['a', 'z']), input: inner('object') } }),
      () => ({
        $dateToParts: {
          date: inner('date'),
          ...(random.chance(30) ? { iso8601: true } : {}),
          ...(random.chance(30) ? { timezone: random.pick(ZONES) } : {}),
        },
      }),
      () => ({
        $regexFind: {
          input: inner('text'),
          regex: random.pick(['a', '(a)|b', '^$', '(?<x>a)(b)?', '[^a]+$']),
          ...(random.chance(30) ? { options: random.pick(['i', 'ms', 'x', 'is']) } : {}),
        },
      }),
      () => ({ $setField: { field: 'n', input: inner('object'), value: '$$REMOVE' } }),
      () => ({ $arrayToObject: { $zip: { inputs: [['a', 'b', 'c'], inner('array')] } } }),
      () => ({
        $arrayToObject: { $map: { input: inner('array'), in: { k: { $type: '$$this' }, v: '$$this' } } },
      }),
    ]),
  date: (random, inner) =>
    oneOf<unknown>(random, [
      () => ({
        [random.pick(['$dateAdd', '$dateSubtract'])]: {
          startDate: inner('date'),
          unit: random.pick(UNITS),
          amount: random.pick<unknown>([1, 2, -1, 13, '$n']),
          ...(random.chance(30) ? { timezone: random.pick(ZONES) } : {}),
        },
      }),
      () => ({
        $dateTrunc: {
          date: inner('date'),
          unit: random.pick(UNITS),
          ...(random.chance(40) ? { binSize: 1 + random.int(4) } : {}),
          ...(random.chance(30) ? { timezone: random.pick(ZONES) } : {}),
          ...(random.chance(20) ? { startOfWeek: 'monday' } : {}),
        },
      }),
      () => ({ $toDate: inner(random.pick(['date', 'number', 'text', 'any'])) }),
      () => ({
        $dateFromParts: {
          isoWeekYear: 1970 + random.int(60),
          isoWeek: random.pick<unknown>([1, 53, 60, '$n']),
          isoDayOfWeek: random.int(9),
        },
      }),
      () => ({
        $dateFromString: {
          dateString: inner('text'),
          ...(random.chance(40) ? { format: random.pick(FORMATS) } : {}),
          ...(random.chance(40) ? { timezone: random.pick(ZONES) } : {}),
          ...(random.chance(40) ? { onError: 'bad', onNull: 'none' } : {}),
        },
      }),
      () => ({ $add: [inner('date'), inner('number')] }),
      () => ({ $subtract: [inner('date'), inner('number')] }),
      () => ({
        $dateFromParts: {
          year: 1970 + random.int(60),
          month: 1 + random.int(14),
          day: random.int(33),
          ...(random.chance(30) ? { hour: inner('number') } : {}),
          ...(random.chance(30) ? { timezone: random.pick(ZONES) } : {}),
        },
      }),
      () => ({
        $dateFromString: {
          dateString: random.pick(['2024-02-29T12:30:00Z', '2024-02-30', '2024-03-01 10:00', 'x', '12:00']),
          ...(random.chance(40) ? { onError: 'bad' } : {}),
        },
      }),
    ]),
  bool: (random, inner) =>
    oneOf<unknown>(random, [
      () => ({ [random.pick(['$and', '$or'])]: several(random, 0, 3, () => inner('bool')) }),
      () => ({ $not: [inner('bool')] }),
      () => ({ [random.pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'])]: [inner('any'), inner('any')] }),
      () => ({ [random.pick(['$eq', '$gt', '$lte'])]: [inner('number'), inner('number')] }),
      () => ({ $in: [inner('any'), inner('array')] }),
      () => ({ [random.pick(['$eq', '$lt'])]: ['$_id', new Int32(random.int(12))] }),
      () => ({ [random.pick(['$isArray', '$isNumber', '$toBool'])]: inner('any') }),
      () => ({ [random.pick(['$setEquals', '$setIsSubset'])]: [inner('array'), inner('array')] }),
      () => ({ [random.pick(['$allElementsTrue', '$anyElementTrue'])]: [inner('array')] }),
      () => ({
        $regexMatch: {
          input: inner('text'),
          regex: random.pick(['^a', 'B', '[ab]{2}']),
          options: random.pick(['', 'i']),
        },
      }),
    ]),
  any: (random, inner) => inner(random.pick(KINDS.filter((kind) => kind !== 'any'))),
};

/** A constant of the commands' `let`. */
export function letVariables(random: SeededRandom): Document {
  return { x: new Int32(random.int(4)), y: scalar(random) };
}

/** Functions over frames: which rows they look at and when, and deviations digit by digit; each with the reference's answer. */
import { Decimal128, Double, Int32, Long, type Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const DIVISION_BY_ZERO = 2;
const ARRAY_PARTITION = 14;
const NOT_REMOVABLE = 5461500;
const THREE = [
  { _id: 1, a: 1 },
  { _id: 2, a: 2 },
  { _id: 3, a: 0 },
];
const BEFORE_ARRAY = [...THREE, { _id: 4, p: [1], a: 4 }];
/** Fails for one of the rows. */
const unlessA = (is: number): Document => ({ $divide: [1, { $subtract: ['$a', is] }] });
const byId = (x: Document, more: Document = {}): Document => ({
  $setWindowFields: { ...more, sortBy: { _id: 1 }, output: { x } },
});
const documents = (...window: unknown[]): Document => ({ window: { documents: window } });
const range = (...window: unknown[]): Document => ({ window: { range: window } });
const ONLY_X = { $project: { _id: 0, x: 1 } };

type Row = readonly [why: string, output: Document, answer: readonly unknown[] | number];
const former =
  (rows: readonly Document[], more: Document = {}) =>
  ([why, output, answer]: Row): Former => ({
    why,
    documents: rows,
    command: aggregate(byId(output, more), ONLY_X),
    ...(typeof answer === 'number' ? { code: answer } : { rows: answer.map((x) => ({ x })) }),
  });

const LOOKED_AT: readonly Row[] = [
  [
    '$shift does not look at rows that it passes over',
    { $shift: { output: unlessA(1), by: 1 } },
    [1, -1, null],
  ],
  ['nor behind the last', { $shift: { output: unlessA(0), by: -1, default: 7 } }, [7, 1, 0.5]],
  [
    '$first looks at the first row alone',
    { $first: unlessA(2), ...documents('unbounded', 'current') },
    [-1, -1, -1],
  ],
  ['$last at the last', { $last: unlessA(1), ...documents('current', 'unbounded') }, [-1, -1, -1]],
  ['$last of ranges', { $last: unlessA(1), ...range(-1, 1) }, [1, -1, -1]],
  ['an empty frame has none', { $last: '$a', ...documents(1, 1) }, [2, 0, null]],
  ['and what is missing is null', { $first: '$b' }, [null, null, null]],
  ['rows before the first frame are looked at', { $push: unlessA(1), ...documents(1, 2) }, DIVISION_BY_ZERO],
  ['also by range', { $push: unlessA(1), ...range(1, 2) }, DIVISION_BY_ZERO],
  ['rows behind the last frame too', { $push: unlessA(0), ...documents(-2, -1) }, DIVISION_BY_ZERO],
  [
    'unless frames begin with the first row',
    { $push: unlessA(0), ...documents('unbounded', -1) },
    [[], [1], [1, 0.5]],
  ],
  [
    '$top computes what it does not show',
    { $top: { sortBy: { _id: 1 }, output: unlessA(2) } },
    DIVISION_BY_ZERO,
  ],
  [
    '$bottom too',
    { $bottom: { sortBy: { _id: -1 }, output: unlessA(2) }, ...documents(-1, 0) },
    DIVISION_BY_ZERO,
  ],
  ['$topN', { $topN: { n: 1, sortBy: { _id: 1 }, output: unlessA(0) } }, DIVISION_BY_ZERO],
  ['$bottomN', { $bottomN: { n: 1, sortBy: { _id: -1 }, output: unlessA(0) } }, DIVISION_BY_ZERO],
  ['$firstN', { $firstN: { n: 1, input: unlessA(2) } }, DIVISION_BY_ZERO],
  ['$mergeObjects cannot move', { $mergeObjects: '$$ROOT', ...documents(-1, 0) }, NOT_REMOVABLE],
];

const TIED = [
  { _id: 1, t: 1, n: 1 },
  { _id: 2, t: 1, n: 2 },
  { _id: 3, t: 2, n: 4 },
  { _id: 4, t: 2, n: 8 },
];
/** What comes together in frames by range: 0 is the place of the row, 'current' the row itself. */
const TIES: readonly Former[] = (
  [
    [
      [-1, 'current'],
      [1, 3, 7, 15],
    ],
    [
      [-1, 0],
      [3, 3, 15, 15],
    ],
    [
      ['current', 1],
      [15, 14, 12, 8],
    ],
    [
      [0, 1],
      [15, 15, 12, 12],
    ],
    [
      ['current', 0],
      [3, 2, 12, 8],
    ],
    [
      [0, 'current'],
      [1, 3, 4, 12],
    ],
    [
      ['unbounded', 'current'],
      [1, 3, 7, 15],
    ],
    [
      ['current', 'current'],
      [1, 2, 4, 8],
    ],
  ] as const
).map(([window, sums]) => ({
  why: JSON.stringify(window),
  documents: TIED,
  command: aggregate(
    { $setWindowFields: { sortBy: { t: 1 }, output: { x: { $sum: '$n', ...range(...window) } } } },
    ONLY_X,
  ),
  rows: sums.map((x) => ({ x })),
}));

/** Of rows whose part and place are the same array. */
const partedBy = (why: string, partitionBy: unknown, code: number): Former => ({
  why,
  documents: [{ _id: 1, a: [1] }],
  command: aggregate({ $setWindowFields: { partitionBy, sortBy: { a: 1 }, output: {} } }),
  code,
});
const PARTED: readonly Former[] = [
  partedBy('by its path it is no second array', '$a', ARRAY_PARTITION),
  partedBy(
    'nor by an expression that is no more than the path',
    { $let: { vars: { v: '$c' }, in: '$$ROOT.a' } },
    ARRAY_PARTITION,
  ),
  partedBy('by another expression it is', { $ifNull: ['$a', 1] }, 2),
];

const [NO_NUMBER, NULL_INPUT] = [5423900, 5624903];
const CURVES: readonly Row[] = [
  [
    '$derivative looks at the ends of frames alone',
    { $derivative: { input: unlessA(2) }, ...documents('unbounded', 'unbounded') },
    [0, 0, 0],
  ],
  [
    '$integral at rows that some frame has',
    { $integral: { input: '$s' }, ...documents(1, 2) },
    [2.5, 0, null],
  ],
  ['and at those between', { $integral: { input: '$s' }, ...documents(-1, 1) }, NO_NUMBER],
  ['a null at one end is told before', { $derivative: { input: '$z' }, ...documents(-1, 1) }, NULL_INPUT],
];
const CURVED = [
  { _id: 1, a: 1, s: 'x', z: [1] },
  { _id: 2, a: 2, s: 2, z: null },
  { _id: 3, a: 1, s: 3, z: 1 },
];

const filled = (why: string, ends: readonly unknown[], code: number): Former => ({
  why,
  documents: [{ _id: 1, a: ends[0] }, { _id: 2 }, { _id: 3, a: ends[1] }],
  command: aggregate(byId({ $linearFill: '$a' })),
  code,
});
const DATE_OVERFLOW = 15;
const NOT_NUMERIC = 14;
const FILLED: readonly Former[] = [
  filled('a date is none', [1, new Date(0)], NOT_NUMERIC),
  filled('less what is no number it overflows before', [NaN, new Date(0)], DATE_OVERFLOW),
  filled('or less what is too large', [1e30, new Date(0)], DATE_OVERFLOW),
  filled('a line from a date is not begun', [new Date(0), NaN], NOT_NUMERIC),
];

const parted = (why: string, partitionBy: unknown, k: readonly unknown[]): Former => ({
  why,
  documents: [{ _id: 1 }],
  command: {
    ...aggregate(byId({ $sum: 1 }, { partitionBy }), { $project: { _id: 0, k: { $meta: 'sortKey' } } }),
    let: { v: 5 },
  },
  rows: [{ k }],
});
const ONE_PARTITION: readonly Former[] = [
  parted('of a constant', { $add: [1, 2] }, [1]),
  parted('of what is not there', '$$REMOVE', [1]),
  parted('but not of a variable', '$$v', [5, 1]),
  parted('nor of a field that is not there', '$v', [null, 1]),
];

const FAULTS: readonly Row[] = [
  [
    'a range that ends at its row reads no further',
    { $minMaxScaler: { input: unlessA(0) }, ...range(-3, 'current') },
    DIVISION_BY_ZERO,
  ],
  [
    'a frame is read to its end before $first is asked',
    { $first: unlessA(2), ...documents('current', 'unbounded') },
    ARRAY_PARTITION,
  ],
  ['and before rows that it passes over are', { $push: unlessA(1), ...documents(2, 3) }, ARRAY_PARTITION],
  [
    'a row of the frame is looked at before the next is read',
    { $push: unlessA(0), ...documents(2, 3) },
    DIVISION_BY_ZERO,
  ],
  ['the end of a range is read first', { $push: unlessA(0), ...range(-1, 1) }, ARRAY_PARTITION],
  ['also one that never ends', { $sum: unlessA(2), ...range('current', 'unbounded') }, ARRAY_PARTITION],
  ['but not of ranges behind the row', { $sum: unlessA(0), ...range(-2, -1) }, DIVISION_BY_ZERO],
  ['nor of documents', { $sum: unlessA(2), ...documents('current', 'unbounded') }, DIVISION_BY_ZERO],
  [
    '$minMaxScaler looks at a row when its frame is found',
    { $minMaxScaler: { input: { $cond: ['$a', '$a', 'x'] } }, ...range(-1, 0) },
    ARRAY_PARTITION,
  ],
  [
    'but does not read on for one of documents',
    { $minMaxScaler: { input: { $cond: ['$a', '$a', 'x'] } }, ...documents(-1, 0) },
    10487000,
  ],
  ['$shift reads as far as it goes', { $shift: { output: unlessA(2), by: 2 } }, ARRAY_PARTITION],
];

const NUMBERS = [0.1, 0.2, 0.3, 1e10, 0.7, -5.5, 1e-3, 42.42].map((a, _id) => ({ _id, a: new Double(a) }));
const OF_TWO = [0, 0.05, 0.05, 4999999999.85, 4999999999.65, 0, 31.968073911942117, 38.26532881917251];
const OF_THREE = [
  0.0816496580927726, 4714045207.792466, 4714045207.674615, 4714045209.041688, 0, 28.14413170705115,
  30.827281546801416, 0,
];
const DEVIATIONS: readonly Row[] = [
  ['what leaves is taken away', { $stdDevPop: '$a', ...documents(-1, 0) }, OF_TWO],
  ['at the end nothing comes', { $stdDevPop: '$a', ...documents(0, 2) }, OF_THREE],
];

const OTHERS = [3, 7, 1, 'x', NaN, 4, Infinity, 2, 5].map((a, _id) => ({ _id, a }));
const OF_OTHERS: readonly Row[] = [
  [
    'texts count for nothing, infinities and NaN make null',
    { $stdDevSamp: '$a', ...documents(-2, 0) },
    [null, 2.8284271247461903, 3.055050463303893, 4.242640687119285, null, null, null, null, null],
  ],
];

const ODD_NUMBERS = [1, NaN, NaN, 5, 7].map((a, _id) => ({ _id, a }));
const ODD_DEVIATIONS: readonly Row[] = [
  [
    'NaN is forgotten when the last number leaves',
    { $stdDevPop: '$a', ...documents(-1, 0) },
    [0, null, null, 0, 1],
  ],
];

const densify = (why: string, field: string, partitionByFields: string[], code: number): Former => ({
  why,
  documents: THREE,
  command: aggregate({ $densify: { field, partitionByFields, range: { step: 1, bounds: 'full' } } }),
  code,
});
const EMPTY_PATHS = [
  densify('an empty path is none', '', [], 40352),
  densify('what rows are parted by lies within an empty path', '', ['b.c', 'b'], 8993000),
  densify('it too', '', [''], 8993000),
  densify('and every field lies within it', 'a', [''], 9554500),
  densify('whatever it is', '', ['b.'], 8993000),
];

const COVARIANCES: readonly Former[] = [
  {
    why: 'a decimal that is alone is its own mean, with all its digits',
    documents: [
      { _id: 0, a: Decimal128.fromString('2.00') },
      { _id: 1, a: Decimal128.fromString('1E+3') },
    ],
    command: aggregate(
      { $setWindowFields: { sortBy: { _id: 1 }, output: { x: { $covariancePop: ['$a', 3] } } } },
      { $project: { x: 1, _id: 0 } },
      { $limit: 1 },
    ),
    exact: [{ x: Decimal128.fromString('0E+12') }],
  },
  {
    why: 'an infinity is a decimal beside decimals',
    documents: [
      { _id: 0, a: Decimal128.fromString('2') },
      { _id: 1, a: Infinity },
      { _id: 2, a: 3 },
    ],
    command: aggregate(
      { $setWindowFields: { output: { x: { $covarianceSamp: ['$a', 1] } } } },
      { $project: { x: 1, _id: 0 } },
      { $limit: 1 },
    ),
    exact: [{ x: Decimal128.fromString('Infinity') }],
  },
];

/** @param answer  by row */
const covariance = (
  why: string,
  numbers: readonly unknown[],
  window: Document,
  answer: readonly unknown[],
): Former => ({
  why,
  documents: numbers.map((a, _id) => ({ _id, a })),
  command: aggregate(byId({ $covariancePop: ['$a', '$_id'], ...window }), ONLY_X),
  exact: answer.map((x) => ({ x })),
});
const DECIMAL_THREE = Decimal128.fromString('3');
const ODD_COVARIANCES: readonly Former[] = [
  covariance('rows before all frames are never in one', [1, DECIMAL_THREE, 3], range(1, 'unbounded'), [
    Decimal128.fromString('0.0'),
    new Double(0),
    null,
  ]),
  covariance('NaN is no decimal', [1, Decimal128.fromString('NaN'), 3], documents('unbounded', 'unbounded'), [
    new Double(NaN),
    new Double(NaN),
    new Double(NaN),
  ]),
  covariance('it is forgotten when the last number leaves', [1, NaN, NaN, 2, 4], documents(-1, 0), [
    new Double(0),
    new Double(0),
    null,
    new Double(0),
    new Double(0.5),
  ]),
];

const EQUAL_VALUES = [
  { _id: 0, a: 3 },
  { _id: 1, a: Long.fromNumber(3) },
  { _id: 2, a: 1 },
];
const extreme = (why: string, output: Document, values: readonly unknown[]): Former => ({
  why,
  documents: EQUAL_VALUES,
  command: aggregate(
    { $setWindowFields: { sortBy: { _id: 1 }, output: { x: output } } },
    { $project: { x: 1, _id: 0 } },
  ),
  exact: values.map((x) => ({ x })),
});
const EXTREMES: readonly Former[] = [
  extreme(
    'the greatest is the last of equal ones, where rows leave the frame',
    { $max: '$a', ...documents(-1, 1) },
    [Long.fromNumber(3), Long.fromNumber(3), Long.fromNumber(3)],
  ),
  extreme(
    'the first, where none does',
    { $max: '$a' },
    [3, 3, 3].map((x) => new Int32(x)),
  ),
  extreme('the least is the first of them', { $min: '$a', ...documents(-1, 0) }, [
    new Int32(3),
    new Int32(3),
    new Int32(1),
  ]),
];

describe('$densify', () => testFormer(EMPTY_PATHS));

describe('frames', () => {
  describe('the rows that are looked at', () => testFormer(LOOKED_AT.map(former(THREE))));
  describe('a partition that is an array', () =>
    testFormer(FAULTS.map(former(BEFORE_ARRAY, { partitionBy: '$p' }))));
  describe('rows in the same place', () => testFormer(TIES));
  describe('an array by which rows are parted and sorted', () => testFormer(PARTED));
  describe('curves', () => testFormer(CURVES.map(former(CURVED))));
  describe('numbers on a line', () => testFormer(FILLED));
  describe('rows that are not parted are not sorted by that', () => testFormer(ONE_PARTITION));
  describe('extremes', () => testFormer(EXTREMES));
  describe('covariances', () => testFormer([...COVARIANCES, ...ODD_COVARIANCES]));
  describe('deviations', () =>
    testFormer([
      ...DEVIATIONS.map(former(NUMBERS)),
      ...OF_OTHERS.map(former(OTHERS)),
      ...ODD_DEVIATIONS.map(former(ODD_NUMBERS)),
    ]));
});

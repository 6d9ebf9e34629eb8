/** Numbers that are too large for those beside them, in frames that move. */
import { Double, Int32, Long, type Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const framed = (
  why: string,
  name: string,
  frame: unknown,
  numbers: readonly unknown[],
  exact: readonly unknown[],
): Former => ({
  why,
  documents: numbers.map((a, _id): Document => ({ _id, a })),
  command: aggregate(
    {
      $setWindowFields: { sortBy: { _id: 1 }, output: { x: { [name]: '$a', window: { documents: frame } } } },
    },
    { $project: { _id: 0, x: 1 } },
  ),
  exact: exact.map((x) => ({ x })),
});

const LARGE = [1, 1, 1.7e308, -1, 2, null, -1].map((x) => (x === null ? x : new Double(x)));
const int = (x: number): Int32 => new Int32(x);
const double = (x: number): Double => new Double(x);
const [INFINITE, NAN] = [double(Infinity), double(NaN)];
const DEVIATIONS: readonly Former[] = [
  framed(
    'squares that are too large are infinite, and no number once they change',
    '$stdDevPop',
    [-2, 0],
    LARGE,
    [int(0), double(0), INFINITE, NAN, NAN, NAN, NAN],
  ),
  framed('nothing is kept of them once one number alone is asked for', '$stdDevPop', [-1, 0], LARGE, [
    int(0),
    double(0),
    NAN,
    NAN,
    NAN,
    int(0),
    int(0),
  ]),
];

const SUMS: readonly Former[] = [
  framed(
    'an int is lost beside a large double, though that leaves',
    '$sum',
    [0, 0],
    [double(1e17), 2, 3],
    [double(1e17), int(0), int(3)],
  ),
  framed(
    'and is not beside a large long',
    '$sum',
    [0, 0],
    [Long.fromString('9223372036854775807'), 2, 3],
    [Long.fromString('9223372036854775807'), int(2), int(3)],
  ),
];

describe('large numbers in frames', () => {
  describe('deviations', () => testFormer(DEVIATIONS));
  describe('sums', () => testFormer(SUMS));
});

/** What stages once made otherwise than the reference, types of numbers included. */
import { Decimal128, Double, Long, type Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const day = (month: number, date: number): Date => new Date(Date.UTC(2024, month - 1, date));
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

/** What $densify makes of values of `n`, with their partitions `p` if these are given. */
const densified = (range: Document, partitionByFields: string[] = []): Document =>
  aggregate({ $densify: { field: 'n', partitionByFields, range } }, { $unset: '_id' });

const DENSIFY: readonly Former[] = [
  {
    why: 'a grid goes on from the row that stands on it, in its type',
    documents: [{ _id: 1, n: new Double(0) }],
    command: densified({ step: 2, bounds: [0, 5] }),
    exact: [{ n: new Double(0) }, { n: new Double(2) }, { n: new Double(4) }],
  },
  {
    why: 'a long too',
    documents: [{ _id: 1, n: Long.fromNumber(0) }],
    command: densified({ step: 2, bounds: [0, 4] }),
    exact: [{ n: Long.fromNumber(0) }, { n: Long.fromNumber(2) }],
  },
  {
    why: 'before a row the first decimal has the digits of the step',
    documents: [{ _id: 1, n: 1 }],
    command: densified({ step: decimal('0.50'), bounds: [decimal('0'), decimal('1')] }),
    exact: [{ n: decimal('0.00') }, { n: decimal('0.50') }, { n: 1 }],
  },
  {
    why: 'without rows it has its own',
    documents: [],
    command: densified({ step: decimal('0.50'), bounds: [decimal('0'), decimal('1')] }),
    exact: [{ n: decimal('0') }, { n: decimal('0.50') }],
  },
  {
    why: 'a further partition starts a month after what is a month before the least',
    documents: [
      { _id: 1, n: day(3, 31), p: 0 },
      { _id: 2, n: day(5, 30), p: 1 },
    ],
    command: densified({ step: 1, unit: 'month', bounds: 'full' }, ['p']),
    exact: [
      { n: day(3, 31), p: 0 },
      { p: 1, n: day(3, 29) },
      { p: 1, n: day(4, 29) },
      { p: 1, n: day(5, 29) },
      { n: day(5, 30), p: 1 },
      { p: 0, n: day(4, 30) },
      { p: 0, n: day(5, 30) },
    ],
  },
  {
    why: 'what is before its first row comes behind it, if that is within a step of the least',
    documents: [
      { _id: 1, n: 0, p: 0 },
      { _id: 2, n: 2, p: 1 },
      { _id: 3, n: 5, p: 1 },
    ],
    command: densified({ step: 2, bounds: 'full' }, ['p']),
    exact: [
      { n: 0, p: 0 },
      { n: 2, p: 1 },
      { p: 1, n: 0 },
      { p: 1, n: 2 },
      { p: 1, n: 4 },
      { n: 5, p: 1 },
      { p: 0, n: 2 },
      { p: 0, n: 4 },
    ],
  },
];

describe('differences from the reference in what stages make', () => {
  describe('$densify', () => testFormer(DENSIFY));
});

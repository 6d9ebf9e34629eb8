import { expect } from 'chai';
import fc from 'fast-check';
import { compareValues } from '../../../elmo/bson/compare.js';
import { DB_POINTER } from '../../../elmo/bson/types.js';
import { EDGES, int32, object, samples, type Sample } from '../../support/bson-values.js';
import { Reference } from './reference.js';

describe('the order of values, beside the reference engine', function () {
  this.timeout(60_000);
  let reference: Reference | undefined;

  before(async function () {
    reference = await Reference.open();
    if (reference === undefined) this.skip(); // none is listening: see reference.ts
  });

  after(() => reference?.close());

  /** The place of each value in the reference's order; equal values have the same. */
  async function ranks(values: readonly Sample[]): Promise<number[]> {
    await reference!.fill(
      'order',
      values.map((value, i) => [
        ['_id', int32(i)],
        ['v', value],
      ]),
    );
    const sorted = (direction: number): Promise<number[]> =>
      reference!.ids('order', [], [['v', int32(1)], ['_id', int32(direction)]]); // prettier-ignore
    const [up, down] = [await sorted(1), await sorted(-1)];
    const ranks: number[] = [];
    for (let start = 0; start < up.length;) {
      let end = start + 1; // equal values are those that the order of _id turns around
      while (down[end - 1] !== up[start]) end++;
      for (const id of up.slice(start, end)) ranks[id] = start;
      start = end;
    }
    return ranks;
  }

  async function expectSameOrder(values: readonly Sample[]): Promise<void> {
    const rank = await ranks(values);
    const order = values.map((_, i) => i).sort((a, b) => rank[a]! - rank[b]!);
    const wrong: string[] = [];
    for (let i = 1; i < order.length; i++) {
      const [a, b] = [values[order[i - 1]!]!, values[order[i]!]!];
      const ours = Math.sign(compareValues(a.bytes, a.type, 0, b.bytes, b.type, 0));
      if (ours !== Math.sign(rank[order[i - 1]!]! - rank[order[i]!]!)) wrong.push(`${a.text} ? ${b.text}`);
    }
    expect(wrong).to.deep.equal([]);
  }

  /** In documents, where an array is compared as a whole and not by its elements. */
  const within = (value: Sample): Sample => object([['v', value]]);

  it('edges', () => expectSameOrder(EDGES.map(within)));

  it('edges by themselves', () => expectSameOrder(EDGES.filter(({ text }) => !text.startsWith('['))));

  it('random values', () => {
    // sorts without an index compare DBPointers by ObjectId alone, those with one as we do
    const hasPointer = ({ type, text }: Sample): boolean =>
      type === DB_POINTER || text.includes('$dbPointer');
    const values = fc.sample(samples, { numRuns: 2000 }).filter((value) => !hasPointer(value));
    return expectSameOrder(values.map(within));
  });
});

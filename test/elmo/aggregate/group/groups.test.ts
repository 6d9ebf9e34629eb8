/** `$group` against a simple model: a map from keys as text to lists of rows. */
import { expect } from 'chai';
import fc from 'fast-check';
import { run } from '../memory-collections.js';

const keys = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.constantFrom('a', 'b', '', 'é', '\u0001x'),
  fc.constantFrom(null, true, false),
  fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  fc.record({ k: fc.integer({ min: 0, max: 1 }) }),
);
const rows = fc.array(fc.record({ g: keys, v: fc.integer({ min: -1000, max: 1000 }) }), { maxLength: 60 });

interface Row {
  readonly g: unknown;
  readonly v: number;
}

function model(documents: readonly Row[]): unknown[] {
  const groups = new Map<string, Row[]>();
  for (const row of documents) {
    const key = JSON.stringify(row.g);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((members) => {
    const values = members.map(({ v }) => v);
    const sum = values.reduce((a, b) => a + b, 0);
    return {
      _id: members[0]!.g,
      n: values.length,
      sum,
      avg: sum / values.length,
      min: Math.min(...values),
      max: Math.max(...values),
      first: values[0],
      last: values.at(-1),
      all: values,
    };
  });
}

const group = {
  $group: {
    _id: '$g',
    n: { $count: {} },
    sum: { $sum: '$v' },
    avg: { $avg: '$v' },
    min: { $min: '$v' },
    max: { $max: '$v' },
    first: { $first: '$v' },
    last: { $last: '$v' },
    all: { $push: '$v' },
  },
};

describe('groups', () => {
  it('are those of the model, in memory and through the disk', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(undefined, 1), (some, maxStageBytes) => {
        const documents = Array.from({ length: 20 }, () => some).flat(); // enough to look at the memory
        const settings = maxStageBytes === undefined ? {} : { maxStageBytes };
        const text = (each: readonly unknown[]): string[] => each.map((row) => JSON.stringify(row)).sort();
        const found = run([group], { t: documents }, 't', settings);
        expect(text(found)).to.deep.equal(text(model(documents)));
      }),
      { numRuns: 40 },
    );
  });
});

import { expect } from 'chai';
import {
  endsBefore,
  hullOf,
  spansMeetRange,
  SpanSweep,
  tablesWithin,
  unionOfSpans,
} from '../../../lsm/merge/spans.js';
import { Simulation } from './simulation.js';

const key = (n: number): Uint8Array => new Uint8Array([n]);
const span = (low: number, high: number | undefined): { low: Uint8Array; high: Uint8Array | undefined } => ({
  low: key(low),
  high: high === undefined ? undefined : key(high),
});
const maker = new Simulation({ levelZeroRuns: 4, levelFactor: 8, levelOneBytes: 1e6, tableBytes: 1e5 });
const tables = [span(10, 19), span(20, 29), span(40, undefined)].map(({ low, high }) =>
  maker.table(0, 0, 1, { lowKey: low, highKey: high }),
);

describe('spans', () => {
  it('include both ends', () => {
    expect(endsBefore(key(5), key(5))).to.equal(false);
    expect(endsBefore(key(5), key(6))).to.equal(true);
    expect(endsBefore(undefined, key(255))).to.equal(false);
  });

  for (const [low, high, expected] of [
    [0, 9, []],
    [0, 10, [0]],
    [19, 20, [0, 1]],
    [30, 39, []],
    [30, undefined, [2]],
    [0, undefined, [0, 1, 2]],
    [200, 201, [2]],
  ] as const) {
    it(`[${low}, ${high ?? 'end'}] overlaps tables ${expected.join(', ') || '(none)'}`, () => {
      expect(tablesWithin(tables, span(low, high))).to.deep.equal(expected.map((i) => tables[i]));
    });
  }

  it('unite where they overlap or touch', () => {
    const united = unionOfSpans([span(5, 9), span(1, 2), span(9, 12), span(30, undefined), span(40, 50)]);
    expect(united).to.deep.equal([span(1, 2), span(5, 12), span(30, undefined)]);
  });

  it('have a hull', () => {
    expect(hullOf([])).to.equal(undefined);
    expect(hullOf(tables.slice(0, 2))).to.deep.equal(span(10, 29));
    expect(hullOf([...tables].reverse())).to.deep.equal(span(10, undefined));
  });

  it('meet a range that leaves its high end out', () => {
    const spans = [span(5, 9), span(20, undefined)];
    expect(spansMeetRange(spans, key(9), key(10))).to.equal(true);
    expect(spansMeetRange(spans, key(10), key(20))).to.equal(false);
    expect(spansMeetRange(spans, key(10), key(21))).to.equal(true);
    expect(spansMeetRange([], new Uint8Array(0), undefined)).to.equal(false);
  });

  it('answer ascending keys', () => {
    const sweep = new SpanSweep([span(5, 9), span(20, undefined)]);
    const asked = [1, 5, 9, 9, 10, 19, 20, 255];
    expect(asked.map((n) => sweep.holds(key(n), 0, 1))).to.deep.equal([
      false,
      true,
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });
});

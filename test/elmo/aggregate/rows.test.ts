import { expect } from 'chai';
import { documentValue, plainJs } from '../../../elmo/bson/value.js';
import { Engine } from '../../../elmo/engine/engine.js';
import { MemoryKv } from '../../../lsm/index.js';
import { namespaceOf, raw } from './engine-runner.js';

const ROWS = 6000;

/** Each look at the clock finds the slice of time used up; turns of the event loop are counted. */
class HastyClock {
  turns = 0;
  private now = 0;

  wallMs(): number {
    return 1_700_000_000_000;
  }
  nowMs(): number {
    return (this.now += 9);
  }
  turn(): Promise<void> {
    this.turns++;
    return Promise.resolve();
  }
}

describe('stages that hold all rows let others run', () => {
  const clock = new HastyClock();
  const engine = new Engine(new MemoryKv(), clock as never, { fill: () => undefined } as never);
  const documents = Array.from({ length: ROWS }, (_, i) => raw({ _id: i, n: (i * 7919) % ROWS, g: i % 3 }));

  before(() => engine.insert({ namespace: namespaceOf('t'), documents, isOrdered: true }));

  async function run(pipeline: readonly object[]): Promise<{ rows: unknown[]; turns: number }> {
    const before = clock.turns;
    const cursor = await engine.aggregate({ namespace: namespaceOf('t'), pipeline: pipeline.map(raw) });
    const { documents: found } = await cursor.nextBatch(10, 1 << 24);
    cursor.close();
    return { rows: found.map((each) => plainJs(documentValue(each))), turns: clock.turns - before };
  }

  let ofScan = 0;
  before(async () => (ofScan = (await run([{ $count: 'n' }])).turns));

  for (const [what, stages, turns] of [
    ['the sort of $bucketAuto', [{ $bucketAuto: { groupBy: '$n', buckets: 2 } }], 20],
    [
      'the sort of $setWindowFields',
      [
        {
          $setWindowFields: { sortBy: { n: 1 }, output: { r: { $sum: 1, window: { documents: [-1, 0] } } } },
        },
        { $count: 'n' },
      ],
      20,
    ],
    ['the rows of a $facet', [{ $facet: { a: [{ $count: 'n' }], b: [{ $count: 'n' }] } }], 100],
  ] as const)
    it(what, async () => {
      const result = await run(stages);
      expect(result.rows.length).to.be.within(1, 2);
      expect(result.turns - ofScan).to.be.above(turns);
    });
});

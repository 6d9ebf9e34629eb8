import { expect } from 'chai';
import * as fc from 'fast-check';
import type { TableMeta } from '../../../lsm/manifest/table-meta.js';
import type { Run, Version } from '../../../lsm/manifest/version.js';
import {
  levelScores,
  pickMerge,
  planMergeAll,
  type MergePlan,
  type PickState,
} from '../../../lsm/merge/pick.js';
import { keyAt, Simulation, simulateLoad } from './simulation.js';

const MIB = 1024 * 1024;
const OPTIONS = { levelZeroRuns: 4, levelFactor: 8, levelOneBytes: 64 * MIB, tableBytes: 4 * MIB };
const maker = new Simulation(OPTIONS);

/** A table from `low` to `high` hundredths of the key space. */
const table = (low: number, high: number, more: Partial<TableMeta> = {}): TableMeta =>
  maker.table(low / 100, high / 100, more.dataBytes ?? 4 * MIB, more);
/** The run of a level, from [low, high] pairs. */
const level = (n: number, ...tables: TableMeta[]): Run => ({ level: n, order: 0, tables });
const zero = (order: number, ...tables: TableMeta[]): Run => ({ level: 0, order, tables });
const version = (...runs: Run[]): Version => ({ number: 1, runs });
const ids = (tables: readonly TableMeta[]): number[] => tables.map((t) => t.id);
const pick = (v: Version, state: Partial<PickState> = {}): MergePlan | undefined =>
  pickMerge(v, {
    options: OPTIONS,
    levelPointers: new Map(),
    busyTables: new Set(),
    keepSeqsAbove: Infinity,
    ...state,
  });

/** `count` tables side by side, filling [0, 1). */
const full = (count: number, more: Partial<TableMeta> = {}): TableMeta[] =>
  Array.from({ length: count }, (_, i) =>
    maker.table(i / count, (i + 0.9) / count, more.dataBytes ?? 4 * MIB, more),
  );

describe('pickMerge', () => {
  it('finds nothing to do in an empty version, or below every target', () => {
    expect(pick(version())).to.equal(undefined);
    expect(pick(version(zero(2, table(0, 99)), zero(1, table(0, 99)), level(1, ...full(16))))).to.equal(
      undefined,
    );
  });

  describe('level 0', () => {
    const overlapping = [4, 3, 2, 1].map((order) => zero(order, table(10, 60)));

    it('merges all runs with what they overlap in level 1, newest first', () => {
      const inside = [table(5, 20), table(30, 40)];
      const v = version(...overlapping, level(1, ...inside, table(80, 90)));
      const plan = pick(v)!;
      expect(plan.reason).to.equal('level-zero');
      expect(plan.inputs.map(ids)).to.deep.equal([...overlapping.map((run) => ids(run.tables)), ids(inside)]);
      expect([plan.outputLevel, plan.includesOutputLevel, plan.isBottom]).to.deep.equal([1, true, true]);
    });

    it('takes tables of level 1 between its runs too, so that no output spans a table that stays', () => {
      const runs = [4, 3, 2, 1].map((order) => zero(order, table(10, 20), table(70, 80)));
      const between = table(40, 50);
      expect(pick(version(...runs, level(1, between)))!.inputs.at(-1)).to.deep.equal([between]);
    });

    it('moves runs that are disjoint from everything', () => {
      const runs = [4, 3, 2, 1].map((order) => zero(order, table(order * 10, order * 10 + 5)));
      const plan = pick(version(...runs, level(1, table(0, 5), table(60, 65))))!;
      expect(plan.inputs).to.deep.equal([]);
      expect(ids(plan.moves)).to.deep.equal(ids(runs.flatMap((run) => run.tables)));
    });

    it('rewrites disjoint runs of small tables into fuller ones', () => {
      const runs = [4, 3, 2, 1].map((order) =>
        zero(order, table(order * 10, order * 10 + 5, { dataBytes: 9000 })),
      );
      const plan = pick(version(...runs))!;
      expect(plan.moves).to.deep.equal([]);
      expect(plan.inputs.length).to.equal(4);
    });

    it('leaves out runs newer than a busy one, and waits for a busy table of level 1', () => {
      const busyRun = overlapping[1]!.tables[0]!;
      expect(pick(version(...overlapping), { busyTables: new Set([busyRun.id]) })!.inputs.length).to.equal(2);
      const lower = table(0, 99);
      const v = version(...overlapping, level(1, lower));
      expect(pick(v, { busyTables: new Set([lower.id]) })).to.equal(undefined);
    });

    it('tells where deeper tables lie', () => {
      const deeper = [table(0, 15), table(15.5, 30), table(90, 95)];
      const plan = pick(version(...overlapping, level(2, ...deeper.slice(1)), level(3, deeper[0]!)))!;
      expect(plan.isBottom).to.equal(false);
      expect(plan.deeperSpans.length).to.equal(2);
      expect(plan.nextLevel).to.deep.equal([{ low: deeper[1]!.lowKey, high: deeper[1]!.highKey }]);
    });
  });

  describe('a level beyond its target', () => {
    it('gives the window that overlaps least', () => {
      const upper = full(20);
      const lower = full(100).filter((_, i) => i < 50 || i >= 90);
      const plan = pick(version(level(1, ...upper), level(2, ...lower)))!;
      expect(plan.reason).to.equal('level-size');
      // 0.5 to 0.9 is free of level 2.
      expect(ids(plan.moves)).to.include(upper[12]!.id);
      expect(plan.inputs).to.deep.equal([]);
    });

    it('goes round where windows cost the same', () => {
      const upper = full(20);
      const lower = full(20);
      const v = version(level(1, ...upper), level(2, ...lower));
      const first = pick(v)!;
      const second = pick(v, { levelPointers: new Map([[1, first.pointer!]]) })!;
      expect(ids(second.inputs[0]!)).to.not.include.members(ids(first.inputs[0]!));
    });

    it('gives tables rich in tombstones first', () => {
      const upper = full(20);
      const rich = { ...upper[9]!, tombstoneCount: upper[9]!.entryCount / 2 };
      upper[9] = rich;
      const plan = pick(version(level(1, ...upper), level(2, ...full(20))))!;
      expect(ids(plan.inputs[0]!)).to.include(rich.id);
    });

    it('avoids busy tables', () => {
      const upper = full(17);
      const lower = full(17);
      const busyTables = new Set([...ids(upper.slice(0, 10)), lower[15]!.id]);
      const plan = pick(version(level(1, ...upper), level(2, ...lower)), { busyTables })!;
      for (const id of ids(plan.inputs.flat())) expect(busyTables.has(id)).to.equal(false);
    });
  });

  describe('tombstones', () => {
    const richTable = (more: Partial<TableMeta> = {}): TableMeta =>
      table(10, 20, { entryCount: 100, tombstoneCount: 30, maxSeq: 7, ...more });

    for (const [why, more, keepSeqsAbove, expected] of [
      ['are rewritten in place where nothing lies below', {}, Infinity, [1, 1]],
      ['wait for an open transaction that must notice them', {}, 6, undefined],
      ['few of them are left alone', { tombstoneCount: 10 }, Infinity, undefined],
      [
        'a range tombstone in a table of few entries counts much',
        { tombstoneCount: 0, rangeTombstoneCount: 1 },
        Infinity,
        [1, 1],
      ],
    ] as const) {
      it(why, () => {
        const plan = pick(version(level(1, richTable(more))), { keepSeqsAbove });
        expect(plan && [plan.inputLevel, plan.outputLevel]).to.deep.equal(expected);
      });
    }

    it('sink towards what they hide', () => {
      const v = version(level(1, richTable()), level(2, table(50, 60)), level(3, table(0, 40)));
      const plan = pick(v)!;
      expect([plan.reason, plan.outputLevel, plan.moves.length]).to.deep.equal(['tombstones', 2, 1]);
    });
  });

  describe('small tables', () => {
    it('become one when four of them are neighbours', () => {
      const small = full(10, { dataBytes: 50_000 });
      const plan = pick(version(level(1, ...small)))!;
      expect([plan.reason, plan.inputLevel, plan.outputLevel]).to.deep.equal(['small-tables', 1, 1]);
      expect(plan.inputs[0]!.length).to.equal(10);
      expect(pick(version(level(1, ...small.slice(0, 3))))).to.equal(undefined);
    });

    it('are not added one by one to a big one', () => {
      const tables = full(4, { dataBytes: 5_000 });
      tables[0] = { ...tables[0]!, dataBytes: 1 * MIB };
      expect(pick(version(level(1, ...tables)))).to.equal(undefined);
    });
  });

  it('property: merging comes to rest, loses no bytes, and keeps levels disjoint and within their targets', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat({ max: 90 }), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 64 })),
          {
            maxLength: 60,
          },
        ),
        (flushes) => {
          const simulation = new Simulation({
            levelZeroRuns: 2,
            levelFactor: 4,
            levelOneBytes: 64_000,
            tableBytes: 16_000,
          });
          for (const [low, width, kib] of flushes) {
            simulation.flush(low / 100, (low + width) / 100, kib * 1024);
            simulation.settle();
          }
          const scores = levelScores(simulation.version, simulation.options);
          for (const { score, level: n } of scores) expect(score, `level ${n}`).to.be.at.most(1);
          const bytes = scores.reduce((sum, s) => sum + s.bytes, 0);
          expect(bytes).to.be.within(simulation.bytesLoaded * 0.98, simulation.bytesLoaded * 1.02 + 1);
          for (const { tables, level: n } of simulation.version.runs) {
            if (n === 0) continue;
            for (let i = 1; i < tables.length; i++) {
              expect(Buffer.compare(tables[i - 1]!.highKey!, tables[i]!.lowKey), 'disjoint').to.be.lessThan(
                0,
              );
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('writes each byte of a random load of 350 MiB less than four times, of 2 GiB less than eight times', () => {
    for (const factor of [4, 8, 10]) {
      expect(simulateLoad(350 * MIB, factor, 64 * MIB, 'random').amplification).to.be.lessThan(4);
      expect(simulateLoad(2048 * MIB, factor, 64 * MIB, 'random').amplification).to.be.lessThan(8);
    }
  });

  it('writes an ascending load once', () => {
    expect(simulateLoad(2048 * MIB, 8, 64 * MIB, 'ascending').amplification).to.equal(1);
  });
});

describe('planMergeAll', () => {
  it('takes everything, newest first, to the deepest level', () => {
    const v = version(zero(2, table(0, 50)), level(1, table(0, 99)), level(3, table(0, 99)));
    const plan = planMergeAll(v, new Set())!;
    expect(plan.inputs.map(ids)).to.deep.equal(v.runs.map((run) => ids(run.tables)));
    expect([plan.outputLevel, plan.isBottom, plan.includesOutputLevel]).to.deep.equal([3, true, true]);
    expect(planMergeAll(version(), new Set())).to.equal(undefined);
    expect(planMergeAll(version(zero(1, table(0, 9))), new Set())!.outputLevel).to.equal(1);
  });

  it('leaves busy runs and all newer ones where they are', () => {
    const v = version(
      zero(3, table(0, 50)),
      zero(2, table(0, 50)),
      zero(1, table(0, 50)),
      level(1, table(0, 99)),
    );
    const plan = planMergeAll(v, new Set(ids(v.runs[1]!.tables)))!;
    expect(plan.inputs.map(ids)).to.deep.equal(v.runs.slice(2).map((run) => ids(run.tables)));
    expect(planMergeAll(v, new Set(ids(v.runs[3]!.tables)))).to.equal(undefined);
  });
});

describe('levelScores', () => {
  it('counts runs in level 0 and bytes below', () => {
    const v = version(
      zero(2, table(0, 50)),
      zero(1, table(0, 50)),
      level(1, ...full(8, { tombstoneCount: 2 })),
    );
    expect(
      levelScores(v, OPTIONS).map((s) => [s.level, s.runs, s.tables, s.tombstones, s.score]),
    ).to.deep.equal([
      [0, 2, 2, 0, 0.5],
      [1, 1, 8, 16, 0.5],
    ]);
    expect(levelScores(v, OPTIONS)[1]!.target).to.equal(64 * MIB);
    expect(keyAt(0).length).to.equal(6);
  });
});

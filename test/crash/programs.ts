/**
 * The programs of the crash laboratory: short, so that every call of theirs can be a cut; under options so small that
 * flushes, merges and several levels happen inside one.
 */
import type { LsmOptions } from '../../lsm/options.js';
import { CRASH_WEIGHTS, randomProgram, type Step } from '../support/programs.js';
import { SeededRandom } from '../support/seeded-random.js';

export interface CrashProgram {
  readonly seed: number;
  readonly row: string;
  readonly options: LsmOptions;
  readonly steps: readonly Step[];
}

const SMALL: LsmOptions = {
  worker: false,
  memtableBytes: 4096,
  blockBytes: 512,
  tableBytes: 4096,
  cacheBytes: 16_384,
  levelFactor: 2,
  levelOneBytes: 8192,
  levelZeroRuns: 2,
  slowdownRuns: 8,
  blobBytes: 2000,
  transactionBytes: 4096,
  transactionRuns: 2,
};

const ROWS: readonly (readonly [name: string, options: LsmOptions])[] = [
  ['small', SMALL],
  ['many blobs', { ...SMALL, blobBytes: 256 }],
  ['durability full', { ...SMALL, durability: 'full' }],
  ['encrypted', { ...SMALL, encryptionKey: new Uint8Array(32).fill(9) }],
  ['no background merges', { ...SMALL, autoMerge: false }],
];

/** The program a seed stands for. */
export function crashProgram(seed: number): CrashProgram {
  const random = new SeededRandom(seed);
  const [row, options] = random.pick(ROWS);
  const { steps } = randomProgram(random, {
    row,
    steps: 8 + random.int(40),
    weights: CRASH_WEIGHTS,
    universe: random.pick([6, 20]),
    bigBytes: random.pick([400, 1500, 1500, 4000, 70_000]),
    bigPercent: random.pick([8, 25, 50]),
    transactions: 2,
  });
  // 64 KiB keys say little here and cost much
  const small = steps.filter((step) => !JSON.stringify(step).includes('"h:'));
  return { seed, row, options, steps: random.chance(50) ? unsynced(small) : small };
}

/** Without nearly all that makes bytes durable: long tails of a log that a power cut may tear anywhere. */
function unsynced(steps: readonly Step[]): Step[] {
  const lazy = steps.filter(({ do: kind }, i) => i % 16 === 0 || (kind !== 'flush' && kind !== 'tick'));
  return lazy.map((step) => ('sync' in step ? { ...step, sync: false } : step));
}

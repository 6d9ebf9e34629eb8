/**
 * What the process that is to be killed writes: an endless sequence of commits, the n-th of them known from the seed and
 * n alone, so that the killer can tell which of them a file holds.
 */
import type { LsmOptions } from '../../lsm/options.js';
import { deleteRangeOf, type Op } from '../support/programs.js';
import { SeededRandom } from '../support/seeded-random.js';
import { pickKey, pickValue } from '../support/values.js';

/** Small enough that flushes and merges happen all the time, in the worker thread. */
export const KILL_OPTIONS: LsmOptions = {
  memtableBytes: 65_536,
  tableBytes: 16_384,
  blockBytes: 1024,
  levelOneBytes: 65_536,
  levelFactor: 4,
  levelZeroRuns: 2,
  cacheBytes: 262_144,
  blobBytes: 4096,
  transactionBytes: 16_384,
  syncIntervalMs: 20,
};

export type KillCommit = {
  readonly kind: 'batch' | 'transaction' | 'stream' | 'flush';
  readonly ops: readonly Op[];
  readonly sync: boolean;
};

export function killCommit(seed: number, n: number): KillCommit {
  const random = new SeededRandom(seed * 7_368_787 + n);
  const roll = random.int(100);
  const sync = random.chance(10);
  const put = (): Op => ['put', smallKey(random), pickValue(random, 9000)];
  if (roll < 3) return { kind: 'stream', ops: [put()], sync };
  const op = (): Op => {
    const which = random.int(20);
    if (which < 15) return put();
    const key = smallKey(random);
    const [family, digits] = key.split(':');
    return which < 19 ? ['delete', key] : deleteRangeOf(key, `${family!}:${Number(digits) + 3}`);
  };
  if (roll < 8) return { kind: 'transaction', ops: Array.from({ length: 1 + random.int(60) }, op), sync };
  return { kind: roll < 9 ? 'flush' : 'batch', ops: Array.from({ length: 1 + random.int(8) }, op), sync };
}

/** Not the 64 KiB ones: here the count of commits matters. */
function smallKey(random: SeededRandom): string {
  const key = pickKey(random, 26);
  return key.startsWith('h') ? 'a:1' : key;
}

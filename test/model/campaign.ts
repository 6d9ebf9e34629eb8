/**
 * Many random model programs, one after another. Program `n` of a campaign depends on the seed and on `n` alone.
 */
import { OPTIONS_MATRIX } from '../support/options-matrix.js';
import { MODEL_WEIGHTS, randomProgram, type Program } from '../support/programs.js';
import { SeededRandom } from '../support/seeded-random.js';
import type { OpenStore } from '../support/subject.js';
import { playProgram, shrinkProgram, type Difference } from './laboratory.js';

export interface Campaign {
  readonly seed: number;
  readonly programs: number;
  /** Only this row of the options matrix. */
  readonly row?: string;
  /** Steps of a program; default: 20 to 220. */
  readonly steps?: number;
  /** Stop in time. Default: never. */
  readonly budgetMs?: number;
  readonly onProgram?: (done: number) => void;
}

/** The program a seed stands for. */
export function programOf(seed: number, row?: string, steps?: number): Program {
  const random = new SeededRandom(seed);
  const rowName = row ?? random.pick(OPTIONS_MATRIX).name;
  return randomProgram(random, {
    row: rowName,
    steps: steps ?? 20 + random.int(200),
    weights: MODEL_WEIGHTS,
    universe: random.pick([4, 12, 27]),
    bigBytes: random.pick([500, 5000, 5000, 80_000]),
  });
}

/** @returns the seed and the shrunk difference of the first program that shows one, and how many were played */
export async function runCampaign(
  openStore: OpenStore,
  campaign: Campaign,
): Promise<{ played: number; found?: { seed: number; difference: Difference } }> {
  const end = performance.now() + (campaign.budgetMs ?? Infinity);
  let played = 0;
  for (; played < campaign.programs && performance.now() < end; played++) {
    const seed = campaign.seed + played;
    const difference = await playProgram(openStore, programOf(seed, campaign.row, campaign.steps));
    if (difference !== undefined) {
      return { played, found: { seed, difference: await shrinkProgram(openStore, difference) } };
    }
    campaign.onProgram?.(played + 1);
  }
  return { played };
}

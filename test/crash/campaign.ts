/** Many crash programs, one after another, until a count of images was verified or one fails. */
import { shrinkFailure, exploreProgram, type CrashFailure, type Exploration } from './laboratory.js';
import { crashProgram } from './programs.js';

export interface CrashCampaign extends Exploration {
  /** Images to verify. */
  readonly cuts: number;
  /** Seed of the first program; the next has the next. */
  readonly seed: number;
  readonly budgetMs?: number;
  readonly shrinkMs?: number;
  readonly onProgress?: (cuts: number) => void;
}

export interface CrashResult {
  readonly cuts: number;
  readonly programs: number;
  readonly found?: CrashFailure;
  /** The same, cut down. */
  readonly shortest?: CrashFailure;
}

export async function runCrashCampaign(campaign: CrashCampaign): Promise<CrashResult> {
  const end = performance.now() + (campaign.budgetMs ?? Infinity);
  let cuts = 0;
  const how: Exploration = {
    ...campaign,
    onImage: () => {
      cuts++;
      campaign.onProgress?.(cuts);
      return cuts < campaign.cuts && performance.now() < end;
    },
  };
  let programs = 0;
  while (cuts < campaign.cuts && performance.now() < end) {
    const found = await exploreProgram(crashProgram(campaign.seed + programs), how);
    programs++;
    if (found !== undefined) {
      const shortest =
        campaign.shrinkMs === 0 ? found : await shrinkFailure(found, campaign, campaign.shrinkMs);
      return { cuts, programs, found, shortest };
    }
    if (campaign.onlyCut !== undefined) break;
  }
  return { cuts, programs };
}

/** How soon does the laboratory find a planted fault in the engine? */
import type { Bytes } from '../../lsm/base/bytes.js';
import { STORE_ID_BYTES, WAL_HEADER_BYTES } from '../../lsm/wal/format.js';
import { repairLog } from '../fuzz/logs.js';
import { runCrashCampaign, type CrashResult } from './campaign.js';
import type { OpenCrashStore } from './crash-store.js';
import type { PlantedFault } from './laboratory.js';

/** Where the header of a log tells whose it is. */
const STORE_ID_AT = 18;
/** Few of each program: within a hundred images many programs have their turn. */
const CUT_POINTS = 3;
const IMAGES = 3;

/** Gives every record of a log of the engine the checksum of the bytes it has. */
export function repairEngineLog(log: Bytes, logNumber: number): void {
  if (log.length >= WAL_HEADER_BYTES) {
    repairLog(log, logNumber, log.slice(STORE_ID_AT, STORE_ID_AT + STORE_ID_BYTES));
  }
}

/** Looks for the fault in as many images as it may take. */
export function searchPlanted(
  openStore: OpenCrashStore,
  planted: PlantedFault,
  seed: number,
): Promise<CrashResult> {
  return runCrashCampaign({
    openStore,
    planted,
    cuts: planted.findableWithin,
    cutPoints: CUT_POINTS,
    images: IMAGES,
    seed,
    shrinkMs: 0,
  });
}

/** Work on what the caller hands over in one piece, done so that others get their turn meanwhile. */
import type { Clock } from '../../lsm/index.js';

/** Milliseconds at a stretch. */
const SLICE_MS = 8;
/** Items between two looks at the clock. */
const ITEMS_PER_LOOK = 64;

/** What `make` makes of each item, in order. */
export async function mapInSlices<T, R>(
  items: readonly T[],
  make: (item: T) => R,
  clock: Pick<Clock, 'nowMs' | 'turn'>,
): Promise<R[]> {
  const made: R[] = [];
  let endMs = clock.nowMs() + SLICE_MS;
  for (let i = 0; i < items.length; i++) {
    made.push(make(items[i]!));
    if ((i + 1) % ITEMS_PER_LOOK !== 0 || clock.nowMs() < endMs) continue;
    await clock.turn();
    endMs = clock.nowMs() + SLICE_MS;
  }
  return made;
}

/**
 * Where the next sync of a log runs: in the thread pool, where it holds nobody up, or at once on the calling thread, which
 * spares the way there and back, a quarter of a short sync.
 *
 * At once is right only for a writer who is alone (others could have shared the next sync, and what they would have
 * written meanwhile waits) and where syncs are short. So every few syncs one goes to the pool and tells both.
 */
import type { Clock } from '../env/env.js';

/** A sync that takes longer must not hold the event loop. */
const LONG_MS = 1;
/** After such a one, so many in the pool must have been short before one is tried at once. */
const CAUTION = 64;
/** So many syncs run at once after one in the pool was short and its caller alone. */
const AT_ONCE = 15;

export class SyncChoice {
  private left = 0;
  private caution = 0;
  private beganMs = 0;
  private isAtOnce = false;

  constructor(private readonly clock: Pick<Clock, 'nowMs'>) {}

  /**
   * A sync begins.
   * @param isAlone  one caller waits for it, and does nothing else
   * @returns whether it is to run at once
   */
  begin(isAlone: boolean): boolean {
    this.beganMs = this.clock.nowMs();
    this.isAtOnce = isAlone && this.left > 0;
    if (this.isAtOnce) this.left--;
    return this.isAtOnce;
  }

  /** The sync begun last has ended. @param wasJoined  others came while it ran, and wait for the next */
  end(isAlone: boolean, wasJoined: boolean): void {
    const isShort = this.clock.nowMs() - this.beganMs <= LONG_MS;
    if (!isShort) this.caution = CAUTION;
    else if (this.caution > 0) this.caution--;
    if (this.caution > 0 || !isAlone || wasJoined) this.left = 0;
    else if (!this.isAtOnce) this.left = AT_ONCE;
  }
}

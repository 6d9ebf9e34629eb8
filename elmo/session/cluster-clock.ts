/** The clock that gives each write its time. */
import type { ClusterTime } from '../operation/operation.js';

export class ClusterClock {
  private newest: ClusterTime = { seconds: 0, increment: 0 };

  constructor(private readonly wallMs: () => number) {
    this.tick();
  }

  /** Of the newest write. */
  get now(): ClusterTime {
    return this.newest;
  }

  /** The time of one more write. */
  tick(): ClusterTime {
    const { seconds, increment } = this.newest;
    const wall = Math.floor(this.wallMs() / 1000);
    this.newest = wall > seconds ? { seconds: wall, increment: 1 } : { seconds, increment: increment + 1 };
    return this.newest;
  }
}

/** Whether `a` is later than `b`. */
export function isLater(a: ClusterTime, b: ClusterTime): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.increment > b.increment);
}

/** The clock of the system. */
import type { Clock } from './env.js';

export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  nowMs(): number {
    // as quick as the runtime's `performance`, which takes a process that has just started four milliseconds to load
    const [seconds, nanos] = process.hrtime();
    return seconds * 1000 + nanos / 1e6;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

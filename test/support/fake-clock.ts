/** A clock that stands still until a test moves it. */
import type { Clock } from '../../lsm/env/env.js';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  private passedMs = 0;
  private timers: Timer[] = [];

  /** @param startMs  milliseconds since 1970 at which it starts */
  constructor(private readonly startMs = Date.UTC(2024, 0, 1)) {}

  wallMs(): number {
    return this.startMs + this.passedMs;
  }

  nowMs(): number {
    return this.passedMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.passedMs + Math.max(0, delayMs), run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Timers that wait. */
  get timerCount(): number {
    return this.timers.length;
  }

  /** Moves time on, running what falls due in order of time (ties in order of asking), timers set on the way included. */
  advance(byMs: number): void {
    const untilMs = this.passedMs + byMs;
    for (let due = this.nextDue(untilMs); due !== undefined; due = this.nextDue(untilMs)) {
      const timer = due;
      this.timers = this.timers.filter((other) => other !== timer);
      this.passedMs = Math.max(this.passedMs, timer.dueMs);
      timer.run();
    }
    this.passedMs = untilMs;
  }

  /** `advance` in steps, giving promises and I/O a turn after each step. */
  async pass(byMs: number, stepMs = byMs): Promise<void> {
    for (let left = byMs; left > 0; left -= stepMs) {
      this.advance(Math.min(left, stepMs));
      await this.turn();
    }
  }

  private nextDue(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
    }
    return first;
  }
}

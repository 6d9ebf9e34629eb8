/**
 * What is measured in the process that does the work: time inside the calls, memory, bytes handed to the system, the
 * noise of the machine.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Adds up the time between `start` and `stop`; what lies outside (making data, checking answers) does not count. */
export class Stopwatch {
  ms = 0;
  /** Processor time of the whole process in that time, its other threads included. */
  private cpuMicros = 0;
  private startedAt = 0;
  private cpuAtStart = 0;

  start(): void {
    this.cpuAtStart = cpuMicros();
    this.startedAt = performance.now();
  }

  /** @returns milliseconds of this lap */
  stop(): number {
    const lap = performance.now() - this.startedAt;
    this.cpuMicros += cpuMicros() - this.cpuAtStart;
    this.ms += lap;
    return lap;
  }

  perSecond(count: number): number {
    return (count / this.ms) * 1000;
  }

  /** Microseconds of processor time for each of `count`. */
  cpuMicrosEach(count: number): number {
    return this.cpuMicros / count;
  }
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Durations, for percentiles. */
export class Laps {
  private readonly all: number[] = [];

  add(ms: number): void {
    this.all.push(ms);
  }

  /** @param fraction  0.5 is the median, 1 the greatest */
  percentile(fraction: number): number {
    const sorted = [...this.all].sort((a, b) => a - b);
    if (sorted.length === 0) return 0;
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]!;
  }
}

/** Milliseconds of a fixed piece of arithmetic: tells how busy the machine was. */
export function cpuLoopMs(): number {
  const started = performance.now();
  let x = 1;
  for (let i = 0; i < 60_000_000; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  const ms = performance.now() - started;
  return x === 42 ? ms + 1e-9 : ms;
}

/** Most resident memory so far, in bytes. */
export function peakMemoryBytes(): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
    if (line) return Number(line[1]) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Bytes this process has handed to the system's write calls so far; undefined where the system does not tell. */
export function writtenBytes(): number | undefined {
  try {
    const line = /^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'));
    return line ? Number(line[1]) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Milliseconds the main thread has run on a processor so far, waiting for one not counted: on a busy machine this tells how
 * long the event loop was held by us, the clock how long by everybody. undefined where the system does not tell.
 */
export function mainThreadMs(): number | undefined {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return undefined;
  }
}

/** Lets timers and I/O have their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export const MIB = 1024 * 1024;

/**
 * How far a long task is: a bar where a person looks, or else a line now and then. Drawn beside the results, so that
 * those can be piped on.
 */
import { createRequire } from 'node:module';
import type cliProgress from 'cli-progress';
import { formatCount, formatDuration } from './output.js';
import type { Terminal } from './terminal.js';

/** Loaded when there is a screen to draw on. */
const loadBars = (): typeof cliProgress =>
  createRequire(import.meta.url)('cli-progress') as typeof cliProgress;

/** Between two lines where there is no screen. */
const LINE_MS = 5_000;
/** Between two looks of the bar. */
const FRAME_MS = 100;

export interface ProgressOptions {
  /** What is done, in one word: 'loading'. */
  readonly label: string;
  /** Steps to the end; 0: not known. */
  readonly total: number;
  /** Steps as text; as a count by default. */
  readonly formatSteps?: (steps: number) => string;
  /** Milliseconds that never go back. */
  readonly nowMs?: () => number;
}

export class Progress {
  private readonly label: string;
  private readonly total: number;
  private readonly formatSteps: (steps: number) => string;
  private readonly nowMs: () => number;
  private readonly startedMs: number;
  private shownMs: number;
  private bar: cliProgress.SingleBar | undefined;

  constructor(
    private readonly given: Terminal,
    { label, total, formatSteps = formatCount, nowMs = () => performance.now() }: ProgressOptions,
  ) {
    this.label = label;
    this.total = total;
    this.formatSteps = formatSteps;
    this.nowMs = nowMs;
    this.startedMs = nowMs();
    this.shownMs = this.startedMs;
    this.bar = undefined;
    if (!given.isInteractive) return;
    this.bar = new (loadBars().SingleBar)({
      stream: given.progressStream,
      format:
        total > 0
          ? '{label} {bar} {percentage} %  {steps}{note}  {left}'
          : '{label}  {steps}{note}  {elapsed}',
      barsize: Math.max(10, Math.min(32, given.columns - 70)),
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      forceRedraw: true, // what has not changed too: a line may have been written over it
      fps: 1000 / FRAME_MS,
    });
    this.bar.start(total > 0 ? total : 1, 0, this.payload(0, ''));
  }

  /** The terminal, for who warns meanwhile: lines of text go above the bar. */
  get terminal(): Terminal {
    const { given } = this;
    return Object.create(given, {
      warn: {
        value: (text: string): void => {
          if (this.bar !== undefined) given.progressStream.write('\r\x1b[K');
          given.warn(text);
          (this.bar as { render(): void } | undefined)?.render();
        },
      },
    }) as Terminal;
  }

  get elapsedSeconds(): number {
    return (this.nowMs() - this.startedMs) / 1000;
  }

  /** @param tell  more to tell: '120,000 lines/s'; asked when something is shown */
  update(steps: number, tell: () => string = () => ''): void {
    const now = this.nowMs();
    if (now - this.shownMs < (this.bar === undefined ? LINE_MS : FRAME_MS)) return;
    this.shownMs = now;
    const note = tell();
    if (this.bar !== undefined) {
      this.bar.update(this.total > 0 ? Math.min(steps, this.total) : 0, this.payload(steps, note));
      return;
    }
    if (this.given.isInteractive) return;
    const { left, elapsed } = this.payload(steps, note);
    const share = this.total > 0 ? ` ${Math.floor((100 * steps) / this.total)} %` : '';
    const noted = note === '' ? '' : `, ${note}`;
    this.given.warn(
      `${this.label}:${share} ${this.formatSteps(steps)}${noted}, ${left === '' ? elapsed : left}\n`,
    );
  }

  /** Takes the bar away. */
  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private payload(
    steps: number,
    note: string,
  ): Record<'label' | 'steps' | 'note' | 'left' | 'elapsed', string> {
    const seconds = this.elapsedSeconds;
    const isKnown = this.total > 0 && steps > 0 && seconds > 0.5;
    return {
      label: this.label,
      steps: this.formatSteps(steps),
      note: note === '' ? '' : `  ${note}`,
      left: isKnown ? `${formatDuration((seconds * Math.max(0, this.total - steps)) / steps)} left` : '',
      elapsed: formatDuration(seconds),
    };
  }
}

/**
 * What accompanies one operation from its start to its end: when it has to stop, when it has to let others run, the time
 * it calls "now". Everything that pulls rows looks here, cheaply.
 */
import { ElmoError } from '../errors.js';
import type { PlanTrace } from './plan-trace.js';
import { defaultSettings, type QuerySettings } from './query-settings.js';
import type { CommonRequest } from './requests.js';

export interface OperationClock {
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Milliseconds that never go back, with fractions. */
  nowMs(): number;
  /** Resolves in a later turn of the event loop. */
  turn(): Promise<void>;
}

/**
 * The time of a write as replica sets tell it: seconds since 1970 and a counter within the second. It only grows, and each
 * write takes the next.
 */
export interface ClusterTime {
  readonly seconds: number;
  readonly increment: number;
}

export interface OperationOptions {
  /** Milliseconds the operation may take; 0 or undefined: no limit. */
  readonly maxTimeMs?: number;
  /** Ends the operation when it aborts. */
  readonly signal?: AbortSignal;
  /** Of the newest write before it; undefined where writes have no such time. */
  readonly clusterTime?: ClusterTime;
  /** What its plans are to be told to. */
  readonly trace?: PlanTrace;
  /** Default: those of a server nobody has told anything. */
  readonly settings?: QuerySettings;
  /** Milliseconds it may hold the event loop at a stretch. Default 8. */
  readonly sliceMs?: number;
}

/** Those that a request asks for. */
export function operationOptions(
  { maxTimeMs, signal, trace }: Pick<CommonRequest, 'maxTimeMs' | 'signal' | 'trace'>,
  clusterTime: ClusterTime | undefined,
  settings: QuerySettings,
): OperationOptions {
  return { settings, maxTimeMs, signal, trace, clusterTime };
}

const DEFAULT_SETTINGS = defaultSettings();
const CALLS_PER_LOOK = 64;
/** The longest time a timer of the runtime can be set to. */
const MOST_TIMER_MS = 0x7fff_ffff;

export class Operation {
  /** What `$$NOW` is: the time of the start. */
  readonly startedMs: number;
  /** What `$$CLUSTER_TIME` is. */
  readonly clusterTime: ClusterTime | undefined;
  private readonly deadlineMs: number;
  private sliceEndMs: number;
  private readonly sliceMs: number;
  private countdown = CALLS_PER_LOOK;
  private killedBy: ElmoError | undefined;
  private wakeWaiting: (() => void) | undefined;
  /**
   * What has to be awaited before the operation goes on after a pause (room made in a spill, say). The driver of the rows
   * awaits it, or else gives the event loop a turn.
   */
  pending: Promise<unknown> | undefined;

  constructor(
    readonly clock: OperationClock,
    private readonly options: OperationOptions = {},
  ) {
    this.startedMs = clock.wallMs();
    this.clusterTime = options.clusterTime;
    const now = clock.nowMs();
    this.sliceMs = options.sliceMs ?? 8;
    this.sliceEndMs = now + this.sliceMs;
    this.deadlineMs =
      options.maxTimeMs === undefined || options.maxTimeMs === 0 ? Infinity : now + options.maxTimeMs;
  }

  get settings(): QuerySettings {
    return this.options.settings ?? DEFAULT_SETTINGS;
  }

  /** What its plans are told to, if anybody wants to know. */
  get trace(): PlanTrace | undefined {
    return this.options.trace;
  }

  /**
   * Asked once per row by whatever reads from the store; looks at the clock only now and then.
   * @returns whether to pause (return PAUSE upwards) so that others get their turn
   * @throws ElmoError MaxTimeMSExpired, Interrupted
   */
  shouldPause(): boolean {
    if (--this.countdown > 0) return false;
    return this.look();
  }

  /** The same, looking at the clock each time: for steps that are long by themselves. */
  look(): boolean {
    this.countdown = CALLS_PER_LOOK;
    if (this.killedBy !== undefined) throw this.killedBy;
    if (this.options.signal?.aborted === true)
      throw new ElmoError('Interrupted', 'operation was interrupted', { cause: this.options.signal.reason });
    const now = this.clock.nowMs();
    if (now > this.deadlineMs) throw new ElmoError('MaxTimeMSExpired', 'operation exceeded time limit');
    return now > this.sliceEndMs || this.pending !== undefined;
  }

  /** Whether it is time to let others run; never throws. For who has something to finish before `look`. */
  get isSliceOver(): boolean {
    return this.clock.nowMs() > this.sliceEndMs;
  }

  /** Called by the driver of the rows when the event loop had its turn. */
  beginSlice(): void {
    this.countdown = CALLS_PER_LOOK;
    this.sliceEndMs = this.clock.nowMs() + this.sliceMs;
  }

  /** Lets others run, then goes on. */
  async turn(): Promise<void> {
    const { pending } = this;
    this.pending = undefined;
    if (pending !== undefined) {
      await pending;
      // it may have been there at once, without a turn of the event loop
      if (!this.isSliceOver) return;
    }
    await this.clock.turn();
    this.beginSlice();
  }

  /**
   * Waits for something that other operations bring about, as long as this one may take.
   * @throws ElmoError MaxTimeMSExpired, Interrupted
   */
  async waitFor(event: Promise<void>): Promise<void> {
    let isOver = false;
    const over = event.finally(() => (isOver = true));
    over.catch(() => undefined); // told to who waits for it
    do {
      this.look();
      await this.disturbedOr(over); // a timer may be early: then it is waited for once more
    } while (!isOver);
    this.look();
    this.beginSlice();
  }

  /** Until the event, the deadline, an abort or a kill. */
  private async disturbedOr(event: Promise<void>): Promise<void> {
    const { signal } = this.options;
    let wake: () => void = () => undefined;
    const disturbed = new Promise<void>((resolve) => (wake = resolve));
    const leftMs = this.deadlineMs - this.clock.nowMs();
    const timer = leftMs < MOST_TIMER_MS ? setTimeout(wake, leftMs + 1) : undefined;
    signal?.addEventListener('abort', wake);
    this.wakeWaiting = wake;
    try {
      await Promise.race([event, disturbed]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      this.wakeWaiting = undefined;
    }
  }

  /** Makes the next look throw. */
  kill(error: ElmoError): void {
    this.killedBy = error;
    this.countdown = 1;
    this.wakeWaiting?.();
  }
}

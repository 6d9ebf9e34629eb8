/**
 * Cuts the free tail of the file off in a quiet moment. While much is written it is soon wanted again: to cut it off costs
 * the system a microsecond for each page of it that lies in its memory, and to write there again as much.
 */
import type { Clock } from '../env/env.js';
import type { SpaceKeeper } from './space-keeper.js';

/** For so long hardly anything must have been written, */
const QUIET_MS = 250;
/** not more than this. */
const QUIET_BYTES = 256 * 1024;
/** After so many waits it is not put off any more. */
const MOST_WAITS = 8;
/** Nor is a tail that is longer than so many memtables. */
const MOST_MEMTABLES = 4;

export interface QuietTrimParts {
  readonly clock: Clock;
  readonly space: Pick<SpaceKeeper, 'longTailBytes'>;
  readonly memtableBytes: number;
  bytesWritten(): number;
  /** Called when the tail is to be cut off. */
  trim(): void;
}

export class QuietTrim {
  private cancel: (() => void) | undefined = undefined;
  private isClosed = false;

  constructor(private readonly parts: QuietTrimParts) {}

  /** Space became free: has the tail cut off, if it is worth it. */
  ask(): void {
    if (this.isClosed) return;
    const { space, memtableBytes, trim } = this.parts;
    const bytes = space.longTailBytes;
    if (bytes > MOST_MEMTABLES * memtableBytes) trim();
    else if (bytes > 0 && this.cancel === undefined) this.wait(1);
  }

  /** Does at once what was put off. */
  flush(): void {
    if (this.cancel === undefined) return;
    this.cancel();
    this.cancel = undefined;
    this.parts.trim();
  }

  private wait(times: number): void {
    const { clock, bytesWritten, trim } = this.parts;
    const before = bytesWritten();
    this.cancel = clock.after(QUIET_MS, () => {
      this.cancel = undefined;
      if (times < MOST_WAITS && bytesWritten() - before > QUIET_BYTES) this.wait(times + 1);
      else trim();
    });
  }

  close(): void {
    this.isClosed = true;
    this.cancel?.();
    this.cancel = undefined;
  }
}

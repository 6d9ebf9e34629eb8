/**
 * After a range deletion: the tables that lie wholly inside the range go at once, without a merge. First the deletion
 * itself must be durable, or a power cut could take the tables and bring the rest of its batch back.
 */
import { copyOf, type Bytes } from '../base/bytes.js';
import type { LsmError } from '../errors.js';
import type { Merges } from './merges.js';

interface Drop {
  readonly low: Bytes | undefined;
  readonly high: Bytes | undefined;
  readonly seq: number;
}

export interface RangeDropsParts {
  readonly merges: Merges;
  sync(): Promise<void>;
  onError(error: LsmError): void;
}

export class RangeDrops {
  private readonly waiting: Drop[] = [];
  private working: Promise<void> | undefined = undefined;

  constructor(private readonly parts: RangeDropsParts) {}

  note(low: Bytes | undefined, high: Bytes | undefined, seq: number): void {
    if (!this.parts.merges.hasCovered(low, high, seq)) return;
    this.waiting.push({
      low: low === undefined ? undefined : copyOf(low),
      high: high === undefined ? undefined : copyOf(high),
      seq,
    });
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  /** Resolves when nothing is left to drop. */
  async idle(): Promise<void> {
    while (this.working !== undefined) await this.working;
  }

  private async work(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const drops = this.waiting.splice(0);
      try {
        await this.parts.sync();
        for (const { low, high, seq } of drops) await this.parts.merges.dropCovered(low, high, seq);
      } catch (error) {
        // The range tombstone hides the tables all the same, and merges will drop them.
        this.parts.onError(error as LsmError);
      }
    }
  }
}

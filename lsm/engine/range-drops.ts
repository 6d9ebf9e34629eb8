/**
 * After a range deletion: the tables that lie wholly inside the range go at once, without a merge. First the deletion
 * itself must be durable, or a power cut could take the tables and bring the rest of its batch back.
 */
import type { Bytes } from '../base/bytes.js';
import type { LsmError } from '../errors.js';
import type { Merges } from './merges.js';

export interface RangeDropsParts {
  readonly merges: Merges;
  sync(): Promise<void>;
  onError(error: LsmError): void;
}

export class RangeDrops {
  private waiting = new Set<number>();
  private working: Promise<void> | undefined = undefined;

  constructor(private readonly parts: RangeDropsParts) {}

  /** A write deleted [low, high): what tables hold at this moment is older. */
  note(low: Bytes | undefined, high: Bytes | undefined): void {
    const covered = this.parts.merges.coveredTables(low, high);
    if (covered.length === 0) return;
    for (const id of covered) this.waiting.add(id);
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
    while (this.waiting.size > 0) {
      const drops = this.waiting;
      this.waiting = new Set();
      try {
        await this.parts.sync();
        await this.parts.merges.drop(drops);
      } catch (error) {
        // The range tombstone hides the tables all the same, and merges will drop them.
        this.parts.onError(error as LsmError);
      }
    }
  }
}

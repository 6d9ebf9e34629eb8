/**
 * How stages write: each step in a unit of its own, decided in one synchronous stretch. A step that meets an open
 * transaction is done again when that has ended; at the end all steps are as durable as asked.
 */
import { ElmoError } from '../../errors.js';
import type { DirectUnit } from '../../operation/direct-unit.js';
import { MustWait } from '../../operation/write-unit.js';
import type { PipelineWriting } from '../collections.js';

export class WriteSteps {
  private written: Promise<unknown> = Promise.resolve();

  /** @param db  where the steps write */
  constructor(
    readonly writing: PipelineWriting,
    private readonly db: string,
  ) {
    if (writing.context.transaction !== undefined)
      throw new ElmoError(
        'OperationNotSupportedInTransaction',
        'Stages that write are not allowed in a multi-document transaction.',
      );
  }

  /**
   * Runs a step.
   * @returns false to pause, and to run the same step again
   */
  run(step: (unit: DirectUnit) => void): boolean {
    const held = this.writing.whenWritable(this.db);
    if (held === undefined) return this.runNow(step);
    this.wait(held);
    return false;
  }

  /** Runs a step, whether writes are held back or not. @returns as `run` */
  runNow(step: (unit: DirectUnit) => void): boolean {
    const { context } = this.writing;
    const unit = context.newUnit();
    try {
      step(unit);
    } catch (error) {
      unit.rollback();
      if (!(error instanceof MustWait)) throw error;
      this.wait(error.ended);
      return false;
    }
    this.written = Promise.all([this.written, unit.commit(context.isDurable)]);
    this.written.catch(() => undefined); // `settle` tells of it
    return true;
  }

  /** Makes the operation wait for others, unless it is ended before. */
  private wait(event: Promise<void>): void {
    const { operation } = this.writing.context;
    const waiting = operation.waitFor(event);
    waiting.catch(() => undefined); // told to who pauses, if it still does
    operation.pending = waiting;
  }

  /** Makes the operation wait until all steps are as durable as asked; pause after it. */
  settle(): void {
    this.writing.context.operation.pending = this.written;
  }
}

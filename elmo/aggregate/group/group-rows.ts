/** The rows of a `$group`: takes all rows first, on disk what does not fit into memory. */
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, ROW, type CodedRows, type Pulled, type RowSource } from '../../operation/row-source.js';
import { HeldMemory } from '../../exec/held-memory.js';
import { MAX_STAGE_BYTES } from '../limits.js';
import { StageRows } from '../rows.js';
import type { PipelineRun } from '../stage.js';
import type { Groups } from './groups.js';
import { SpilledGroups } from './spilled-groups.js';

/** Rows between two looks at how much memory is held: a power of two. */
const ROWS_PER_LOOK = 512;

export class GroupRows extends StageRows {
  private readonly writer = new BsonWriter();
  private readonly maxBytes: number;
  private readonly memory: HeldMemory;
  private next = 0;
  private rows = 0;
  private isFilled = false;
  private isClosed = false;
  private spilled: SpilledGroups | undefined;
  private isSpilling = false;
  private isBegun = false;
  /** What the rows have, which are then not pulled. */
  private coded: CodedRows | undefined;

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly groups: Groups,
  ) {
    super(input);
    this.memory = new HeldMemory(run.kv);
    this.maxBytes = run.maxStageBytes ?? MAX_STAGE_BYTES;
  }

  override get metadata(): undefined {
    return undefined;
  }

  pull(): Pulled {
    if (this.isClosed) return END;
    if (!this.isFilled && !this.fill()) return PAUSE;
    if (this.run.operation.shouldPause()) return PAUSE;
    if (this.next === this.groups.count) {
      if (this.spilled === undefined || !this.spilled.next()) return END;
      this.next = 0;
    }
    const { writer } = this;
    writer.clear();
    this.groups.write(this.next++, writer);
    this.bytes = writer.bytes;
    return ROW;
  }

  /** @returns false to pause */
  private fill(): boolean {
    const { input, groups } = this;
    const { frame } = this.run;
    if (!this.isBegun) this.begin();
    for (;;) {
      if (this.isSpilling) {
        if (!this.spilled!.takeAll()) return false;
        this.memory.clear();
        this.isSpilling = false;
      }
      if (this.coded !== undefined) {
        if (this.rows === this.coded.count) break;
        if (this.run.operation.shouldPause()) return false;
        this.addCoded(this.coded);
        continue;
      }
      const pulled = input.pull();
      if (pulled === PAUSE) return false;
      if (pulled === END) break;
      frame.bytes = input.bytes;
      frame.at = input.at;
      frame.setMetadata(input.metadata);
      groups.add(frame);
      if ((++this.rows & (ROWS_PER_LOOK - 1)) === 0) this.lookAtMemory();
    }
    if (this.spilled !== undefined) {
      if (!this.spilled.takeAll() || this.spilled.complete()) return false;
      this.memory.clear();
    }
    this.isFilled = true;
    input.close();
    return true;
  }

  private begin(): void {
    const { input, groups } = this;
    this.isBegun = true;
    this.coded = input.takeCoded?.();
    if (this.coded !== undefined) groups.readCoded(this.coded);
  }

  private addCoded({ count }: CodedRows): void {
    const { rows, groups } = this;
    this.rows = Math.min(count, rows + ROWS_PER_LOOK);
    groups.addCoded(rows, this.rows, this.run.frame);
    this.lookAtMemory();
  }

  private lookAtMemory(): void {
    const { heldBytes } = this.groups;
    this.memory.set(heldBytes);
    if (heldBytes > this.maxBytes) this.beginSpill();
  }

  private beginSpill(): void {
    const { kv, operation, allowDiskUse } = this.run;
    if (!allowDiskUse)
      throw new ElmoError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Exceeded memory limit for $group, but didn't allow external sort. Pass allowDiskUse:true to opt in.`,
      );
    this.spilled ??= new SpilledGroups(kv, operation, this.groups);
    this.isSpilling = true;
  }

  override close(): void {
    super.close();
    this.isClosed = this.isFilled = true;
    this.spilled?.close();
    this.groups.clear();
    this.memory.clear();
  }
}

/** Errors of a `$group` that reads a collection: what they are elsewhere, and there. */
const LEADING_CODES: ReadonlyMap<string, number> = new Map([
  ["can't $divide by zero", 4848401],
  ["can't $mod by zero", 4848403],
]);

/** Of a `$group` that reads a collection. */
export class LeadingGroupRows extends GroupRows {
  override pull(): Pulled {
    try {
      return super.pull();
    } catch (cause) {
      const code = cause instanceof ElmoError ? LEADING_CODES.get(cause.message) : undefined;
      throw code === undefined ? cause : new ElmoError(code, (cause as ElmoError).message, { cause });
    }
  }
}

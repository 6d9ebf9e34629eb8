/** What the plans of one command have looked at: what the profiler and the log of slow commands tell of them. */
import type { Value } from '../bson/value.js';
import type { ProfileNotes, WriteFigures } from './profile-notes.js';
import type { RawDocument } from './requests.js';

/** Counts of what was looked at. */
export interface Looked {
  /** Entries of indexes. */
  readonly keys: number;
  readonly documents: number;
}

/** A plan at work, or one that is done. */
export interface TracedPlan {
  /** 'IXSCAN { a: 1 }' */
  summary(): string;
  /** Until now. */
  looked(): Looked;
  /** What each of its stages has done until now, as a tree. @param write  what came of it, if it is a write's */
  stages(write?: WriteFigures): Value;
  /** What tells its query from others; undefined: it is not one that plans are chosen for. */
  shape?(): QueryShape;
}

/** Hexadecimal digits. */
export interface QueryShape {
  readonly shapeHash: string;
  readonly planKey: string;
}

export const NOTHING: Looked = { keys: 0, documents: 0 };

/** Plans that are asked for their counts at the end; the counts of older ones are taken when newer ones come. */
const MOST_PLANS = 16;

const MOST_ORIGIN_BYTES = 16 * 1024;

export class PlanTrace {
  /** Documents that a findAndModify has changed. */
  modified = 0;
  /** Undefined: the profiler does not write the command down. */
  profile: ProfileNotes | undefined;
  /** The command; undefined: it is too long to be kept with its cursor. */
  origin: RawDocument | undefined;
  private first: TracedPlan | undefined;
  private later: TracedPlan[] | undefined;
  private sorts: { readonly usedDisk: boolean }[] | undefined;
  private folded = NOTHING;
  /** Of a command that goes on with a cursor. */
  private opened: { readonly trace: PlanTrace; readonly before: Looked } | undefined;

  add(plan: TracedPlan): void {
    if (this.first === undefined) {
      this.first = plan;
      return;
    }
    this.later ??= [];
    if (this.later.length === MOST_PLANS) this.folded = sum(this.folded, this.later.shift()!.looked());
    this.later.push(plan);
  }

  addSort(stats: { readonly usedDisk: boolean }): void {
    this.sorts ??= [];
    if (this.sorts.length < MOST_PLANS) this.sorts.push(stats);
  }

  /** From now on it tells what is looked at for the next batch of that command. */
  continue(trace: PlanTrace): void {
    this.opened = { trace, before: trace.looked() };
  }

  /** Of the plan that came first; undefined: there was none. */
  get summary(): string | undefined {
    return this.first?.summary() ?? this.opened?.trace.summary;
  }

  /** Of the plan that came first, from its start, whichever command that was. */
  stages(write?: WriteFigures): Value | undefined {
    return this.first?.stages(write) ?? this.opened?.trace.stages();
  }

  get shape(): QueryShape | undefined {
    return this.first?.shape?.() ?? this.opened?.trace.shape;
  }

  /** What follows is another statement's. */
  forgetPlans(): void {
    this.first = this.later = this.sorts = undefined;
    this.folded = NOTHING;
  }

  /** The cursor stays open: it needs the command in bytes of its own. */
  keepOrigin(): void {
    const { origin } = this;
    this.origin = origin !== undefined && origin.length <= MOST_ORIGIN_BYTES ? origin.slice() : undefined;
  }

  /** The command that has opened the cursor; undefined: this one opens it, or it was too long. */
  get originatingCommand(): RawDocument | undefined {
    return this.opened?.trace.origin;
  }

  get hasSort(): boolean {
    return this.sorts !== undefined || this.opened?.trace.hasSort === true;
  }

  get usedDisk(): boolean {
    return this.sorts?.some(({ usedDisk }) => usedDisk) === true || this.opened?.trace.usedDisk === true;
  }

  looked(): Looked {
    let total = this.folded;
    if (this.first !== undefined) total = sum(total, this.first.looked());
    for (const plan of this.later ?? []) total = sum(total, plan.looked());
    if (this.opened === undefined) return total;
    const { trace, before } = this.opened;
    const now = trace.looked();
    return sum(total, { keys: now.keys - before.keys, documents: now.documents - before.documents });
  }
}

function sum(a: Looked, b: Looked): Looked {
  return { keys: a.keys + b.keys, documents: a.documents + b.documents };
}

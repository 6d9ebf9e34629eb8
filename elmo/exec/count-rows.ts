/** Counts what a query finds without reading what it does not have to: entries where an index decides, else documents. */
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, type Pulled } from '../operation/row-source.js';
import { runPlan, type RowsRequest, type RunningPlan } from './planned-rows.js';
import { lateProfiledStages } from './late-profiled-stages.js';
import { KeysAtWork } from './traced-plan.js';
import type { QueryPlan } from '../plan/query-plan.js';

/** A plan that is only counted needs no documents where its index decides. */
export function countingPlan(plan: QueryPlan): QueryPlan {
  const { access } = plan;
  const isDecided = access.kind === 'ixscan' && access.filter === undefined && access.keyFilter === undefined;
  return isDecided ? { ...plan, isCovered: true, isSorted: true } : plan;
}

/** Whether the plan is a mere walk through keys. */
export function isKeyWalk({ access, isCovered }: QueryPlan): boolean {
  return (
    isCovered &&
    access.kind === 'ixscan' &&
    access.keyFilter === undefined &&
    access.checked === undefined &&
    !access.hasDuplicates
  );
}

/** Entries counted between two looks at the clock. */
const AT_ONCE = 4096;

/** Counts the entries of key ranges. */
class KeyWalk {
  count = 0;
  private next = 0;
  private cursor: ReturnType<RowsRequest['view']['scan']> | undefined;

  constructor(
    private readonly plan: Extract<QueryPlan['access'], { kind: 'ixscan' }>,
    private readonly request: RowsRequest,
    private readonly most: number,
  ) {}

  /** @returns PAUSE or END */
  run(): Pulled {
    const { ranges } = this.plan;
    const { view, operation } = this.request;
    for (;;) {
      if (this.cursor === undefined) {
        const range = ranges[this.next++];
        if (range === undefined) return END;
        this.cursor = view.scan(range);
      }
      const most = Math.min(this.most - this.count, AT_ONCE);
      const moved = this.cursor.advance(most);
      this.count += moved;
      if (this.count >= this.most) return END;
      if (moved < most) this.close();
      else if (operation.look()) return PAUSE;
    }
  }

  close(): void {
    this.cursor?.close();
    this.cursor = undefined;
  }
}

/** @returns how many rows the request has after its skip, within its limit */
export async function countPlanned(plan: QueryPlan, request: RowsRequest): Promise<number> {
  const { skip, limit, operation } = request;
  const most = limit === 0 ? Infinity : skip + limit;
  operation.beginSlice();
  if (isKeyWalk(plan) && plan.access.kind === 'ixscan') {
    const walk = new KeyWalk(plan.access, request, most);
    const { index } = plan.access;
    operation.trace?.add(
      new KeysAtWork(
        'COUNT_SCAN',
        index,
        () => walk.count,
        () => lateProfiledStages().keyWalkStages(plan, request, walk.count),
      ),
    );
    try {
      while (walk.run() === PAUSE) await operation.turn();
    } finally {
      walk.close();
    }
    return Math.max(walk.count - skip, 0);
  }
  const running = runPlan(plan, { ...request, skip: 0, limit: 0 });
  let counted = 0;
  if (running.traced !== undefined && operation.trace?.profile !== undefined)
    running.traced.shaping = (tree) => lateProfiledStages().countedTree(tree, counted);
  return (counted = await countRunning(running, operation, skip, most));
}

/** Pulls a plan to its end, or to `most` rows. */
export async function countRunning(
  { rows, access, plan }: Pick<RunningPlan, 'rows' | 'access' | 'plan'>,
  operation: Operation,
  skip: number,
  most: number,
): Promise<number> {
  const scan = access.entry?.()?.scan;
  const isByScan =
    scan !== undefined &&
    plan.isCovered &&
    plan.access.kind === 'ixscan' &&
    plan.access.keyFilter === undefined;
  const source = isByScan ? scan : rows;
  let count = 0;
  try {
    while (count < most) {
      const pulled = source.pull();
      if (pulled === END) break;
      if (pulled === PAUSE) await operation.turn();
      else count++;
    }
  } finally {
    rows.close();
  }
  return Math.max(count - skip, 0);
}

/** What is left of a count after a skip, within a limit (0: none). */
export function cut(count: number, skip: number, limit: number): number {
  const rest = Math.max(count - skip, 0);
  return limit === 0 ? rest : Math.min(rest, limit);
}

/** Plans at work, as a trace of their command tells them. */
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { Value } from '../bson/value.js';
import { NOTHING, type Looked, type QueryShape, type TracedPlan } from '../operation/plan-trace.js';
import type { WriteFigures } from '../operation/profile-notes.js';
import type { StageTree } from './explain-stages.js';
import { lateProfiledStages } from './late-profiled-stages.js';
import { keyText, planSummary } from './plan-summary.js';
import type { RowsRequest, RunningPlan } from './planned-rows.js';

/** Puts stages above those of a plan. */
export type Shaping = (tree: StageTree) => StageTree;

export class PlanAtWork implements TracedPlan {
  constructor(
    private readonly running: RunningPlan,
    private readonly request: RowsRequest,
  ) {}

  /** What stands above the plan's own stages; undefined: nothing. */
  shaping: Shaping | undefined;

  summary(): string {
    return planSummary(this.running.plan, this.request);
  }

  looked(): Looked {
    return lookedBy(this.running);
  }

  stages(write?: WriteFigures): Value {
    const { running, request } = this;
    return lateProfiledStages().planStages(running, request, this.shaping, write);
  }

  shape(): QueryShape {
    return lateProfiledStages().queryShapeOf(this.request);
  }
}

/** One entry of a unique index, and its document. */
export class PointLookup implements TracedPlan {
  constructor(
    private readonly stage: string,
    private readonly index: Pick<IndexSpec, 'name' | 'key'>,
    private readonly isFound: boolean,
  ) {}

  summary(): string {
    return `${this.stage} ${keyText(this.index)}`;
  }

  looked(): Looked {
    const count = this.isFound ? 1 : 0;
    return { keys: count, documents: count };
  }

  stages(write?: WriteFigures): Value {
    return lateProfiledStages().pointStages(this.stage, this.index, this.isFound, write);
  }
}

/** A plan that looks at nothing. */
export class IdlePlan implements TracedPlan {
  /** @param documents  what it has counted */
  constructor(
    private readonly stage: 'EOF' | 'RECORD_STORE_FAST_COUNT',
    private readonly documents = 0,
  ) {}

  summary(): string {
    return this.stage;
  }

  looked(): Looked {
    return NOTHING;
  }

  stages(): Value {
    const late = lateProfiledStages();
    return this.stage === 'EOF' ? late.eofStages() : late.fastCountStages(this.documents);
  }
}

/** A walk through the keys of an index that reads no documents. */
export class KeysAtWork implements TracedPlan {
  /** @param show  its stages */
  constructor(
    private readonly stage: string,
    private readonly index: IndexSpec,
    private readonly keys: () => number,
    private readonly show: () => Value,
  ) {}

  summary(): string {
    return `${this.stage} ${keyText(this.index)}`;
  }

  looked(): Looked {
    return { keys: this.keys(), documents: 0 };
  }

  stages(): Value {
    return this.show();
  }
}

export function lookedBy({ access }: Pick<RunningPlan, 'access'>): Looked {
  return {
    keys: access.scans.reduce((sum, { keys }) => sum + keys, 0),
    documents: access.rows.stats.documents,
  };
}

/** What `explain` shows, loaded when it is asked for (docs/decisions/0015-loaded-late.md). */
import * as explain from './explain-pipeline.js';

export const lateExplain = (): typeof explain => explain;
export type { ExplainTarget, QueryTarget, Verbosity } from './explain.js';

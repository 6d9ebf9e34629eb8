/** All stages, by name. */
import type { StageOperator, StageOperators } from './stage.js';
import { bucketStages } from './stages/bucket.js';
import { bucketAutoStages } from './stages/bucket-auto.js';
import { countStages } from './stages/count.js';
import { currentOpStages } from './stages/current-op.js';
import { densifyStages } from './stages/densify.js';
import { documentsStages } from './stages/documents.js';
import { facetStages } from './stages/facet.js';
import { fillStages } from './stages/fill.js';
import { graphLookupStages } from './stages/graph-lookup.js';
import { groupStages } from './stages/group.js';
import { limitStages } from './stages/limit.js';
import { sessionStages } from './stages/list-sessions.js';
import { lookupStages } from './stages/lookup.js';
import { matchStages } from './stages/match.js';
import { mergeStages } from './stages/merge.js';
import { outStages } from './stages/out.js';
import { redactStages } from './stages/redact.js';
import { refusedStages } from './stages/refused.js';
import { reshapeStages } from './stages/reshape.js';
import { sampleStages } from './stages/sample.js';
import { windowStages } from './stages/set-window-fields.js';
import { sortStages } from './stages/sort.js';
import { statisticsStages } from './stages/statistics.js';
import { unionStages } from './stages/union-with.js';
import { unwindStages } from './stages/unwind.js';

export const stageOperators: StageOperators = {
  ...matchStages,
  ...groupStages,
  ...sortStages,
  ...limitStages,
  ...unwindStages,
  ...countStages,
  ...reshapeStages,
  ...sampleStages,
  ...documentsStages,
  ...lookupStages,
  ...unionStages,
  ...facetStages,
  ...bucketStages,
  ...redactStages,
  ...bucketAutoStages,
  ...graphLookupStages,
  ...outStages,
  ...mergeStages,
  ...statisticsStages,
  ...currentOpStages,
  ...sessionStages,
  ...windowStages,
  ...densifyStages,
  ...fillStages,
  ...refusedStages,
};

const byName: ReadonlyMap<string, StageOperator> = new Map(Object.entries(stageOperators));

/** @param name  with its dollar */
export function stageOperatorOf(name: string): StageOperator | undefined {
  return byName.get(name);
}

/** All stages, by name. */
import type { StageOperators } from './stage.js';
import { bucketStages } from './stages/bucket.js';
import { countStages } from './stages/count.js';
import { documentsStages } from './stages/documents.js';
import { facetStages } from './stages/facet.js';
import { groupStages } from './stages/group.js';
import { limitStages } from './stages/limit.js';
import { lookupStages } from './stages/lookup.js';
import { matchStages } from './stages/match.js';
import { redactStages } from './stages/redact.js';
import { replaceRootStages } from './stages/replace-root.js';
import { sampleStages } from './stages/sample.js';
import { sortStages } from './stages/sort.js';
import { unionStages } from './stages/union-with.js';
import { unwindStages } from './stages/unwind.js';

export const stageOperators: StageOperators = {
  ...matchStages,
  ...groupStages,
  ...sortStages,
  ...limitStages,
  ...unwindStages,
  ...countStages,
  ...replaceRootStages,
  ...sampleStages,
  ...documentsStages,
  ...lookupStages,
  ...unionStages,
  ...facetStages,
  ...bucketStages,
  ...redactStages,
};

/** Limits of aggregations, as the reference has them by default. */

/** What a blocking stage may hold in memory before it goes to disk, or fails. */
export const MAX_STAGE_BYTES: number = 100 * 1024 * 1024;

/** What one accumulator that cannot go to disk may hold. */
export const MAX_ACCUMULATOR_BYTES: number = 100 * 1024 * 1024;

/** Stages of one pipeline. */
export const MAX_PIPELINE_STAGES = 1000;

/** Views on views. */
export const MAX_VIEW_DEPTH = 20;

/** Pipelines within pipelines ($lookup, $unionWith, $facet). */
export const MAX_NESTED_PIPELINES = 20;

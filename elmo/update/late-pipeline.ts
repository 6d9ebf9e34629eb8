/** Updates by pipelines, loaded when the first is parsed (docs/decisions/0015-loaded-late.md). */
import * as pipelines from './pipeline.js';

export const latePipeline = (): typeof pipelines => pipelines;

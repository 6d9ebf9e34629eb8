/** The stages of pipelines, loaded when the first is named (docs/decisions/0015-loaded-late.md). */
import * as table from './table.js';

export const lateStages = (): typeof table => table;

/** The stages of a find, loaded when they are asked for (docs/decisions/0015-loaded-late.md). */
import * as stages from './find-stages.js';

export const lateFindStages = (): typeof stages => stages;

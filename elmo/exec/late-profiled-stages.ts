/** What plans have done, as trees for the profiler, loaded when it is asked for (docs/decisions/0015-loaded-late.md). */
import * as stages from './profiled-stages.js';

export const lateProfiledStages = (): typeof stages => stages;

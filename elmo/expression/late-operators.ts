/** The operators of expressions, loaded when the first is named (docs/decisions/0015-loaded-late.md). */
import * as table from './table.js';

export const lateOperators = (): typeof table => table;

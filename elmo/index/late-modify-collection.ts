/** `collMod`, loaded when it is first asked for (docs/decisions/0015-loaded-late.md). */
import * as modifying from './modify-collection.js';

export const lateModifyCollection = (): typeof modifying => modifying;

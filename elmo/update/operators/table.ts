/** All operators of updates. */
import { addToSetOperators } from './add-to-set.js';
import { fieldOperators } from './fields.js';
import { numberOperators } from './numbers.js';
import type { UpdateOperators } from './operator.js';
import { pushOperators } from './push.js';
import { removalOperators } from './removal.js';
import { renameOperators } from './rename.js';

export const updateOperators: UpdateOperators = {
  ...fieldOperators,
  ...numberOperators,
  ...renameOperators,
  ...pushOperators,
  ...addToSetOperators,
  ...removalOperators,
};

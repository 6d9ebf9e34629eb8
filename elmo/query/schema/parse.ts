/** `$jsonSchema` documents. */
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { SchemaPredicate } from '../filter.js';

/** @throws ElmoError */
export function parseSchema(_raw: Value): SchemaPredicate {
  throw new ElmoError('CommandNotSupported', '$jsonSchema is not supported yet');
}

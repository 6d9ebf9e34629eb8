/** Which filters a partial index may have. Source: MongoDB manual, "Partial Indexes". */
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { FilterNode } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';

const FORBIDDEN: ReadonlySet<string> = new Set([
  '$expr',
  '$jsonSchema',
  '$text',
  '$where',
  '$near',
  '$nearSphere',
  '$geoNear',
  '$sampleRate',
]);

const ALLOWED: ReadonlySet<FilterNode['kind']> = new Set([
  'and',
  'or',
  'true',
  'false',
  'eq',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'exists',
  'type',
  'special',
]);

/** @throws ElmoError what parsing it throws: BadValue, QueryFeatureNotAllowed … */
export function parsePartialFilter(raw: Uint8Array, collation?: CollationSpec): FilterNode {
  return parseFilter(raw, { collation, forbidden: FORBIDDEN });
}

/** @throws ElmoError CannotCreateIndex */
export function checkPartialFilter(raw: Uint8Array, collation: CollationSpec | undefined): void {
  checkNode(parsePartialFilter(raw, collation));
}

function checkNode(node: FilterNode): void {
  if (!ALLOWED.has(node.kind))
    throw new ElmoError('CannotCreateIndex', `Expression not supported in partial index: $${node.kind}`);
  if (node.kind === 'and' || node.kind === 'or') node.children.forEach(checkNode);
}

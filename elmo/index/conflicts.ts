/** Whether an index that is asked for is there already, or cannot stand beside one that is. */
import { documentText } from '../bson/text.js';
import { isTruthy } from '../query/elements.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { wholeOf } from '../catalog/option-fields.js';
import { documentOf, fieldOf } from '../catalog/raw-document.js';
import { sameKey } from '../catalog/record.js';
import { isSameCollation } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { FilterNode } from '../query/filter.js';
import { normalizeFilter } from '../query/normalize.js';
import { parseFilter } from '../query/parse.js';
import { isSameNode } from '../query/same.js';
import type { IndexDefinition } from './index-definition.js';
import { projectedPaths } from './wildcard-definition.js';

/** What an index is, as far as two of them can be the same. */
type Comparable = Pick<IndexSpec, 'name' | 'key' | 'definition' | 'collation'>;

/**
 * Whether the index is there already.
 * @throws ElmoError IndexOptionsConflict, IndexKeySpecsConflict
 */
export function isThere(collection: CollectionSpec, wanted: IndexDefinition): boolean {
  if (wanted.isIdIndex) return true;
  // a name that is taken is told first
  const named = collection.indexes.find(({ name }) => name === wanted.name);
  if (named !== undefined && isSameIndex(named, wanted)) return true;
  return collection.indexes.some((existing) => isSameIndex(existing, wanted));
}

/** @throws ElmoError if both cannot be asked for at once */
export function checkTogether(first: IndexDefinition, second: IndexDefinition): void {
  if (isSameIndex(first, second))
    throw new ElmoError('IndexAlreadyExists', `Identical index already exists: ${second.name}`);
}

function isSameIndex(existing: Comparable, wanted: Comparable): boolean {
  const isSame = hasSameSignature(existing, wanted);
  const texts = (): string =>
    `Requested index: ${documentText(wanted.definition)}, existing index: ${documentText(existing.definition)}`;
  if (existing.name === wanted.name) {
    if (!isSame)
      throw new ElmoError(
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. ${texts()}`,
      );
    if (!hasSameOptions(existing, wanted))
      throw new ElmoError(
        'IndexOptionsConflict',
        `An equivalent index already exists with the same name but different options. ${texts()}`,
      );
    return true;
  }
  if (!isSame) return false;
  throw new ElmoError(
    'IndexOptionsConflict',
    hasSameOptions(existing, wanted)
      ? `Index already exists with a different name: ${existing.name}`
      : `An equivalent index already exists with a different name and options. ${texts()}`,
  );
}

/** Whether both hold the same entries. */
function hasSameSignature(a: Comparable, b: Comparable): boolean {
  return (
    sameKey(a.key, b.key) &&
    isSameCollation(a.collation, b.collation) &&
    isSet(a, 'unique') === isSet(b, 'unique') &&
    isSet(a, 'sparse') === isSet(b, 'sparse') &&
    isSameFilter(a, b) &&
    isSameProjection(a, b)
  );
}

function hasSameOptions(a: Comparable, b: Comparable): boolean {
  return (
    expireOf(a) === expireOf(b) &&
    isSet(a, 'hidden') === isSet(b, 'hidden') &&
    isSet(a, 'prepareUnique') === isSet(b, 'prepareUnique')
  );
}

function expireOf({ definition }: Comparable): number | undefined {
  const value = fieldOf(definition, 'expireAfterSeconds');
  return value === undefined ? undefined : wholeOf(value);
}

function isSet({ definition }: Comparable, name: string): boolean {
  const value = fieldOf(definition, name);
  return value !== undefined && isTruthy(value);
}

function isSameFilter(a: Comparable, b: Comparable): boolean {
  const [x, y] = [filterOf(a), filterOf(b)];
  return x === undefined || y === undefined ? x === y : isSameNode(x, y);
}

function filterOf({ definition, collation }: Comparable): FilterNode | undefined {
  const raw = documentOf(definition, 'partialFilterExpression');
  return raw === undefined ? undefined : normalizeFilter(parseFilter(raw, { collation }), collation);
}

function isSameProjection(a: Comparable, b: Comparable): boolean {
  return projectionText(a) === projectionText(b);
}

function projectionText({ definition }: Comparable): string {
  const raw = documentOf(definition, 'wildcardProjection');
  if (raw === undefined) return '';
  const paths = projectedPaths(raw).map(({ path, isIncluded }) => `${isIncluded ? '+' : '-'}${path}`);
  return paths.sort().join('\0');
}

/** What the hint of a query names. */
import { compareDocuments } from '../bson/compare.js';
import { DECIMAL128, DOUBLE, INT32, INT64, OBJECT, STRING } from '../bson/types.js';
import { plainJs, type Value } from '../bson/value.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { fieldsOf } from '../catalog/raw-document.js';
import { namespaceText } from '../catalog/namespace.js';
import { ElmoError } from '../errors.js';
import type { ScanDirection } from './query-plan.js';

export interface Hint {
  /** The only index to look at. */
  readonly index: IndexSpec | undefined;
  /** Records as they lie, that way. */
  readonly natural: ScanDirection | undefined;
}

const NO_HINT: Hint = { index: undefined, natural: undefined };
const NUMBER_TYPES: ReadonlySet<number> = new Set([INT32, INT64, DOUBLE, DECIMAL128]);

/** @returns undefined if it is neither 1 nor -1 */
export function naturalDirection(value: Value): ScanDirection | undefined {
  if (!NUMBER_TYPES.has(value.type)) return undefined;
  const number = Number(plainJs(value));
  return number === 1 ? 'forward' : number === -1 ? 'backward' : undefined;
}

/** The direction of `{$natural: ±1}`; undefined if it says something else. @throws ElmoError BadValue */
export function naturalHint(hint: Value | undefined): ScanDirection | undefined {
  if (hint?.type !== OBJECT) return undefined;
  const fields = fieldsOf(hint.document);
  const natural = fields.find(({ name }) => name === '$natural');
  if (natural === undefined) return undefined;
  const direction = fields.length === 1 ? naturalDirection(natural.value) : undefined;
  if (direction === undefined)
    throw new ElmoError('BadValue', '$natural hint cannot be set to a value other than -1 or 1.');
  return direction;
}

/** @throws ElmoError BadValue */
export function resolveHint(collection: CollectionSpec, hint: Value | undefined): Hint {
  if (hint === undefined || (hint.type === OBJECT && hint.document.length <= 5)) return NO_HINT;
  const natural = naturalHint(hint);
  if (natural !== undefined) return { index: undefined, natural };
  const found = collection.indexes.filter(
    (index) => index.isReady && !index.isHidden && isNamed(index, hint),
  );
  if (found.length === 0)
    throw planningError('BadValue', collection, 'hint provided does not correspond to an existing index');
  if (found.length > 1)
    throw planningError(
      'IndexNotFound',
      collection,
      `Hint matched multiple indexes, must hint by index name.`,
    );
  return { index: found[0]!, natural: undefined };
}

function isNamed(index: IndexSpec, hint: Value): boolean {
  if (hint.type === STRING) return index.name === hint.text;
  return compareDocuments(index.key, 0, hint.bytes, hint.at) === 0;
}

/** An error of planning in the words of the reference. */
export function planningError(
  code: ConstructorParameters<typeof ElmoError>[0],
  { namespace }: CollectionSpec,
  reason: string,
): ElmoError {
  return new ElmoError(
    code,
    `error enumerating plans for query: ns=${namespaceText(namespace)} planner returned error :: caused by :: ${reason}`,
  );
}

export function noSolutions(collection: CollectionSpec): ElmoError {
  return planningError('NoQueryExecutionPlans', collection, 'No query solutions');
}

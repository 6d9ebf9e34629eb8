/**
 * Statements about the one document of an `_id`: its index is asked directly, and all is done in one synchronous stretch,
 * without a plan or a snapshot.
 */
import { readText } from '../bson/read.js';
import { ARRAY, NULL, OBJECT, REGEX, UNDEFINED } from '../bson/types.js';
import { Value, valueOf } from '../bson/value.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import { fieldsOf } from '../catalog/raw-document.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { canFindById, isPointType, uniqueIndexOn } from '../exec/find-one.js';
import { PointLookup } from '../exec/traced-plan.js';
import type { OpenCollection } from '../index/open-collection.js';
import { RecordIdReader } from '../keys/key-layout.js';
import type { FindRequest, Namespace, RawDocument } from '../operation/requests.js';
import { MustWait, type WriteUnit } from '../operation/write-unit.js';
import { isProfiled, withKeysCounted } from '../write/key-counts.js';
import type { WriteContext } from '../write/write-context.js';

const ids = new RecordIdReader();
const DOLLAR = 0x24;
const UNDERSCORE = 0x5f;

/** `{_id: value}` and nothing else. Offsets: 4 type, 5 name, 9 value. */
const VALUE_AT = 9;

/** The value all matches have as `_id`; undefined if the filter says something else. */
export function idOfFilter(filter: RawDocument): Value | undefined {
  if (filter[5] !== UNDERSCORE || filter[6] !== 0x69 || filter[7] !== 0x64 || filter[8] !== 0)
    return undefined;
  const type = filter[4]!;
  if (type === ARRAY || type === REGEX || type === UNDEFINED) return undefined;
  // the first name of a document of operators
  if (type === OBJECT && filter[VALUE_AT + 5] === DOLLAR) return undefined;
  const value = new Value(type, filter, VALUE_AT);
  return value.end === filter.length - 1 ? value : undefined;
}

/** Neither has one place in the order of ids. */
const NOT_ONE_ID: ReadonlySet<number> = new Set([NULL, UNDEFINED, ARRAY]);

/** Whether a filter is `{_id: value}` or `{_id: {$eq: value}}`: its one document needs no order, not even a right one. */
export function asksIdAlone(filter: RawDocument): boolean {
  const value = onlyField(filter, '_id');
  if (value?.type !== OBJECT || filter[value.at + 5] !== DOLLAR)
    return value !== undefined && !NOT_ONE_ID.has(value.type);
  const equal = onlyField(value.document, '$eq');
  return equal !== undefined && !NOT_ONE_ID.has(equal.type);
}

/** The value of a document's field if it is the only one and has that name. */
function onlyField(document: Uint8Array, name: string): Value | undefined {
  const [first, second] = fieldsOf(document);
  return first?.name === name && second === undefined ? first.value : undefined;
}

/** A filter that asks for one value of one path. */
export interface Point {
  readonly path: string;
  readonly value: Value;
}

/**
 * `{path: value}` and nothing else: any value that `idOfFilter` gives for `_id`, one for `isPointType` for other paths;
 * undefined if the filter says something else.
 */
export function pointOf(filter: RawDocument): Point | undefined {
  const id = idOfFilter(filter);
  if (id !== undefined) return { path: '_id', value: id };
  const type = filter[4]!;
  if (filter[5] === DOLLAR || !isPointType(type)) return undefined;
  let end = 5;
  while (filter[end]! > 0) end++;
  const value = new Value(type, filter, end + 1);
  return value.end === filter.length - 1 ? { path: readText(filter, 5, end), value } : undefined;
}

/** The index whose entry of that value is the answer. */
export function indexOfPoint(entry: CatalogEntry, { path }: Point): IndexSpec | undefined {
  if (path !== '_id') return uniqueIndexOn(entry, path);
  return canFindById(entry) ? entry.spec.indexes[0] : undefined;
}

export interface IdStatement {
  readonly filter: RawDocument;
  readonly hint?: Value;
  readonly collation?: RawDocument;
}

/** As `idOfFilter`, for a statement that asks for nothing else. */
export function idOfStatement(statement: IdStatement): Value | undefined {
  if (statement.hint !== undefined || statement.collation !== undefined) return undefined;
  return idOfFilter(statement.filter);
}

/** The filter of a find that asks for nothing else; undefined: it does. */
export function filterOfPlainFind(request: FindRequest): RawDocument | undefined {
  const { filter } = request;
  if (filter === undefined || filter[5] === DOLLAR) return undefined;
  const asksMore =
    request.sort !== undefined ||
    request.projection !== undefined ||
    request.hint !== undefined ||
    request.min !== undefined ||
    request.max !== undefined ||
    request.collation !== undefined ||
    request.let !== undefined ||
    (request.skip ?? 0) > 0 ||
    request.returnKey === true ||
    request.showRecordId === true ||
    request.isTailable === true ||
    request.signal?.aborted === true;
  return asksMore ? undefined : filter;
}

const ID_INDEX = { name: '_id_', key: valueOf({ _id: 1 }).document };

/** Tells of a write by `_id` that has been done. */
export function traceById({ operation }: WriteContext, stage: string, isFound: boolean): void {
  operation.trace?.add(new PointLookup(stage, ID_INDEX, isFound));
}

/** The one record, as it is now. */
export interface FoundRecord {
  readonly collection: OpenCollection;
  readonly recordId: number;
  readonly document: Uint8Array;
  readonly unit: WriteUnit;
}

/**
 * Does something with the record of that `_id`.
 * @param written  takes what resolves when the write is as durable as asked
 * @returns whether there was one; undefined if the collection cannot be asked this way: nothing was done
 */
export function writeById(
  namespace: Namespace,
  id: Value,
  context: WriteContext,
  written: Promise<void>[],
  action: (record: FoundRecord) => void,
): boolean | undefined | Promise<boolean | undefined> {
  const { transaction } = context;
  if (transaction !== undefined) return attempt(namespace, id, context, transaction, action);
  const unit = context.sharedUnit;
  try {
    const isFound = attempt(namespace, id, context, unit, action);
    if (isFound === true) written.push(unit.commit(context.isDurable));
    return isFound;
  } catch (error) {
    unit.rollback();
    if (!(error instanceof MustWait)) throw error;
    return context.operation
      .waitFor(error.ended)
      .then(() => writeById(namespace, id, context, written, action));
  }
}

function attempt(
  namespace: Namespace,
  id: Value,
  context: WriteContext,
  unit: WriteUnit,
  action: (record: FoundRecord) => void,
): boolean | undefined {
  const collection = context.collection(namespace, unit);
  if (collection === undefined) return false;
  const index = collection.indexes[0];
  if (index?.spec.name !== '_id_' || index.spec.collation !== undefined) return undefined;
  const { entries } = index;
  entries.begin();
  entries.append(id.type, id.bytes, id.at);
  const entry = unit.get(entries.key.toBytes());
  if (entry === undefined) return false;
  const recordId = ids.readAt(entry, 0);
  const document = unit.get(collection.recordKey(recordId));
  if (document === undefined) return false;
  const record = { collection, recordId, document, unit };
  if (isProfiled(context)) withKeysCounted(context, collection, () => action(record));
  else action(record);
  return true;
}

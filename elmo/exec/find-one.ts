/**
 * The document of an `_id`, or of another unique key, without a plan: the entry of its index, then the record. All in one
 * synchronous stretch, so no snapshot is needed either.
 */
import type { ReadView } from '../../lsm/index.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import { BOOL, DATE, DOUBLE, INT32, INT64, OBJECT_ID, STRING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { appendRecordKey, LONGEST_ENTRY_KEY, RecordIdReader } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { ReadDocument } from '../operation/row-source.js';

const key = new KeyWriter();
const ids = new RecordIdReader();

/** Whether `_id` values are found as they are: bytes against bytes, in an index that is there. */
export function canFindById({ spec }: CatalogEntry): boolean {
  const index = spec.indexes[0];
  return (
    spec.kind === 'collection' &&
    spec.collation === undefined &&
    index !== undefined &&
    index.isReady &&
    index.isUnique &&
    index.collation === undefined &&
    index.fields.length === 1 &&
    index.fields[0]!.path === '_id'
  );
}

const POINT_TYPES: ReadonlySet<number> = new Set([DOUBLE, STRING, OBJECT_ID, BOOL, DATE, INT32, INT64]);

/** Whether a value of the type equals nothing but what has its key: not so of null, patterns, documents, arrays. */
export function isPointType(type: number): boolean {
  return POINT_TYPES.has(type);
}

/** The index whose entry alone tells which document has a value of a point type at `path`; undefined: there is none. */
export function uniqueIndexOn({ spec }: CatalogEntry, path: string): IndexSpec | undefined {
  if (spec.kind !== 'collection' || spec.collation !== undefined) return undefined;
  for (const index of spec.indexes)
    if (index.isUnique && index.fields.length === 1 && index.fields[0]!.path === path)
      return decidesAlone(index) ? index : undefined;
  return undefined;
}

function decidesAlone(index: IndexSpec): boolean {
  return (
    index.isReady &&
    !index.isHidden &&
    !index.isMultikey &&
    index.kind === 'ordered' &&
    index.collation === undefined &&
    index.partialFilter === undefined
  );
}

/**
 * @param index  unique, of one field; see `canFindById`, `uniqueIndexOn`
 * @returns what `read` makes of it; undefined if there is none
 */
export function findByKey<T>(
  { spec, state }: CatalogEntry,
  index: IndexSpec,
  view: ReadView,
  { type, bytes, at }: Value,
  read: ReadDocument<T>,
): T | undefined {
  state.noteIndexUse(index.name);
  key.clear();
  key.appendVarint(index.keyspace);
  if (index.fields[0]!.direction > 0) key.append(type, bytes, at);
  else key.appendDescending(type, bytes, at);
  if (key.length > LONGEST_ENTRY_KEY) return undefined; // longer than any that is stored
  if (!view.lookup(key.bytes, key.length)) return undefined;
  const recordId = ids.readAt(view.valueBytes, view.valueOffset, view.valueOffset + view.valueLength);
  key.clear();
  appendRecordKey(key, spec.keyspace, recordId);
  return view.lookup(key.bytes, key.length) ? read(view.valueBytes, view.valueOffset) : undefined;
}

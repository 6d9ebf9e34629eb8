/**
 * The document of an `_id`, without a plan: the entry of its index, then the record. All in one synchronous stretch, so
 * no snapshot is needed either.
 */
import type { ReadView } from '../../lsm/index.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import type { Value } from '../bson/value.js';
import { appendRecordKey, RecordIdReader } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';

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

/**
 * @param entry  for which `canFindById` is true
 * @param id  not a pattern, not an array
 * @returns a copy; undefined if there is none
 */
export function findById({ spec, state }: CatalogEntry, view: ReadView, id: Value): Uint8Array | undefined {
  const index = spec.indexes[0]!;
  state.noteIndexUse(index.name);
  key.clear();
  key.appendVarint(index.keyspace);
  if (index.fields[0]!.direction > 0) key.append(id.type, id.bytes, id.at);
  else key.appendDescending(id.type, id.bytes, id.at);
  if (!view.lookup(key.bytes.subarray(0, key.length))) return undefined;
  const recordId = ids.readAt(view.valueBytes, view.valueOffset, view.valueOffset + view.valueLength);
  key.clear();
  appendRecordKey(key, spec.keyspace, recordId);
  return view.get(key.bytes.subarray(0, key.length));
}

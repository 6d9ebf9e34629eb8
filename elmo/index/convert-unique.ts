/** An index that has refused new duplicates for a while becomes a unique one: its entries take the form of such. */
import { documentValue, Value } from '../bson/value.js';
import { ARRAY } from '../bson/types.js';
import type { Catalog } from '../catalog/catalog.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { fieldOf, rawArray, rawDocument } from '../catalog/raw-document.js';
import { newIndexSpec } from '../catalog/record.js';
import { ElmoError } from '../errors.js';
import { appendRecordId, IndexEntries, keyspaceBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { WriteUnit } from '../operation/write-unit.js';

/** Record ids shown of a value that is there more than once. */
const SHOWN_IDS = 8;

/**
 * Copies the entries, in the unit that changes the catalog, to a keyspace of their own.
 * @throws ElmoError CannotConvertIndexToUnique if a value is there twice
 */
export function convertToUnique(
  collection: CollectionSpec,
  index: IndexSpec,
  definition: Uint8Array,
  catalog: Catalog,
  unit: WriteUnit,
): IndexSpec {
  const converted = newIndexSpec(definition, catalog.takeKeyspace(), true);
  const directions = index.fields.map(({ direction }) => direction);
  const entries = new IndexEntries(index.keyspace, directions, false, true);
  const key = new KeyWriter();
  const value = new KeyWriter();
  let last: Uint8Array | undefined;
  let lastId = -1;
  const cursor = unit.view.scan(keyspaceBounds(index.keyspace));
  try {
    while (cursor.next()) {
      cursor.loadValue();
      const { keyBytes, keyLength, valueBytes, valueOffset } = cursor;
      const valueEnd = valueOffset + cursor.valueLength;
      entries.parse(keyBytes, keyLength, valueBytes, valueOffset, valueEnd);
      key.clear();
      key.appendVarint(converted.keyspace);
      key.appendBytes(keyBytes, entries.valuesStart, entries.valuesEnd);
      value.clear();
      appendRecordId(value, entries.recordId);
      value.appendBytes(valueBytes, entries.typeBitsStart, valueEnd);
      const copy = key.toBytes();
      if (last !== undefined && Buffer.compare(last, copy) === 0)
        throw violation(collection, index, unit, [lastId, entries.recordId]);
      unit.putEntry(copy, value.toBytes());
      last = copy;
      lastId = entries.recordId;
    }
  } finally {
    cursor.close();
  }
  unit.deleteRange(keyspaceBounds(index.keyspace));
  return { ...converted, multikeyComponents: index.multikeyComponents, isMultikey: index.isMultikey };
}

function violation(
  collection: CollectionSpec,
  index: IndexSpec,
  unit: WriteUnit,
  recordIds: readonly number[],
): ElmoError {
  const ids = recordIds.slice(0, SHOWN_IDS).flatMap((recordId) => {
    const key = new KeyWriter();
    key.appendVarint(collection.keyspace);
    appendRecordId(key, recordId);
    const document = unit.view.get(key.toBytes());
    const id = document === undefined ? undefined : fieldOf(document, '_id');
    return id === undefined ? [] : [id];
  });
  const violations = new Value(
    ARRAY,
    rawArray([documentValue(rawDocument([['ids', new Value(ARRAY, rawArray(ids), 0)]]))]),
    0,
  );
  return new ElmoError(
    'CannotConvertIndexToUnique',
    `Cannot convert the index to unique. Please resolve conflicting documents before running collMod again: ${index.name}`,
    { errInfo: rawDocument([['violations', violations]]) },
  );
}

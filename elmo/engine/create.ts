/** A new collection in the catalog. */
import { encodeDocument } from '../bson/encode.js';
import type { Catalog, CatalogEntry } from '../catalog/catalog.js';
import { checkNewNamespace, namespaceText } from '../catalog/namespace.js';
import { newIndexSpec, specOf } from '../catalog/record.js';
import { ElmoError } from '../errors.js';
import type { Namespace, RawDocument } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';

const ID_INDEX: RawDocument = encodeDocument({ v: 2, key: { _id: 1 }, name: '_id_' });

/**
 * @param options  raw, checked, as listCollections shows them
 * @param uuid  16 random bytes, made a version-4 UUID
 * @throws ElmoError InvalidNamespace, NamespaceExists
 */
export function createCollection(
  catalog: Catalog,
  unit: WriteUnit,
  namespace: Namespace,
  options: RawDocument,
  uuid: Uint8Array,
): CatalogEntry {
  checkNewNamespace(namespace);
  if (catalog.get(namespace, unit) !== undefined)
    throw new ElmoError('NamespaceExists', `Collection ${namespaceText(namespace)} already exists.`);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  const spec = specOf(namespace, {
    kind: 'collection',
    uuid,
    keyspace: catalog.takeKeyspace(),
    options,
    indexes: [newIndexSpec(ID_INDEX, catalog.takeKeyspace(), true)],
  });
  return catalog.add(unit, spec);
}

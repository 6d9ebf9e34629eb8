/** `convertToCapped` and `cloneCollectionAsCapped`: the newest documents that fit, in a new capped collection. */
import { boolValue } from '../bson/value.js';
import { addCollection, viewRefusal } from '../catalog/define.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import { checkCappedBytes, parseCreateOptions } from '../catalog/create-options.js';
import { checkNamespace, namespaceText } from '../catalog/namespace.js';
import { wholeValue } from '../catalog/option-fields.js';
import { rawDocument } from '../catalog/raw-document.js';
import { ElmoError } from '../errors.js';
import type { Namespace } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { IndexContext } from './create-indexes.js';
import type { OpenCollections } from './open-collection.js';

/**
 * Makes a capped collection of a collection, under the same name; of its indexes only that on `_id` stays.
 * @param bytes  whole
 */
export async function convertToCapped(
  namespace: Namespace,
  bytes: number,
  { committer, collections, operation, isDurable }: IndexContext,
): Promise<void> {
  checkCappedBytes(bytes);
  await committer.run(
    operation,
    (unit) => {
      const source = sourceOf(collections, unit, namespace);
      const documents = newestDocuments(source, unit, bytes);
      collections.catalog.drop(unit, source);
      fill(collections, unit, namespace, bytes, documents);
    },
    isDurable,
  );
}

/** Copies a collection into a new capped one. @param bytes  whole */
export async function cloneCollectionAsCapped(
  from: Namespace,
  to: Namespace,
  bytes: number,
  { committer, collections, operation, isDurable }: IndexContext,
): Promise<void> {
  checkCappedBytes(bytes);
  await committer.run(
    operation,
    (unit) => {
      const source = sourceOf(collections, unit, from);
      const target = collections.catalog.get(to, unit);
      if (target?.spec.kind === 'view') throw viewRefusal(to);
      if (target !== undefined)
        throw new ElmoError(
          'NamespaceExists',
          `cloneCollectionAsCapped failed - destination collection ${namespaceText(to)} already exists.`,
        );
      fill(collections, unit, to, bytes, newestDocuments(source, unit, bytes));
    },
    isDurable,
  );
}

function sourceOf({ catalog }: OpenCollections, unit: WriteUnit, namespace: Namespace): CatalogEntry {
  checkNamespace(namespace);
  const entry = catalog.get(namespace, unit);
  if (entry === undefined)
    throw new ElmoError('NamespaceNotFound', `source collection ${namespaceText(namespace)} does not exist`);
  if (entry.spec.kind !== 'collection') throw viewRefusal(namespace);
  return entry;
}

/** From old to new. */
function newestDocuments({ state }: CatalogEntry, unit: WriteUnit, bytes: number): Uint8Array[] {
  const documents: Uint8Array[] = [];
  const cursor = unit.view.scan(state.bounds, 'backward');
  while (cursor.next()) {
    bytes -= cursor.valueLength;
    if (bytes < 0) break;
    documents.push(cursor.value());
  }
  cursor.close();
  return documents.reverse();
}

function fill(
  collections: OpenCollections,
  unit: WriteUnit,
  namespace: Namespace,
  bytes: number,
  documents: readonly Uint8Array[],
): void {
  const options = rawDocument([
    ['capped', boolValue(true)],
    ['size', wholeValue(bytes)],
  ]);
  const collection = collections.of(
    addCollection(collections.catalog, unit, namespace, parseCreateOptions(options)),
  );
  for (const document of documents) collection.insert(unit, document);
}

/** Views among each other: what they stand on, in the end a collection, and never themselves. */
import { isSameCollation } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { Namespace } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { Catalog } from './catalog.js';
import type { CollectionSpec } from './collection-spec.js';
import { namespaceText } from './namespace.js';

/** How many views may stand on one another. */
const MOST_DEPTH = 20;

/** What is known above the catalog of the pipelines of views. */
export interface ViewReader {
  /**
   * @param pipeline  a raw array
   * @returns the collections of the same database that it reads besides the one it is run on
   * @throws ElmoError if it cannot be that of a view
   */
  collectionsOf(view: Namespace, pipeline: Uint8Array): readonly string[];
}

/** @throws ElmoError GraphContainsCycle, ViewDepthLimitExceeded, OptionNotSupportedOnView, those of the reader */
export function checkView(catalog: Catalog, unit: WriteUnit, view: CollectionSpec, reader: ViewReader): void {
  const { db } = view.namespace;
  const visit = (spec: CollectionSpec, way: readonly string[]): void => {
    const own = namespaceText(spec.namespace);
    if (way.includes(own))
      throw new ElmoError('GraphContainsCycle', `View cycle detected: ${[...way, own].join(' => ')}`);
    if (way.length >= MOST_DEPTH)
      throw new ElmoError(
        'ViewDepthLimitExceeded',
        `View depth limit exceeded; maximum depth is ${MOST_DEPTH}`,
      );
    const others = [spec.viewOn!, ...reader.collectionsOf(spec.namespace, spec.pipeline!)];
    for (const collection of new Set(others)) {
      const other = catalog.get({ db, collection }, unit)?.spec;
      if (other?.kind !== 'view') continue;
      if (!isSameCollation(other.collation, view.collation))
        throw new ElmoError(
          'OptionNotSupportedOnView',
          `View ${namespaceText(view.namespace)} has conflicting collation with view ${namespaceText(other.namespace)}`,
        );
      visit(other, [...way, own]);
    }
  };
  visit(view, []);
}

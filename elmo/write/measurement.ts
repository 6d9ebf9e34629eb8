/** What a document of a time-series collection has to have: a time. */
import { DATE } from '../bson/types.js';
import { FieldFinder, FieldName } from '../bson/walk.js';
import type { CollectionSpec } from '../catalog/collection-spec.js';
import { timeFieldOf } from '../catalog/timeseries.js';
import { ElmoError } from '../errors.js';

const finder = new FieldFinder();
const names = new WeakMap<CollectionSpec, FieldName>();

/**
 * @param spec  of a time-series collection
 * @throws ElmoError BadValue unless the document's time is a date
 */
export function checkMeasurement(spec: CollectionSpec, document: Uint8Array): void {
  let name = names.get(spec);
  if (name === undefined) {
    name = new FieldName(timeFieldOf(spec.options));
    names.set(spec, name);
  }
  if (!finder.find(document, 0, name) || finder.type !== DATE)
    throw new ElmoError(
      'BadValue',
      `'${timeFieldOf(spec.options)}' must be present and contain a valid BSON UTC datetime value`,
    );
}

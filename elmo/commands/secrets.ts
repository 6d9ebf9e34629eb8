/** What of a command is shown to others: everything but the values of its secret fields. */
import { stringValue } from '../bson/value.js';
import { fieldsOf, rawDocument } from '../catalog/raw-document.js';
import type { RawDocument } from '../operation/requests.js';

const HIDDEN = stringValue('xxx');

/**
 * The document of a command as `currentOp` and the profiler show it.
 * @param secrets  names of fields
 */
export function shownBody(body: RawDocument, secrets: readonly string[]): RawDocument {
  const fields = fieldsOf(body);
  if (!fields.some(({ name }) => secrets.includes(name))) return body;
  return rawDocument(fields.map(({ name, value }) => [name, secrets.includes(name) ? HIDDEN : value]));
}

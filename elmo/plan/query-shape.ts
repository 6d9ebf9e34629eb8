/** What queries have in common that differ in their constants only. */
import { documentText } from '../bson/text.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { fieldsOf } from '../catalog/raw-document.js';
import { collationDocument, type CollationSpec } from '../collation/collation.js';
import type { FilterNode } from '../query/filter.js';
import { filterToBson } from '../query/to-bson.js';

/** The parts of a query that its shape is made of. */
export interface ShapedQuery {
  /** Normalized. */
  readonly filter: FilterNode;
  readonly sort: readonly { readonly path: string; readonly direction: 1 | -1 }[] | undefined;
  /** Raw. */
  readonly projection: Uint8Array | undefined;
  readonly collation: CollationSpec | undefined;
}

/** Equal for queries of the same shape. */
export function queryShape({ filter, sort, projection, collation }: ShapedQuery): string {
  return JSON.stringify([
    namesOf(filterToBson(filter)),
    sort === undefined || sort.length === 0 ? null : sort.map(({ path, direction }) => [path, direction]),
    projection === undefined || projection.length <= 5 ? null : documentText(projection),
    collation === undefined ? null : documentText(collationDocument(collation)),
  ]);
}

/** Names of fields and operators, with those below them; how many values a list has does not count. */
function namesOf(raw: Uint8Array): unknown {
  return fieldsOf(raw).map(({ name, value }) => {
    if (value.type === OBJECT) return [name, namesOf(value.document)];
    if (value.type !== ARRAY) return name;
    const inner = fieldsOf(value.document).filter((element) => element.value.type === OBJECT);
    return [name, inner.map((element) => namesOf(element.value.document))];
  });
}

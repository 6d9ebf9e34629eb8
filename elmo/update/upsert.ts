/** The document that an upsert inserts: what the filter fixes by equality, with the update applied. */
import { Value, writeElement } from '../bson/value.js';
import { OBJECT } from '../bson/types.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { equalityFields, type EqualityField } from '../query/equality.js';
import type { FilterNode } from '../query/filter.js';
import { withOldId } from './document-id.js';
import type { Update, UpdateContext } from './update.js';

const NOT_EXACT_VALUE_FIELD = 111;

/**
 * @param filter  as parsed, not normalized
 * @param context  with `isInsert`
 * @returns a document that may still have no `_id`, or not in front
 * @throws ElmoError NotSingleValueField, IllegalOperation for an equality of an empty name, and those of the update
 */
export function buildUpsert(filter: FilterNode, update: Update, context: UpdateContext): Uint8Array {
  const fields = equalityFields(filter);
  if (update.kind !== 'replacement') {
    refuseConflicts(fields);
    if (fields.some(({ path }) => path === ''))
      throw new ElmoError('IllegalOperation', 'Cannot call setValue on the root object');
    const base = documentOf(fields);
    return update.apply(base, 0, context) ?? base;
  }
  const base = documentOf(onlyId(fields));
  return update.apply(base, 0, context) ?? withOldId(base, base, 0, true);
}

function refuseConflicts(fields: readonly EqualityField[]): void {
  const seen: string[] = [];
  for (const { path } of fields) {
    for (const other of seen) {
      if (other === path)
        throw new ElmoError(
          'NotSingleValueField',
          `cannot infer query fields to set, path '${path}' is matched twice`,
        );
      if (path.startsWith(`${other}.`) || other.startsWith(`${path}.`)) {
        const [short, long] = path.length < other.length ? [path, other] : [other, path];
        throw new ElmoError(
          'NotSingleValueField',
          `cannot infer query fields to set, both paths '${long}' and '${short}' are matched`,
        );
      }
    }
    seen.push(path);
  }
}

/** Of a document that is given whole, the filter says only the `_id`. */
function onlyId(fields: readonly EqualityField[]): readonly EqualityField[] {
  const ids = fields.filter(({ path }) => path === '_id');
  refuseConflicts(ids);
  const part = fields.find(({ path }) => path.startsWith('_id.'));
  if (part !== undefined)
    throw new ElmoError(
      NOT_EXACT_VALUE_FIELD,
      `field at '_id' must be exactly specified, field at sub-path '${part.path}' found`,
    );
  return ids;
}

type Branch = Map<string, Branch | Value>;

/** A document of values by path, `_id` in front, the rest in the order given. */
function documentOf(fields: readonly EqualityField[]): Uint8Array {
  const root: Branch = new Map();
  const isOfId = ({ path }: EqualityField): boolean => path === '_id' || path.startsWith('_id.');
  for (const field of [...fields.filter(isOfId), ...fields.filter((each) => !isOfId(each))]) {
    const parts = field.path.split('.');
    let branch = root;
    for (const part of parts.slice(0, -1)) {
      let next = branch.get(part);
      if (!(next instanceof Map)) branch.set(part, (next = new Map()));
      branch = next;
    }
    branch.set(parts.at(-1)!, field.value);
  }
  return bytesOf(root);
}

function bytesOf(branch: Branch): Uint8Array {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  for (const [name, child] of branch) {
    const value = child instanceof Value ? child : new Value(OBJECT, bytesOf(child), 0);
    writeElement(writer, Buffer.from(name), value);
  }
  writer.endDocument(start);
  return writer.toBytes();
}

/** What a sort is asked for with: `{a: 1, 'b.c': -1, score: {$meta: 'randVal'}}`. */
import { readText } from '../bson/read.js';
import { OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
import { documentValue, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { parsePath } from '../expression/field-names.js';
import { doubleOf, isNumberType } from '../expression/numbers.js';
import type { SortField } from './sort-key.js';

const MOST_FIELDS = 32;
/** Components of a path that start with a dollar and yet are names: those of a DBRef. */
const DBREF_COMPONENT = /(?<=^|\.)\$(?=(?:id|ref|db)(?:\.|$))/g;

/**
 * The fields in their order.
 * @param parseMeta  the name in `{$meta: name}`, or whatever document stands at `path`
 * @throws ElmoError 7472500 for a field that is named twice, 13103 for more than 32, 15974 and 15975 for directions
 */
export function parseSortFields(
  pattern: Value,
  parseMeta: (value: Value, path: string) => string,
): SortField[] {
  const fields: SortField[] = [];
  const seen = new Set<string>();
  const walker = new ElementWalker();
  walker.open(pattern.bytes, pattern.at);
  while (walker.next()) {
    const path = readText(pattern.bytes, walker.nameStart, walker.nameEnd);
    const value = new Value(walker.type, pattern.bytes, walker.valueStart);
    const meta = value.type === OBJECT ? parseMeta(value, path) : undefined;
    const direction = meta === undefined ? directionOf(value, path) : -1;
    parsePath(path.replace(DBREF_COMPONENT, ''), 0);
    if (seen.has(path)) throw new ElmoError(7472500, `Duplicate key in sort specification: ${path}`);
    seen.add(path);
    fields.push({ path, direction, meta });
  }
  if (fields.length > MOST_FIELDS) throw new ElmoError(13103, 'too many compound keys');
  return fields;
}

function directionOf(value: Value, path: string): 1 | -1 {
  const way = isNumberType(value.type) ? doubleOf(value) : NaN;
  if (Number.isNaN(way))
    throw new ElmoError(
      15974,
      `Illegal key in $sort specification: ${path}: ${TYPE_NAMES.get(value.type)} where a number is expected`,
    );
  const direction = Math.trunc(way);
  if (direction === 1 || direction === -1) return direction;
  throw new ElmoError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
}

const META_NAMES: ReadonlySet<string> = new Set([
  'textScore',
  'randVal',
  'searchScore',
  'geoNearDistance',
  'searchRootDocumentId',
  'vectorSearchScore',
]);

/** The pattern of a command's `sort`. @throws ElmoError BadValue for a `$meta` that is none, and as `parseSortFields` does */
export function parseSort(raw: Uint8Array): readonly SortField[] {
  return parseSortFields(documentValue(raw), (value, path) => {
    const walker = new ElementWalker();
    walker.open(value.bytes, value.at);
    const isMeta = walker.next() && readText(value.bytes, walker.nameStart, walker.nameEnd) === '$meta';
    const argument = isMeta ? new Value(walker.type, value.bytes, walker.valueStart) : undefined;
    if (argument === undefined || walker.next())
      throw new ElmoError('BadValue', `Illegal key in $sort specification: ${path}`);
    if (argument.type !== STRING || !META_NAMES.has(argument.text))
      throw new ElmoError('BadValue', `Illegal $meta sort at ${path}`);
    return argument.text;
  });
}

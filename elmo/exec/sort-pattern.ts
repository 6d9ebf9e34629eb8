/** What a sort is asked for with: `{a: 1, 'b.c': -1, score: {$meta: 'randVal'}}`. */
import { readDecimal, toIntegral, truncatedBigint } from '../bson/decimal-arithmetic.js';
import { readText } from '../bson/read.js';
import { valueText } from '../bson/text.js';
import { DECIMAL128, OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
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
 * @throws ElmoError 7472500 for a field that is named twice, 13103 for more than 32, 15974 and 15975 for directions, 17312
 *   for documents that are no `$meta`, 31138 for metadata that do not exist or do not sort, 40218 for what is not there
 */
export function parseSortFields(pattern: Value): SortField[] {
  const fields: SortField[] = [];
  const seen = new Set<string>();
  const walker = new ElementWalker();
  walker.open(pattern.bytes, pattern.at);
  while (walker.next()) {
    const path = readText(pattern.bytes, walker.nameStart, walker.nameEnd);
    const value = new Value(walker.type, pattern.bytes, walker.valueStart);
    const meta = value.type === OBJECT ? parseMeta(value) : undefined;
    const direction = meta === undefined ? directionOf(value, path) : -1;
    parsePath(path.includes('$') ? path.replace(DBREF_COMPONENT, '') : path, 0);
    if (seen.has(path)) throw new ElmoError(7472500, `Duplicate key in sort specification: ${path}`);
    seen.add(path);
    fields.push({ path, direction, meta });
  }
  if (fields.length > MOST_FIELDS) throw new ElmoError(13103, 'too many compound keys');
  return fields;
}

/** Doubles are cut to whole numbers, decimals rounded. */
function directionOf(value: Value, path: string): 1 | -1 {
  const way = isNumberType(value.type) ? wayOf(value) : NaN;
  if (Number.isNaN(way))
    throw new ElmoError(
      15974,
      `Illegal key in $sort specification: ${path}: ${TYPE_NAMES.get(value.type)} where a number is expected`,
    );
  const direction = Math.trunc(way);
  if (direction === 1 || direction === -1) return direction;
  throw new ElmoError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
}

function wayOf(value: Value): number {
  if (value.type !== DECIMAL128) return doubleOf(value);
  const decimal = readDecimal(value.bytes, value.at);
  return decimal.isFinite ? Number(truncatedBigint(toIntegral(decimal, 'halfEven'))) : 0;
}

/** What rows can be sorted by, and what it is called where a query does not make it. */
const SORTING_METADATA: ReadonlyMap<string, string | undefined> = new Map([
  ['randVal', undefined],
  ['textScore', 'text score'],
  ['searchScore', '$search score'],
  ['vectorSearchScore', '$vectorSearch score'],
  ['geoNearDistance', '$geoNear distance'],
  ['score', 'score'],
]);

/** The name in `{$meta: name}`. */
function parseMeta(value: Value): string {
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  const isMeta = walker.next() && readText(value.bytes, walker.nameStart, walker.nameEnd) === '$meta';
  if (!isMeta) throw new ElmoError(17312, '$meta is the only expression supported by $sort right now');
  const argument = new Value(walker.type, value.bytes, walker.valueStart);
  if (walker.next())
    throw new ElmoError('FailedToParse', 'Cannot have additional keys in a $meta sort specification');
  if (argument.type !== STRING || !SORTING_METADATA.has(argument.text))
    throw new ElmoError(31138, `Illegal $meta sort: $meta: ${valueText(argument)}`);
  const name = argument.text;
  const absent = SORTING_METADATA.get(name);
  if (absent !== undefined)
    throw new ElmoError(40218, `query requires ${absent} metadata, but it is not available`);
  return name;
}

/** The pattern of a command's `sort`. @throws ElmoError as `parseSortFields` does */
export function parseSort(raw: Uint8Array): readonly SortField[] {
  return parseSortFields(documentValue(raw));
}

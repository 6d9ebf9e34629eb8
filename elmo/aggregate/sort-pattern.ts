/**
 * A sort specification, `{a: 1, 'b.c': -1}`, and the key of a document under it. Of an array its least element counts, or its greatest when the order descends; an empty array is undefined, nothing is null.
 */
import { compareValues, type Collation } from '../bson/compare.js';
import { PathReader, type PathVisitor } from '../bson/path.js';
import { ARRAY, MISSING, NULL, OBJECT, STRING, UNDEFINED } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { ElementWalker, endOfValue } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { doubleOf, isNumberType } from '../expression/numbers.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { comparatorOf } from './collation-order.js';
import { argumentsOf } from './arguments.js';
import { checkedFieldPath } from './field-path.js';

export interface SortField {
  readonly path: string;
  readonly direction: 1 | -1;
  /** Of `{$meta: name}`; the path is then of no meaning. */
  readonly meta: string | undefined;
}

const META_NAMES: ReadonlySet<string> = new Set([
  'textScore',
  'randVal',
  'searchScore',
  'vectorSearchScore',
  'geoNearDistance',
  'searchHighlights',
  'score',
]);

/** @throws ElmoError of the reference's code */
export function parseSortPattern(document: Value): SortField[] {
  return [...argumentsOf(document)].map(([path, value]): SortField => {
    if (value.type === OBJECT) return { path: checkedFieldPath(path), direction: -1, meta: parseMeta(value) };
    if (!isNumberType(value.type)) throw new ElmoError(15974, `Illegal key in $sort specification: ${path}`);
    const direction = Math.trunc(doubleOf(value));
    if (direction !== 1 && direction !== -1)
      throw new ElmoError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
    return { path: checkedFieldPath(path), direction, meta: undefined };
  });
}

function parseMeta(value: Value): string {
  const [first, ...others] = argumentsOf(value);
  if (first === undefined || first[0] !== '$meta' || others.length > 0 || first[1].type !== STRING)
    throw new ElmoError(17312, '$meta is the only expression supported by $sort right now');
  const name = first[1].text;
  if (!META_NAMES.has(name)) throw new ElmoError(31138, `Illegal $meta sort: $meta: "${name}"`);
  if (name === 'textScore')
    throw new ElmoError(40218, 'query requires text score metadata, but it is not available');
  return name;
}

/** Finds what one field of a pattern sorts by. */
class FieldKey implements PathVisitor {
  type: number = MISSING;
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  private readonly reader: PathReader;
  private isEmpty = true;

  constructor(
    path: string,
    private readonly direction: 1 | -1,
    private readonly collation: Collation | undefined,
  ) {
    this.reader = new PathReader(path, { leafArrays: 'elements' });
  }

  read(bytes: Uint8Array, at: number): void {
    this.isEmpty = true;
    this.type = NULL;
    const { reader } = this;
    if (reader.find(bytes, at) ? reader.type !== ARRAY : reader.type === MISSING) {
      if (reader.type === MISSING) return;
      this.take(bytes, reader.type, reader.valueStart);
      return;
    }
    reader.visit(bytes, at, this);
    if (this.isEmpty) this.type = UNDEFINED;
  }

  visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === MISSING) type = NULL;
    if (
      this.isEmpty ||
      compareValues(bytes, type, at, this.bytes, this.type, this.at, this.collation) * this.direction < 0
    )
      this.take(bytes, type, at);
    return false;
  }

  private take(bytes: Uint8Array, type: number, at: number): void {
    this.isEmpty = false;
    this.type = type;
    this.bytes = bytes;
    this.at = at;
  }
}

/** Keys of documents, which sort as the documents do. */
export class SortKeys {
  private readonly fields: readonly FieldKey[];
  private readonly order: Collation | undefined;
  private readonly writer = new BsonWriter();
  private readonly keys = new KeyWriter();

  constructor(
    private readonly pattern: readonly SortField[],
    collation: CollationSpec | undefined,
  ) {
    this.order = comparatorOf(collation);
    this.fields = pattern.map(({ path, direction }) => new FieldKey(path, direction, this.order));
  }

  /** The key of the document at `at`: bytes of its own, to be given to `compare`. */
  keyOf(bytes: Uint8Array, at: number): Uint8Array {
    return this.order === undefined ? this.plainKey(bytes, at) : this.valuesKey(bytes, at);
  }

  /** Order of two keys: negative, 0, positive. */
  compare(a: Uint8Array, b: Uint8Array): number {
    return this.order === undefined ? compareBytes(a, b) : this.compareValuesOf(a, b);
  }

  /** One encoding behind the other, inverted where the order descends. */
  private plainKey(bytes: Uint8Array, at: number): Uint8Array {
    const { keys } = this;
    keys.clear();
    for (const [i, field] of this.fields.entries()) {
      field.read(bytes, at);
      if (this.pattern[i]!.direction > 0) keys.append(field.type, field.bytes, field.at);
      else keys.appendDescending(field.type, field.bytes, field.at);
    }
    return keys.toBytes();
  }

  /** The values as an array: strings have no encoding that sorts by a collation. */
  private valuesKey(bytes: Uint8Array, at: number): Uint8Array {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    for (const [i, field] of this.fields.entries()) {
      field.read(bytes, at);
      writer.writeIndex(field.type, i);
      writer.writeRange(field.bytes, field.at, endOfValue(field.bytes, field.type, field.at));
    }
    writer.endDocument(start);
    return writer.toBytes();
  }

  private compareValuesOf(a: Uint8Array, b: Uint8Array): number {
    const [left, right] = [new ElementWalker(), new ElementWalker()];
    left.open(a, 0);
    right.open(b, 0);
    for (const { direction } of this.pattern) {
      left.next();
      right.next();
      const difference = compareValues(
        a,
        left.type,
        left.valueStart,
        b,
        right.type,
        right.valueStart,
        this.order,
      );
      if (difference !== 0) return difference * direction;
    }
    return 0;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/**
 * One index, open for writing: which entries a document has in it, putting and removing them, the check of uniqueness.
 * Entries are bytes (keys/key-layout.ts); what an index does with a value it does on the raw bytes.
 */
import { createHash } from 'node:crypto';
import { Decoder } from '../bson/decode.js';
import { documentText, valueText } from '../bson/text.js';
import { INT64, MISSING, NULL, STRING, UNDEFINED } from '../bson/types.js';
import { MISSING_VALUE, NULL_VALUE, stringValue, Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { namespaceText } from '../catalog/namespace.js';
import { collationDocument } from '../collation/collation.js';
import { collationKey } from '../collation/key.js';
import { ElmoError } from '../errors.js';
import { IndexEntries, RecordIdReader } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Matcher } from '../query/filter.js';
import { compileFilter } from '../query/compile.js';
import { parseFilter } from '../query/parse.js';
import type { DirectUnit, WriteUnit } from '../operation/write-unit.js';
import { decodeEntry } from './decode-entry.js';
import { KeyExtractor, type TupleSink } from './key-extractor.js';
import { visitLeaves, WildcardPaths, type LeafSink } from './wildcard.js';

/** Entries of one document, distinct, in the order of their keys. */
export class EntrySet {
  readonly keys: Uint8Array[] = [];
  readonly values: Uint8Array[] = [];

  clear(): void {
    this.keys.length = 0;
    this.values.length = 0;
  }

  /** Adds an entry unless it is there. */
  add(key: Uint8Array, value: Uint8Array): void {
    const { keys } = this;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = Buffer.compare(keys[middle]!, key);
      if (order === 0) return;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    if (low === keys.length) {
      keys.push(key);
      this.values.push(value);
    } else {
      keys.splice(low, 0, key);
      this.values.splice(low, 0, value);
    }
  }
}

const plainDecoder = new Decoder();

export class OpenIndex implements TupleSink, LeafSink {
  readonly extractor: KeyExtractor;
  readonly entries: IndexEntries;
  private readonly partial: Matcher | undefined;
  private readonly wildcard: WildcardPaths | undefined;
  private readonly wildcardField: number;
  private readonly toCollated: ((text: string) => string) | undefined;
  private readonly ids = new RecordIdReader();
  private target: EntrySet | undefined;
  private recordId = 0;
  private bytes: Uint8Array = NOTHING;
  /** For each field, a bit for each component of its path that met an array, over all documents seen by this object. */
  readonly arrayBits: Int32Array;
  private prefix: Value[] = [];

  constructor(
    readonly collection: CollectionSpec,
    readonly spec: IndexSpec,
  ) {
    const { fields } = spec;
    this.extractor = new KeyExtractor(
      fields.filter(({ kind }) => kind !== 'wildcard').map(({ path }) => path),
    );
    this.wildcardField = fields.findIndex(({ kind }) => kind === 'wildcard');
    // a wildcard field stands for two values: path and value
    const directions = fields.flatMap(({ kind, direction }) =>
      kind === 'wildcard' ? [1 as const, direction] : [direction],
    );
    this.entries = new IndexEntries(spec.keyspace, directions, spec.isUnique, true);
    this.arrayBits = new Int32Array(fields.length);
    this.toCollated = spec.collation === undefined ? undefined : collationKey(spec.collation);
    this.partial =
      spec.partialFilter === undefined
        ? undefined
        : compileFilter(parseFilter(spec.partialFilter, { collation: spec.collation }), {
            collation: spec.collation,
          });
    this.wildcard = this.wildcardField < 0 ? undefined : wildcardPaths(spec, this.wildcardField);
  }

  /** Whether the document belongs into the index (of a partial one). */
  takes(bytes: Uint8Array, at: number): boolean {
    return this.partial === undefined || this.partial.matches(bytes, at);
  }

  /**
   * The entries of a document.
   * @throws ElmoError CannotIndexParallelArrays and the like
   */
  collect(bytes: Uint8Array, at: number, recordId: number, into: EntrySet): void {
    into.clear();
    if (!this.takes(bytes, at)) return;
    this.target = into;
    this.recordId = recordId;
    this.bytes = bytes;
    this.extractor.extract(bytes, at, this);
    if (this.extractor.metArray)
      for (let i = 0, field = 0; field < this.spec.fields.length; field++)
        if (field !== this.wildcardField) this.arrayBits[field]! |= this.extractor.arrayBits[i++]!;
    if (this.wildcard !== undefined) {
      this.prefix = this.currentTuple();
      visitLeaves(bytes, at, this.wildcard, this);
    }
    this.target = undefined;
  }

  /** Whether the documents seen since have made fields multikey that the catalog does not know of. */
  get hasNewArrays(): boolean {
    const { multikeyComponents } = this.spec;
    for (let field = 0; field < this.arrayBits.length; field++) {
      let bits = this.arrayBits[field]!;
      for (let component = 0; bits !== 0; component++, bits >>>= 1)
        if ((bits & 1) === 1 && !multikeyComponents[field]!.has(component)) return true;
    }
    return false;
  }

  /** What the catalog should say of the fields' arrays. */
  multikeyComponents(): ReadonlySet<number>[] {
    return this.spec.multikeyComponents.map((known, field) => {
      const components = new Set(known);
      for (let component = 0, bits = this.arrayBits[field]!; bits !== 0; component++, bits >>>= 1)
        if ((bits & 1) === 1) components.add(component);
      return components;
    });
  }

  tuple(extractor: KeyExtractor): void {
    if (this.wildcard !== undefined) return;
    const { types, at } = extractor;
    if (this.spec.isSparse && types.every((type) => type === MISSING)) return;
    const { entries, bytes } = this;
    entries.begin();
    for (let i = 0; i < types.length; i++) this.append(i, types[i]!, bytes, at[i]!);
    this.finish();
  }

  leaf(path: string, bytes: Uint8Array, type: number, at: number, isInArray: boolean): void {
    const { entries, wildcardField, prefix } = this;
    entries.begin();
    for (let i = 0; i < wildcardField; i++) this.appendValue(prefix[i]!);
    this.appendValue(stringValue(path));
    this.append(wildcardField, type, bytes, at);
    for (let i = wildcardField; i < prefix.length; i++) this.appendValue(prefix[i]!);
    this.finish();
    if (isInArray) this.arrayBits[wildcardField]! |= 1;
  }

  private currentTuple(): Value[] {
    const { types, at } = this.extractor;
    return [...types].map((type, i) =>
      type === MISSING ? MISSING_VALUE : new Value(type, this.bytes, at[i]!),
    );
  }

  private appendValue(value: Value): void {
    this.entries.append(value.type === MISSING ? NULL : value.type, value.bytes, value.at);
  }

  private append(field: number, type: number, bytes: Uint8Array, at: number): void {
    if (this.spec.fields[field]!.kind === 'hashed') {
      if (this.extractor.metArray)
        throw new ElmoError(16766, 'hashed indexes do not currently support array values');
      const hash = hashOf(type, bytes, at);
      this.entries.append(hash.type, hash.bytes, hash.at);
      return;
    }
    if (this.toCollated !== undefined && type === STRING) {
      const key = stringValue(this.toCollated(new Value(type, bytes, at).text));
      this.entries.append(STRING, key.bytes, key.at);
      return;
    }
    this.entries.append(type, bytes, at);
  }

  private finish(): void {
    this.entries.finish(this.recordId);
    this.target!.add(this.entries.key.toBytes(), this.entries.value.toBytes());
  }

  /**
   * Whether the entries of a new document may be put.
   * @param set  what `collect` gave
   * @throws ElmoError DuplicateKey
   */
  checkNew(unit: WriteUnit, set: EntrySet): void {
    if (!this.spec.isUnique) return;
    for (let i = 0; i < set.keys.length; i++) this.checkUnique(unit, set.keys[i]!, set.values[i]!);
  }

  /** @param remembers  the unit, if later documents of it have to see unique entries before they are committed */
  put(unit: WriteUnit, set: EntrySet, remembers: DirectUnit | undefined): void {
    const { keys, values } = set;
    for (let i = 0; i < keys.length; i++) {
      unit.put(keys[i]!, values[i]!);
      if (remembers !== undefined && this.spec.isUnique) remembers.remember(keys[i]!, values[i]!);
    }
  }

  remove(unit: WriteUnit, set: EntrySet): void {
    for (const key of set.keys) unit.delete(key);
  }

  /** @throws ElmoError DuplicateKey if an entry that is new is another document's */
  checkChanged(unit: WriteUnit, before: EntrySet, after: EntrySet): void {
    if (!this.spec.isUnique) return;
    this.compare(before, after);
    for (const i of this.added) this.checkUnique(unit, after.keys[i]!, after.values[i]!);
  }

  /** From the entries before to those after; what is in both stays untouched. */
  replace(unit: WriteUnit, before: EntrySet, after: EntrySet): void {
    this.compare(before, after);
    for (const i of this.removed) unit.delete(before.keys[i]!);
    for (const i of this.added) unit.put(after.keys[i]!, after.values[i]!);
    for (const i of this.retyped) unit.put(after.keys[i]!, after.values[i]!);
  }

  /** Positions of the entries that go, that come, and whose types alone are others. */
  private readonly removed: number[] = [];
  private readonly added: number[] = [];
  private readonly retyped: number[] = [];

  private compare(before: EntrySet, after: EntrySet): void {
    const { removed, added, retyped } = this;
    removed.length = added.length = retyped.length = 0;
    for (let i = 0, j = 0; i < before.keys.length || j < after.keys.length;) {
      const order =
        i === before.keys.length
          ? 1
          : j === after.keys.length
            ? -1
            : Buffer.compare(before.keys[i]!, after.keys[j]!);
      if (order < 0) removed.push(i++);
      else if (order > 0) added.push(j++);
      else {
        if (Buffer.compare(before.values[i]!, after.values[j]!) !== 0) retyped.push(j);
        i++;
        j++;
      }
    }
  }

  /** Whether a change at one of the paths can change the entries. */
  dependsOn(paths: readonly string[]): boolean {
    if (this.partial !== undefined || this.wildcard !== undefined) return true;
    return this.spec.fields.some(({ path }) => paths.some((changed) => areRelated(path, changed)));
  }

  private checkUnique(unit: WriteUnit, key: Uint8Array, value: Uint8Array): void {
    const found = unit.get(key);
    if (found === undefined) return;
    if (this.ids.readAt(found, 0) === this.ids.readAt(value, 0)) return;
    throw this.duplicateKey(key, value);
  }

  /** E11000, with what the client may want to look at. */
  duplicateKey(key: Uint8Array, value: Uint8Array): ElmoError {
    const { spec, collection } = this;
    const shown = decodeEntry(this.entries, key, value);
    const tuple = shown.map((each) => (each.type === UNDEFINED ? NULL_VALUE : each));
    const writer = new BsonWriter();
    const start = writer.beginDocument();
    spec.fields.forEach(({ path }, i) => {
      writer.writeName(tuple[i]!.type, encodeText(path));
      writer.writeRange(tuple[i]!.bytes, tuple[i]!.at, tuple[i]!.end);
    });
    writer.endDocument(start);
    const collation =
      spec.collation === undefined ? '' : ` collation: ${documentText(collationDocument(spec.collation))}`;
    const texts = spec.fields.map(({ path }, i) => `${path}: ${valueText(shown[i]!)}`);
    return new ElmoError(
      'DuplicateKey',
      `E11000 duplicate key error collection: ${namespaceText(collection.namespace)} index: ${spec.name}${collation} dup key: { ${texts.join(', ')} }`,
      { keyPattern: spec.key, keyValue: writer.toBytes() },
    );
  }
}

const NOTHING = new Uint8Array(0);
const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);

const hashWriter = new KeyWriter();

/** A long that is the same for equal values of any numeric type. */
export function hashOf(type: number, bytes: Uint8Array, at: number): Value {
  hashWriter.clear();
  hashWriter.append(type === MISSING ? NULL : type, bytes, at);
  const digest = createHash('md5').update(hashWriter.bytes.subarray(0, hashWriter.length)).digest();
  return new Value(INT64, digest, 0);
}

/** Whether one path leads through the other; indexes of arrays may stand in either. */
function areRelated(a: string, b: string): boolean {
  const [x, y] = [withoutIndexes(a), withoutIndexes(b)];
  return x === y || x.startsWith(`${y}.`) || y.startsWith(`${x}.`);
}

function withoutIndexes(path: string): string {
  return path
    .split('.')
    .filter((part, i) => i === 0 || !/^[0-9]+$/.test(part))
    .join('.');
}

function wildcardPaths(spec: IndexSpec, field: number): WildcardPaths {
  const root = spec.fields[field]!.path;
  if (spec.wildcardProjection === undefined) return new WildcardPaths(root, undefined, []);
  const projection = plainDecoder.decode(spec.wildcardProjection) as Record<string, unknown>;
  const included: string[] = [];
  const excluded: string[] = [];
  const add = (path: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value)) add(`${path}.${name}`, inner);
    else (Boolean(value) ? included : excluded).push(path);
  };
  for (const [path, value] of Object.entries(projection)) add(path, value);
  const isInclusion = included.some((path) => path !== '_id');
  if (isInclusion) return new WildcardPaths(root, included, excluded);
  // without a word about _id it is left out; so it is in an inclusion
  return new WildcardPaths(root, undefined, included.includes('_id') ? excluded : [...excluded, '_id']);
}

/**
 * One index, open for writing: which entries a document has in it, putting and removing them, the check of uniqueness.
 * Entries are bytes (keys/key-layout.ts); what an index does with a value it does on the raw bytes.
 */
import { createHash } from 'node:crypto';
import type { Load } from '../../lsm/index.js';
import { documentText, valueText } from '../bson/text.js';
import { DECIMAL128, DOUBLE, INT64, MISSING, NULL, STRING, SYMBOL, UNDEFINED } from '../bson/types.js';
import { exactJs, MISSING_VALUE, NULL_VALUE, stringValue, Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import type { CollectionState } from '../catalog/collection-state.js';
import type { HighestKey } from '../catalog/highest-key.js';
import { bitsOf, componentsOf, isIdKey } from '../catalog/record.js';
import { namespaceText } from '../catalog/namespace.js';
import { collationDocument } from '../collation/collation.js';
import { collationKey } from '../collation/key.js';
import { ElmoError } from '../errors.js';
import { IndexEntries, LONGEST_ENTRY_KEY, RecordIdReader } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Matcher } from '../query/filter.js';
import { compileFilter } from '../query/compile.js';
import { parseFilter } from '../query/parse.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { decodeEntry } from './decode-entry.js';
import { EntrySet } from './entry-set.js';
import { KeyExtractor, type TupleSink } from './key-extractor.js';
import { ALL_NOTED, DOTTED_NAMES_MET, MetArrays } from './met-arrays.js';
import { visitLeaves, WildcardPaths, type LeafSink } from './wildcard.js';
import { projectedPaths } from './wildcard-definition.js';

export class OpenIndex implements TupleSink, LeafSink {
  readonly extractor: KeyExtractor;
  readonly entries: IndexEntries;
  private readonly partial: Matcher | undefined;
  private readonly wildcard: WildcardPaths | undefined;
  private readonly wildcardField: number;
  private readonly toCollated: ((text: string) => string) | undefined;
  private readonly ids = new RecordIdReader();
  private target: EntrySet | undefined;
  /** Of a document that may have several, on the way into a load. */
  private readonly loaded = new EntrySet();
  private recordId = 0;
  private bytes: Uint8Array = NOTHING;
  /** For each field, a bit for each component of its path that met an array, over all documents seen by this object. */
  readonly arrayBits: Int32Array;
  /** The same, as the spec has it, and as the catalog has been told since. */
  private readonly knownBits: Int32Array;
  private readonly notedBits: Int32Array;
  /** Of a wildcard index. */
  readonly met: MetArrays | undefined;
  private prefix: Value[] = [];
  /** What `compare` found; valid as long as what it was given. */
  removed = new EntrySet();
  added = new EntrySet();
  private readonly ownRemoved = this.removed;
  private readonly ownAdded = this.added;
  private readonly highest: HighestKey;
  /** For whoever collects: of the document before and after a write. */
  readonly before = new EntrySet();
  readonly after = new EntrySet();

  constructor(
    readonly collection: CollectionSpec,
    readonly spec: IndexSpec,
    private readonly state: CollectionState,
  ) {
    const { fields } = spec;
    this.highest = state.highestKey(spec.keyspace);
    this.extractor = new KeyExtractor(
      fields.filter(({ kind }) => kind !== 'wildcard').map(({ path }) => path),
    );
    this.wildcardField = fields.findIndex(({ kind }) => kind === 'wildcard');
    // a wildcard field stands for two values: path and value
    const directions = fields.flatMap(({ kind, direction }) =>
      kind === 'wildcard' ? [1 as const, direction] : [direction],
    );
    this.entries = new IndexEntries(spec.keyspace, directions, spec.isUnique, true);
    this.knownBits = Int32Array.from(spec.multikeyComponents, bitsOf);
    this.arrayBits = this.knownBits.slice();
    this.notedBits = this.knownBits.slice();
    this.toCollated = spec.collation === undefined ? undefined : collationKey(spec.collation);
    this.partial =
      spec.partialFilter === undefined
        ? undefined
        : compileFilter(parseFilter(spec.partialFilter, { collation: spec.collation }), {
            collation: spec.collation,
          });
    if (this.wildcardField < 0) return;
    this.wildcard = wildcardPathsOf(spec);
    this.met = new MetArrays(spec, state.arrayPaths(spec.keyspace));
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
    this.recordId = recordId;
    this.bytes = bytes;
    if (this.wildcard === undefined && this.extractor.extractOnly(bytes, at)) {
      if (this.encode()) into.add(this.entries.key, this.entries.value);
    } else this.collectSeveral(bytes, at, into);
  }

  private collectSeveral(bytes: Uint8Array, at: number, into: EntrySet): void {
    this.target = into;
    if (this.wildcard === undefined) this.collectTuples(bytes, at);
    else this.collectLeaves(bytes, at, this.wildcard);
    this.target = undefined;
  }

  private collectLeaves(bytes: Uint8Array, at: number, wildcard: WildcardPaths): void {
    const { extractor } = this;
    if (!extractor.extractOnly(bytes, at))
      throw new ElmoError(
        7246301,
        `field ${extractor.firstAtArray} cannot be indexed as an array (multikey)`,
      );
    this.prefix = this.currentTuple();
    visitLeaves(bytes, at, wildcard, this);
  }

  private collectTuples(bytes: Uint8Array, at: number): void {
    try {
      this.extractor.extract(bytes, at, this);
    } finally {
      if (this.extractor.crossedArray) this.refuseHashedArrays(); // before what else is wrong with arrays
    }
    const { metArray, arrayBits } = this.extractor;
    if (metArray)
      for (let field = 0; field < arrayBits.length; field++) this.arrayBits[field]! |= arrayBits[field]!;
  }

  /**
   * Puts the entries of a document into a load.
   * @throws as `collect`
   */
  collectInto(bytes: Uint8Array, at: number, recordId: number, load: Load): void {
    const { loaded, entries } = this;
    if (!this.takes(bytes, at)) return;
    this.recordId = recordId;
    this.bytes = bytes;
    if (this.wildcard === undefined && this.extractor.extractOnly(bytes, at)) {
      if (this.encode())
        load.put(entries.key.bytes, entries.key.length, entries.value.bytes, entries.value.length);
      return;
    }
    loaded.clear();
    this.collectSeveral(bytes, at, loaded);
    this.met?.add(loaded);
    for (let i = 0; i < loaded.count; i++) {
      const key = loaded.key(i);
      const value = loaded.value(i);
      load.put(key, key.length, value, value.length);
    }
  }

  /** @throws ElmoError 16766, also where a sparse index would hold nothing */
  private refuseHashedArrays(): void {
    const hashed = this.spec.fields.find(({ kind }) => kind === 'hashed');
    if (hashed !== undefined)
      throw new ElmoError(
        16766,
        `Error: hashed indexes do not currently support array values. Found array at path: ${hashed.path}`,
      );
  }

  /** Whether documents have made fields multikey that the catalog has not been told of. */
  get hasNewArrays(): boolean {
    const { arrayBits, notedBits } = this;
    for (let field = 0; field < arrayBits.length; field++)
      if (arrayBits[field] !== notedBits[field]) return true;
    return false;
  }

  /** What the catalog is to be told; `unit` tells it. */
  takeArrays(unit: WriteUnit): readonly ReadonlySet<number>[] {
    this.notedBits.set(this.arrayBits);
    unit.afterRollback(() => this.notedBits.set(this.knownBits));
    return [...this.arrayBits].map(componentsOf);
  }

  tuple(): void {
    if (this.wildcard === undefined && this.encode()) this.target!.add(this.entries.key, this.entries.value);
  }

  /** Makes the entry of the extractor's tuple. @returns false if it has none */
  private encode(): boolean {
    const { types, at } = this.extractor;
    if (this.spec.isSparse && types.every((type) => type === MISSING)) return false;
    const { entries, bytes } = this;
    entries.begin();
    for (let i = 0; i < types.length; i++) this.append(i, types[i]!, bytes, at[i]!);
    this.finish();
    return true;
  }

  leaf(path: string, bytes: Uint8Array, type: number, at: number): void {
    const { entries, wildcardField, prefix } = this;
    entries.begin();
    for (let i = 0; i < wildcardField; i++) this.appendPrefix(prefix[i]!);
    this.appendValue(stringValue(path));
    this.append(wildcardField, type, bytes, at);
    for (let i = wildcardField; i < prefix.length; i++) this.appendPrefix(prefix[i]!);
    this.finish();
    this.target!.add(entries.key, entries.value);
  }

  array(path: string): void {
    const { arrayPaths } = this.target!;
    if (arrayPaths.has(path)) return;
    if (path.length > LONGEST_ENTRY_KEY / 4) this.checkLength(Buffer.byteLength(path));
    arrayPaths.add(path);
    this.arrayBits[this.wildcardField]! |= this.met!.mark;
  }

  dottedName(): void {
    this.arrayBits[this.wildcardField]! |= DOTTED_NAMES_MET;
  }

  /** The paths of all documents are noted: the catalog may say so. */
  completeArrays(): void {
    if (this.met?.isIncomplete === true) this.arrayBits[this.wildcardField]! |= ALL_NOTED;
  }

  private currentTuple(): Value[] {
    const { types, at } = this.extractor;
    return [...types].map((type, i) =>
      type === MISSING ? MISSING_VALUE : new Value(type, this.bytes, at[i]!),
    );
  }

  /** The value of a field beside the wildcard. */
  private appendPrefix(value: Value): void {
    const { toCollated } = this;
    this.appendValue(
      toCollated !== undefined && value.type === STRING ? stringValue(toCollated(value.text)) : value,
    );
  }

  private appendValue(value: Value): void {
    this.entries.append(value.type === MISSING ? NULL : value.type, value.bytes, value.at);
  }

  private append(field: number, type: number, bytes: Uint8Array, at: number): void {
    if (this.spec.fields[field]!.kind === 'hashed') {
      const stored = this.collated(type, bytes, at);
      const hash =
        stored === undefined ? hashOf(type, bytes, at) : hashOf(stored.type, stored.bytes, stored.at);
      this.entries.append(hash.type, hash.bytes, hash.at);
      return;
    }
    const key = this.collated(type, bytes, at);
    if (key === undefined) this.entries.append(type, bytes, at);
    else this.entries.append(type, key.bytes, key.at);
  }

  /** What stands for a text that a collation compares; undefined: the value does by itself. */
  private collated(type: number, bytes: Uint8Array, at: number): Value | undefined {
    if (this.toCollated === undefined || (type !== STRING && type !== SYMBOL)) return undefined;
    return stringValue(this.toCollated(new Value(type, bytes, at).text));
  }

  /** Completes the entry whose values were appended. */
  private finish(): void {
    const { entries } = this;
    entries.finish(this.recordId);
    this.checkLength(entries.key.length);
  }

  private checkLength(bytes: number): void {
    if (bytes > LONGEST_ENTRY_KEY) throw this.keyTooLong(bytes);
  }

  /**
   * Finds what changes from the entries `before` to those `after`: see `removed`, `added`. What is in both stays.
   * @param before  undefined: the document is new
   * @param after  undefined: the document goes
   */
  compare(before: EntrySet | undefined, after: EntrySet | undefined): void {
    this.removed = after === undefined ? before! : this.ownRemoved;
    this.added = before === undefined ? after! : this.ownAdded;
    this.ownRemoved.clear();
    this.ownAdded.clear();
    this.met?.begin(after);
    if (before === undefined || after === undefined) return;
    const { removed, added } = this;
    const beforeCount = before.count;
    const afterCount = after.count;
    let i = 0;
    let j = 0;
    while (i < beforeCount || j < afterCount) {
      const order = i === beforeCount ? 1 : j === afterCount ? -1 : before.compareKeys(i, after, j);
      if (order < 0) removed.push(before, i);
      else if (order > 0 || !before.hasSameValue(i, after, j)) added.push(after, j);
      if (order <= 0) i++;
      if (order >= 0) j++;
    }
  }

  /**
   * Whether what is to be added may be.
   * @throws ElmoError DuplicateKey
   */
  check(unit: WriteUnit): void {
    const { spec, added } = this;
    if ((!spec.isUnique && !spec.isPreparingUnique) || this.isLoading) return;
    for (let i = 0; i < added.count; i++) {
      if (spec.isUnique ? !this.isTaken(unit, added, i) : !this.hasOther(unit, added.key(i), added.value(i)))
        continue;
      const error = this.duplicateKey(added.key(i), added.value(i));
      if (spec.isReady) throw error;
      this.state.failedBuilds.set(spec.keyspace, error);
    }
  }

  /** Writes what `compare` has found. */
  write(unit: WriteUnit): void {
    const { spec, removed, added, state } = this;
    if (this.isLoading) return;
    state.keysDeleted += removed.count;
    state.keysInserted += added.count;
    if (!spec.isUnique) {
      for (let i = 0; i < removed.count; i++)
        unit.deleteEntryPart(removed.bytes, removed.keyStart(i), removed.valueStart(i));
      for (let i = 0; i < added.count; i++)
        unit.putEntryPart(added.bytes, added.keyStart(i), added.valueStart(i), added.valueEnd(i));
    } else if (spec.isReady) {
      for (let i = 0; i < removed.count; i++)
        unit.deleteUnique(removed.bytes, removed.keyStart(i), removed.valueStart(i));
      for (let i = 0; i < added.count; i++) this.putUnique(unit, added, i);
    } else this.writeUnfinished(unit);
  }

  private get isLoading(): boolean {
    return !this.spec.isReady && this.state.isLoading(this.spec.keyspace);
  }

  /** In an index under construction an entry may be another document's, which makes the build fail. */
  private writeUnfinished(unit: WriteUnit): void {
    const { removed, added } = this;
    for (let i = 0; i < removed.count; i++)
      if (!this.isTaken(unit, removed, i))
        unit.deleteUnique(removed.bytes, removed.keyStart(i), removed.valueStart(i));
    for (let i = 0; i < added.count; i++) if (!this.isTaken(unit, added, i)) this.putUnique(unit, added, i);
  }

  /** Puts the n-th entry of a unique index. */
  putUnique(unit: WriteUnit, set: EntrySet, n: number): void {
    const start = set.keyStart(n);
    const valueStart = set.valueStart(n);
    unit.putUnique(set.bytes, start, valueStart, set.valueEnd(n));
    this.highest.note(set.bytes, start, valueStart);
  }

  /** Whether the n-th entry of a unique index is there, and another record's. */
  private isTaken(unit: WriteUnit, set: EntrySet, n: number): boolean {
    const { bytes } = set;
    const valueStart = set.valueStart(n);
    if (this.spec.isReady && this.highest.isBelow(bytes, unit, set.keyStart(n), valueStart)) return false;
    const found = unit.get(set.key(n));
    return found !== undefined && this.ids.readAt(found, 0) !== this.ids.readAt(bytes, valueStart);
  }

  /** Whether an index whose entries end in record ids has the same values for another record. */
  private hasOther(unit: WriteUnit, key: Uint8Array, value: Uint8Array): boolean {
    const { entries } = this;
    entries.parse(key, key.length, value, 0, value.length);
    const { recordId, valuesEnd } = entries;
    const cursor = unit.view.scanPrefix(key.subarray(0, valuesEnd));
    try {
      while (cursor.next())
        if (this.ids.readBefore(cursor.keyBytes, cursor.keyLength, valuesEnd) !== recordId) return true;
      return false;
    } finally {
      cursor.close();
    }
  }

  private keyTooLong(length: number): ElmoError {
    const { spec, collection } = this;
    if (collection.isClustered && isIdKey(spec.fields) && length > MOST_CLUSTERED_BYTES)
      return new ElmoError(5894900, 'The _id of a clustered collection is limited to 8 MB');
    return new ElmoError(
      'KeyTooLong',
      `an entry of index ${spec.name} of ${namespaceText(collection.namespace)} may have ${LONGEST_ENTRY_KEY} bytes, got ${length}`,
    );
  }

  /** E11000, with what the client may want to look at. */
  duplicateKey(key: Uint8Array, value: Uint8Array): ElmoError {
    const { spec, collection } = this;
    const shown = decodeEntry(this.entries, key, value);
    if (collection.isClustered && isIdKey(spec.fields)) {
      const refusal = clusteredRefusal(shown[0]!);
      if (refusal !== undefined) return refusal;
    }
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

/** What the reference says of a second `_id` of a clustered collection that JSON has no number for. */
function clusteredRefusal(id: Value): ElmoError | undefined {
  if (id.type !== DOUBLE && id.type !== DECIMAL128) return undefined;
  const number = Number(exactJs(id));
  if (Number.isFinite(number)) return undefined;
  return Number.isNaN(number)
    ? new ElmoError(50819, 'a second document has NaN as its _id')
    : new ElmoError(50826, 'a second document has Infinity as its _id');
}

/** Of an `_id` in a clustered collection. */
const MOST_CLUSTERED_BYTES = 8 << 20;

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

/** Which paths of documents a wildcard index has entries of. */
export function wildcardPathsOf(spec: IndexSpec): WildcardPaths {
  const root = spec.fields.find(({ kind }) => kind === 'wildcard')!.path;
  // unless it is asked for, `_id` is left out
  if (spec.wildcardProjection === undefined)
    return new WildcardPaths(root, undefined, root === '' ? ['_id'] : []);
  const paths = projectedPaths(spec.wildcardProjection);
  const included = paths.filter(({ isIncluded }) => isIncluded).map(({ path }) => path);
  const excluded = paths.filter(({ isIncluded }) => !isIncluded).map(({ path }) => path);
  const isInclusion = included.some((path) => path !== '_id');
  if (isInclusion) return new WildcardPaths(root, included, excluded);
  // without a word about _id it is left out; so it is in an inclusion
  return new WildcardPaths(root, undefined, included.includes('_id') ? excluded : [...excluded, '_id']);
}

/** The different values of a path among the documents of a cursor. */
import { CanonicalKeys } from '../aggregate/canonical-keys.js';
import { compareValues } from '../bson/compare.js';
import { ElementWalker } from '../bson/walk.js';
import { PathReader, type PathVisitor } from '../bson/path.js';
import { ARRAY, MISSING, NULL, OBJECT, REGEX, STRING, SYMBOL, UNDEFINED } from '../bson/types.js';
import { stringValue, Value } from '../bson/value.js';
import { collatorOf } from '../collation/collator.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { drive } from '../exec/cursor.js';
import { distinctField, DistinctScan } from '../exec/distinct-scan.js';
import { choose, runPlan, type RowsRequest } from '../exec/planned-rows.js';
import { parsePath } from '../expression/field-names.js';
import { lateProfiledStages } from '../exec/late-profiled-stages.js';
import { KeysAtWork } from '../exec/traced-plan.js';
import type { Operation } from '../operation/operation.js';
import type { RowSource } from '../operation/row-source.js';
import type { DistinctRequest } from '../operation/requests.js';
import type { QueryPlan } from '../plan/query-plan.js';
import { refuseInnerPositional } from '../projection/parse.js';

/** Bytes of a reply. */
const MOST_BYTES = 16 << 20;

class DistinctValues implements PathVisitor {
  readonly values: Value[] = [];
  private readonly reader: PathReader;
  /** Values of one document, under a collation. */
  private readonly pending: Value[] = [];
  private readonly elements = new ElementWalker();
  private readonly seen = new Set<string>();
  private readonly keys: CanonicalKeys;
  private readonly isCollated: boolean;
  private bytesHeld = 0;

  constructor(path: string, collation: CollationSpec | undefined) {
    this.reader = new PathReader(path, { leafArrays: 'elements', isLiteral: true });
    this.isCollated = collation !== undefined;
    this.keys = new CanonicalKeys(collation);
  }

  /** The values of one document. Of those the collation calls equal the first in the order of bytes counts. */
  addDocument(bytes: Uint8Array, at: number): void {
    this.reader.visit(bytes, at, this);
    if (this.pending.length > 1)
      this.pending.sort((a, b) => compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at));
    for (const value of this.pending) this.addValue(value.bytes, value.type, value.at);
    this.pending.length = 0;
  }

  visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === MISSING) return false;
    // an array that the path names by its index gives its elements, like any other at the end of a path
    if (type === ARRAY && this.reader.elementNameStart < 0) {
      this.elements.open(bytes, at);
      while (this.elements.next()) this.add(bytes, this.elements.type, this.elements.valueStart);
      return false;
    }
    return this.add(bytes, type, at);
  }

  private add(bytes: Uint8Array, type: number, at: number): boolean {
    if (this.isCollated) this.pending.push(new Value(type, bytes, at));
    else this.addValue(bytes, type, at);
    return false;
  }

  private addValue(bytes: Uint8Array, type: number, at: number): void {
    const key = this.keyOf(bytes, type, at);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    const value = new Value(type, bytes, at).keep();
    this.bytesHeld += value.bytes.length + 8;
    if (this.bytesHeld > MOST_BYTES) throw new ElmoError(17217, 'distinct too big, 16mb cap');
    this.values.push(value);
  }

  private keyOf(bytes: Uint8Array, type: number, at: number): string {
    const { keys } = this;
    const { writer } = keys;
    keys.clear();
    keys.append(type, bytes, at);
    return Buffer.from(writer.bytes.buffer, writer.bytes.byteOffset, writer.length).toString('latin1');
  }
}

/**
 * Elements of arrays count by themselves. Closes the rows.
 * @returns in the order of values
 */
export async function collectDistinct(
  rows: RowSource,
  operation: Operation,
  path: string,
  collation: CollationSpec | undefined,
): Promise<Value[]> {
  const found = new DistinctValues(path, collation);
  try {
    await drive(rows, operation, ({ bytes, at }) => found.addDocument(bytes, at));
  } finally {
    rows.close();
  }
  const compare = collation === undefined ? undefined : collatorOf(collation);
  return found.values.sort((a, b) => compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, compare));
}

/** The plan of a distinct, and the field of its index that is gone through by seeking, if there is one. */
export interface DistinctPlan {
  readonly plan: QueryPlan;
  readonly others: readonly QueryPlan[];
  readonly field: number | undefined;
}

/** @throws ElmoError if no field has the name */
export function checkKey(key: string): void {
  if (key.includes('\0')) throw new ElmoError(31032, 'Key field cannot contain an embedded null byte');
}

/** @throws ElmoError unless the stages of a view can be asked for the path */
export function checkKeyOfView(key: string): void {
  checkKey(key);
  parsePath(key, 0);
}

/** Of a plan that has something to choose the path is all that documents show: it must be one of a projection. */
function checkShownPath(path: string): void {
  refuseInnerPositional(path);
  if (path.endsWith('.$'))
    throw new ElmoError(51050, 'Projections with a positional operator require a matcher');
  parsePath(path, 0);
}

const EMPTY_DOCUMENT_LENGTH = 5;
const POSITION = /(^|\.)\d+(\.|$)/;

/** What is equal to values of other keys too. */
const NOT_BY_ID: ReadonlySet<number> = new Set([NULL, UNDEFINED, REGEX, ARRAY]);
const COLLATED: ReadonlySet<number> = new Set([STRING, SYMBOL, OBJECT]);

/** Whether nothing is asked; what every document answers, as {$or: [{}]}, is something. */
function asksNothing(given: DistinctQuery['filter']): boolean {
  return given === undefined || given.length === EMPTY_DOCUMENT_LENGTH;
}

/** Whether the matches are there without a plan: all, none, or the one of an `_id`. */
function needsNoPlan(request: RowsRequest, given: DistinctQuery['filter']): boolean {
  const { filter, hint, collation, entry } = request;
  if (asksNothing(given) || filter.kind === 'false') return true;
  if (filter.kind !== 'eq' || filter.path !== '_id' || hint !== undefined) return false;
  const { type } = filter.value;
  if (COLLATED.has(type)) return isSameCollation(collation, entry.spec.collation);
  return !NOT_BY_ID.has(type);
}

/** Where an entry has the value at a position, a document has an array, whose elements are distinct values. */
export function shownBy(path: string): readonly string[] | undefined {
  return POSITION.test(path) ? undefined : [path];
}

/** What of a distinct its plan depends on besides the rows it wants. */
export type DistinctQuery = Pick<DistinctRequest, 'key' | 'filter'>;

/**
 * An index whose first field has the values, if the filter has no better one.
 * @throws ElmoError
 */
export function planDistinct(request: RowsRequest, { key: path, filter }: DistinctQuery): DistinctPlan {
  const isPlain = needsNoPlan(request, filter);
  const wanted: RowsRequest = { ...request, requiredPaths: shownBy(path) };
  const ofKeys = choose(wanted);
  if (!isPlain) checkShownPath(path);
  const field = request.collation === undefined ? distinctField(ofKeys.best, path) : undefined;
  // where there is nothing to choose the documents are asked, unless the values come first in an index
  const { best, others } = isPlain && field === undefined ? choose(request) : ofKeys;
  if (field !== undefined || best.access.kind !== 'collscan' || request.collation !== undefined)
    return { plan: best, others, field };
  if (asksNothing(filter) && request.hint === undefined)
    for (const index of request.entry.spec.indexes) {
      const isWhole = !index.isSparse && index.partialFilter === undefined && index.collation === undefined;
      const isOrdered =
        index.kind === 'ordered' && !index.isMultikey && index.fields.every(({ kind }) => kind !== 'hashed');
      if (!isWhole || !isOrdered || !index.isReady || index.isHidden || index.fields[0]!.path !== path)
        continue;
      const { best: plan } = choose({ ...wanted, hint: stringValue(index.name) });
      const first = distinctField(plan, path);
      if (first !== undefined) return { plan, others: [], field: first };
    }
  return { plan: best, others, field: undefined };
}

/** Rows that have all different values of the plan's query. */
export function distinctRows({ plan, field }: DistinctPlan, request: RowsRequest, path: string): RowSource {
  if (field !== undefined && plan.access.kind === 'ixscan') {
    const { access } = plan;
    const scan = new DistinctScan(access, field, request);
    request.operation.trace?.add(
      new KeysAtWork(
        'DISTINCT_SCAN',
        access.index,
        () => scan.stats.keys,
        () => lateProfiledStages().distinctStages(access, path, scan),
      ),
    );
    return scan;
  }
  return runPlan(plan, { ...request, requiredPaths: shownBy(path) }).rows;
}

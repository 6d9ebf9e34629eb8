/** Rows put into a collection, or together with the documents they meet there: what `$merge` does. */
import { ARRAY, NULL, OBJECT, OBJECT_ID, UNDEFINED } from '../../bson/types.js';
import { compareValues } from '../../bson/compare.js';
import { documentValue, NULL_VALUE, Value } from '../../bson/value.js';
import { documentLength, ElementWalker, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import type { Namespace } from '../../catalog/collection-spec.js';
import { ElmoError } from '../../errors.js';
import { Frame, type Expression } from '../../expression/expression.js';
import { parseUnfolded } from '../../expression/operator-kinds.js';
import type { OpenCollection } from '../../index/open-collection.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { checkDollarFields } from '../../update/dollar-fields.js';
import type { WriteUnit } from '../../operation/write-unit.js';
import { parseUpdate } from '../../update/parse.js';
import type { Update, UpdateContext } from '../../update/update.js';
import { compareParts } from '../../update/update-path.js';
import { insertOne } from '../../write/insert.js';
import { checkSize } from '../../write/prepare.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { openStages } from '../open-pipeline.js';
import { ListRows, StageRows } from '../rows.js';
import type { PipelineRun, StageContext } from '../stage.js';
import { WriteSteps } from './pipeline-writing.js';

export type WhenMatched = 'replace' | 'merge' | 'keepExisting' | 'fail' | 'pipeline';
export type WhenNotMatched = 'insert' | 'discard' | 'fail';

export interface MergeOptions {
  readonly target: Namespace;
  readonly on: readonly string[];
  /** Whether rows must have a value for each of them. */
  readonly needsOn: boolean;
  readonly whenMatched: WhenMatched;
  readonly whenNotMatched: WhenNotMatched;
  /** With 'pipeline': makes of the document that is there and the variables what is to be there. */
  readonly stages: Value | undefined;
  readonly variables: readonly { readonly name: string; readonly expression: Expression }[];
  /** Whether an update by `stages` can be run, asked when there is a row. @throws ElmoError */
  checkUpdate(): void;
  readonly context: StageContext;
}

const NO_MATCHING_DOCUMENT = 13113;
const MOST_ROWS_AFTER_FAILURE = 1000;
const DOT = 0x2e;
const DOLLAR = 0x24;
const ID = new FieldName('_id');

export class MergeRows extends StageRows {
  private readonly steps: WriteSteps;
  /** The row that is being written; undefined: none. */
  private row: Uint8Array | undefined;
  private state: 'writing' | 'settling' | 'done' = 'writing';
  /** The first error of a row. */
  private failure: unknown;
  private rowsAfterFailure = 0;
  private readonly finder = new FieldFinder();
  private readonly writer = new BsonWriter();

  private isChecked = false;

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly options: MergeOptions,
  ) {
    super(input);
    this.steps = new WriteSteps(run.writing!, options.target.db);
  }

  pull(): Pulled {
    if (this.state === 'settling') this.state = 'done';
    if (this.state === 'done') return END;
    const { input, run } = this;
    for (;;) {
      if (this.row === undefined) {
        const pulled = input.pull();
        if (pulled === PAUSE) return PAUSE;
        if (pulled === END) break;
        const { bytes, at } = input;
        this.row = this.withId(bytes.slice(at, at + documentLength(bytes, at)));
      }
      if (!this.isChecked) this.options.checkUpdate();
      this.isChecked = true;
      if (!this.writeRow(this.row)) return PAUSE;
      this.row = undefined;
      if (run.operation.shouldPause()) return PAUSE;
    }
    if (this.failure !== undefined) throw this.failure;
    this.state = 'settling';
    this.steps.settle();
    return PAUSE;
  }

  /**
   * Writes a row. One that fails does not keep the others from being written: the error comes after them.
   * @returns false to pause, and to be called again
   */
  private writeRow(row: Uint8Array): boolean {
    const filter = this.filterFor(row);
    try {
      return this.steps.run((unit) => this.write(row, filter, unit));
    } catch (error) {
      // that a row met nothing is noticed when the others of its batch have been written
      if (this.failure === undefined || isUnmatched(this.failure)) this.failure = error;
      if (++this.rowsAfterFailure > MOST_ROWS_AFTER_FAILURE) throw this.failure;
      return true;
    }
  }

  /** A row that is found by its `_id` gets one if it has none. */
  private withId(row: Uint8Array): Uint8Array {
    if (!this.options.on.includes('_id') || this.finder.find(row, 0, ID)) return row;
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    writer.writeName(OBJECT_ID, ID.bytes);
    const id = this.steps.writing.context.newObjectId();
    writer.writeRange(id, 0, id.length);
    writer.writeRange(row, 4, row.length - 1);
    writer.endDocument(start);
    return writer.toBytes();
  }

  private write(row: Uint8Array, filter: Value, unit: WriteUnit): void {
    const { context, bypassesValidation } = this.steps.writing;
    const { target, whenMatched, whenNotMatched } = this.options;
    const collection = context.collectionOrNew(target, unit);
    // a row that may not be inserted is an update, whether it meets a document or not
    if (whenMatched === 'merge' && whenNotMatched !== 'insert') this.updateBy(row);
    const found = whenMatched === 'fail' ? undefined : this.find(filter, unit);
    if (found !== undefined) {
      const { document, recordId } = found;
      if (whenMatched !== 'keepExisting') this.replace(collection, recordId, document, row, unit);
    } else if (whenNotMatched === 'insert') insertOne(collection, row, unit, context, bypassesValidation);
    else if (whenNotMatched === 'fail')
      throw new ElmoError(
        NO_MATCHING_DOCUMENT,
        '$merge could not find a matching document in the target collection for at least one document in the source collection',
      );
  }

  private find(filter: Value, unit: WriteUnit): { document: Uint8Array; recordId: number } | undefined {
    const { target, context } = this.options;
    const query = {
      filter: filter.bytes,
      sort: undefined,
      skip: 0,
      limit: 1,
      needs: undefined,
      hint: undefined,
    };
    const rows = this.steps.writing.collectionsAt(unit.view).open(target, query, context.scope, this.run);
    try {
      let pulled = rows.pull();
      while (pulled === PAUSE) pulled = rows.pull(); // nothing may come between looking and writing
      if (pulled !== ROW) return undefined;
      const document = rows.bytes.slice(rows.at, rows.at + documentLength(rows.bytes, rows.at));
      return { document, recordId: rows.recordId };
    } finally {
      rows.close();
    }
  }

  /** `{field: {$eq: value}, …}` of the fields that rows and documents meet by. */
  private filterFor(row: Uint8Array): Value {
    return objectValue(
      this.options.on.map((path) => [path, objectValue([['$eq', this.valueAt(row, path)]], OBJECT)] as const),
      OBJECT,
    );
  }

  private valueAt(row: Uint8Array, path: string): Value {
    let value: Value = documentValue(row);
    for (const component of path.split('.')) {
      if (value.type !== OBJECT || !this.finder.find(row, value.at, new FieldName(component)))
        return this.noneAt(path);
      value = new Value(this.finder.type, row, this.finder.valueStart);
      if (value.type === ARRAY)
        throw new ElmoError(51185, `$merge write error: 'on' field '${path}' is an array`);
    }
    return value.type === UNDEFINED || value.type === NULL ? this.noneAt(path) : value;
  }

  /** What a row without a value is found by. @throws ElmoError if the index does not have such documents */
  private noneAt(path: string): Value {
    if (this.options.needsOn)
      throw new ElmoError(
        51132,
        `$merge write error: 'on' field '${path}' cannot be missing, null or undefined if supporting index is sparse`,
      );
    return NULL_VALUE;
  }

  private replace(
    collection: OpenCollection,
    recordId: number,
    old: Uint8Array,
    row: Uint8Array,
    unit: WriteUnit,
  ): void {
    const { context, bypassesValidation } = this.steps.writing;
    const document = this.keepingId(this.combined(old, row), old);
    const isChanged = Buffer.compare(document, old) !== 0;
    if (this.options.whenMatched === 'replace' && isChanged) checkDollarFields(document, 0, '');
    checkSize(document.length);
    if (!bypassesValidation) context.validateChange(collection.entry, old, 0, document);
    collection.replace(unit, recordId, old, 0, document);
  }

  private combined(old: Uint8Array, row: Uint8Array): Uint8Array {
    switch (this.options.whenMatched) {
      case 'merge':
        return this.merged(old, row);
      case 'pipeline':
        return this.throughPipeline(old, row);
      default:
        return row;
    }
  }

  /** As `{$set: row}`: fields in the places of those of `old`, new ones behind them by name, dotted names as paths. */
  private merged(old: Uint8Array, row: Uint8Array): Uint8Array {
    const update = this.updateBy(row);
    if (update !== undefined) return update.apply(old, 0, this.updateContext()) ?? old;
    const fields = argumentsOf(documentValue(old));
    const given = [...argumentsOf(documentValue(row))].sort(([a], [b]) => compareParts(a, b));
    for (const [name, value] of given) fields.set(name, value);
    return objectValue(fields, OBJECT).bytes;
  }

  /**
   * @returns what sets the fields of a row; undefined: their names are plain, and need no look
   * @throws ElmoError if a name is no path of an update
   */
  private updateBy(row: Uint8Array): Update | undefined {
    if (hasPlainNames(row)) return undefined;
    const { scope } = this.options.context;
    return parseUpdate(objectValue([['$set', documentValue(row)]], OBJECT), { scope });
  }

  private updateContext(): UpdateContext {
    const { context } = this.steps.writing;
    return {
      nowMs: this.options.context.scope.nowMs,
      nextTimestamp: () => context.nextTimestamp(),
      matcher: undefined,
      isInsert: false,
    };
  }

  private throughPipeline(old: Uint8Array, row: Uint8Array): Uint8Array {
    const { context, stages, variables } = this.options;
    const frame = new Frame();
    frame.setDocument(row, 0);
    const values = variables.map(({ expression }) => expression.evaluate(frame).keep());
    const { scope } = context.scope.withVariables(
      [...variables.map(({ name }) => name), 'new'],
      [...values, documentValue(row)],
    );
    const pipeline = parseUnfolded(() =>
      context.parsePipeline(stages!, { ...context, namespace: this.options.target, scope }),
    );
    const rows = openStages(pipeline.stages, new ListRows([old]), this.run);
    if (rows.pull() !== ROW) throw new ElmoError('InternalError', 'an update made no document');
    return rows.bytes.slice(rows.at, rows.at + documentLength(rows.bytes, rows.at));
  }

  /** @throws ElmoError ImmutableField if the new document has another `_id`; one without gets the old one's */
  private keepingId(document: Uint8Array, old: Uint8Array): Uint8Array {
    const oldId = argumentsOf(documentValue(old)).get('_id')!;
    const fields = argumentsOf(documentValue(document));
    const id = fields.get('_id');
    if (id !== undefined && compareValues(id.bytes, id.type, id.at, oldId.bytes, oldId.type, oldId.at) !== 0)
      throw new ElmoError(
        'ImmutableField',
        '$merge failed to update the matching document, did you attempt to modify the _id or the shard key?',
      );
    fields.delete('_id');
    return objectValue([['_id', oldId], ...fields], OBJECT).bytes;
  }
}

function isUnmatched(error: unknown): boolean {
  return error instanceof ElmoError && error.code === NO_MATCHING_DOCUMENT;
}

/** Whether an update may have the names of a document's fields as paths, and each of them is one field. */
function hasPlainNames(row: Uint8Array): boolean {
  const walker = new ElementWalker();
  walker.open(row, 0);
  while (walker.next()) {
    const { bytes, nameStart, nameEnd } = walker;
    if (nameStart === nameEnd || bytes[nameStart] === DOLLAR) return false;
    for (let i = nameStart; i < nameEnd; i++) if (bytes[i] === DOT) return false;
  }
  return true;
}

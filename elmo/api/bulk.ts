/** Many writes in one call: `bulkWrite`, and the builders of older code. */
import { ARRAY, OBJECT } from '../bson/types.js';
import type { Document } from '../bson/package.js';
import { ObjectId } from '../bson/package.js';
import { plainJs, Value } from '../bson/value.js';
import type {
  CommonRequest,
  DeleteStatement,
  Namespace,
  UpdateStatement,
  WriteFailure,
} from '../operation/requests.js';
import type { ApiContext } from './context.js';
import {
  MongoBatchReExecutionError,
  MongoBulkWriteError,
  MongoInvalidArgumentError,
  WriteError,
  type BulkWriteCounts,
} from './errors.js';
import { commonOf, encodeFilter, encodeHint, encodeSort, isAcknowledged, type Codec } from './options.js';
import { mapInSlices } from './slices.js';
import type { BulkWriteOptions, CollationOptions, Hint, Sort, WriteConcernSettings } from './types.js';

export class BulkWriteResult implements BulkWriteCounts {
  readonly ok = 1;
  insertedCount = 0;
  matchedCount = 0;
  modifiedCount = 0;
  deletedCount = 0;
  upsertedCount = 0;
  readonly insertedIds: Record<number, unknown> = {};
  readonly upsertedIds: Record<number, unknown> = {};
  readonly writeErrors: WriteError[] = [];

  /** @param acknowledged  false: with `w: 0` nobody wants to hear of the result */
  constructor(readonly acknowledged: boolean) {}

  hasWriteErrors(): boolean {
    return this.writeErrors.length > 0;
  }

  getWriteErrorCount(): number {
    return this.writeErrors.length;
  }

  getWriteErrors(): WriteError[] {
    return this.writeErrors;
  }

  getWriteErrorAt(index: number): WriteError | undefined {
    return this.writeErrors[index];
  }

  getUpsertedIds(): { index: number; _id: unknown }[] {
    return Object.entries(this.upsertedIds).map(([index, _id]) => ({ index: Number(index), _id }));
  }

  isOk(): boolean {
    return true;
  }
}

/** One write, encoded. */
type Step =
  | { readonly kind: 'insert'; readonly document: Uint8Array; readonly id: unknown }
  | { readonly kind: 'update'; readonly statement: UpdateStatement }
  | { readonly kind: 'delete'; readonly statement: DeleteStatement };

interface UpdateModel {
  filter?: unknown;
  update?: unknown;
  replacement?: unknown;
  arrayFilters?: Document[];
  collation?: CollationOptions;
  hint?: Hint;
  upsert?: boolean;
  sort?: Sort;
}

export function hasOperators(update: Document): boolean {
  const [first] = Object.keys(update);
  return first !== undefined && first.startsWith('$');
}

/** @throws MongoInvalidArgumentError if an update is no update, or a replacement no replacement */
export function updateStatement(
  codec: Codec,
  model: UpdateModel,
  isMulti: boolean,
  isReplacement: boolean,
): UpdateStatement {
  const given = isReplacement ? model.replacement : model.update;
  checkUpdate(given, isReplacement);
  const hint = encodeHint(codec, model.hint);
  const sort = encodeSort(codec, model.sort);
  return {
    filter: encodeFilter(codec, model.filter),
    update: updateValue(codec, given),
    isMulti,
    isUpsert: model.upsert === true,
    ...(model.arrayFilters === undefined
      ? {}
      : { arrayFilters: model.arrayFilters.map((filter) => codec.encode(filter)) }),
    ...(hint === undefined ? {} : { hint }),
    ...(sort === undefined ? {} : { sort }),
    ...(model.collation === undefined ? {} : { collation: codec.encode(model.collation) }),
  };
}

export function updateValue(codec: Codec, update: unknown): Value {
  return Array.isArray(update)
    ? new Value(ARRAY, codec.encode({ v: update }), WRAPPED_AT)
    : new Value(OBJECT, codec.encode(update as object), 0);
}

/** Where the value of {v: …} starts. */
const WRAPPED_AT = 7;

function checkUpdate(update: unknown, isReplacement: boolean): void {
  if (typeof update !== 'object' || update === null)
    throw new MongoInvalidArgumentError('Document must be a valid JavaScript object');
  if (isReplacement) {
    if (Array.isArray(update) || hasOperators(update))
      throw new MongoInvalidArgumentError('Replacement document must not contain atomic operators');
  } else if (Array.isArray(update) ? update.length === 0 : !hasOperators(update))
    throw new MongoInvalidArgumentError('Update document requires atomic operators');
}

export function deleteStatement(
  codec: Codec,
  model: { filter?: unknown; collation?: CollationOptions; hint?: Hint },
  isMulti: boolean,
): DeleteStatement {
  const hint = encodeHint(codec, model.hint);
  return {
    filter: encodeFilter(codec, model.filter),
    isMulti,
    ...(hint === undefined ? {} : { hint }),
    ...(model.collation === undefined ? {} : { collation: codec.encode(model.collation) }),
  };
}

/** Gives a document its `_id`, as the driver does: in the object itself. */
export function ensureId(document: Document): unknown {
  if (document['_id'] === undefined) document['_id'] = new ObjectId();
  return document['_id'];
}

function stepOf(codec: Codec, operation: Record<string, unknown>): Step {
  const [kind] = Object.keys(operation);
  const model = operation[kind ?? ''] as Record<string, unknown>;
  switch (kind) {
    case 'insertOne': {
      const document = (model['document'] ?? model) as Document;
      const id = ensureId(document);
      return { kind: 'insert', document: codec.encode(document), id };
    }
    case 'updateOne':
    case 'updateMany':
      return { kind: 'update', statement: updateStatement(codec, model, kind === 'updateMany', false) };
    case 'replaceOne':
      return { kind: 'update', statement: updateStatement(codec, model, false, true) };
    case 'deleteOne':
    case 'deleteMany':
      return { kind: 'delete', statement: deleteStatement(codec, model, kind === 'deleteMany') };
    default:
      throw new MongoInvalidArgumentError(
        'bulkWrite only supports insertOne, updateOne, updateMany, deleteOne, deleteMany',
      );
  }
}

/** @throws MongoBulkWriteError */
export async function runBulk(
  context: ApiContext,
  codec: Codec,
  namespace: Namespace,
  operations: readonly object[],
  options: BulkWriteOptions,
  inherited: WriteConcernSettings | undefined,
): Promise<BulkWriteResult> {
  const steps = await mapInSlices(
    operations,
    (operation) => stepOf(codec, operation as Record<string, unknown>),
    context.engine.clock,
  );
  const run = beginRun(codec, options, inherited);
  const failures: WriteFailure[] = [];
  for (const [from, to] of groups(steps)) {
    const failed = await runGroup(context, namespace, steps.slice(from, to), from, run);
    for (const { index, error } of failed) failures.push({ index: index + from, error });
    if (failed.length > 0 && run.isOrdered) break;
  }
  return endRun(run, failures, (index) => operations[index] as Document);
}

/**
 * `insertMany`: what `runBulk` does of insertions alone, without an operation for each.
 * @throws MongoBulkWriteError
 */
export async function runInserts(
  context: ApiContext,
  codec: Codec,
  namespace: Namespace,
  documents: readonly (object | null | undefined)[],
  options: BulkWriteOptions,
  inherited: WriteConcernSettings | undefined,
): Promise<BulkWriteResult> {
  const ids: unknown[] = [];
  const encode = (given: object | null | undefined): Uint8Array => {
    const document = given ?? { document: given };
    ids.push(ensureId(document));
    return codec.encode(document);
  };
  const { encoder } = codec;
  const timestampsBefore = encoder.timestampCount;
  const encoded = await mapInSlices(documents, encode, context.engine.clock);
  const hasTimestamps = encoder.timestampCount > timestampsBefore;
  const run = beginRun(codec, options, inherited);
  const failures = await insertGroup(context, namespace, encoded, ids, 0, run, hasTimestamps);
  return endRun(run, failures, (index) => ({ insertOne: { document: documents[index] } }));
}

function beginRun(
  codec: Codec,
  options: BulkWriteOptions,
  inherited: WriteConcernSettings | undefined,
): GroupRun {
  return {
    options,
    common: commonOf(codec, options, inherited),
    isOrdered: options.ordered !== false,
    result: new BulkWriteResult(isAcknowledged(options, inherited)),
  };
}

/** @throws MongoBulkWriteError @param operationAt  the operation of that number, as it was given */
function endRun(
  { result }: GroupRun,
  failures: readonly WriteFailure[],
  operationAt: (index: number) => Document,
): BulkWriteResult {
  if (!result.acknowledged) return new BulkWriteResult(false);
  if (failures.length === 0) return result;
  const sorted = failures.toSorted((a, b) => a.index - b.index);
  for (const failure of sorted) result.writeErrors.push(new WriteError(failure, operationAt(failure.index)));
  throw new MongoBulkWriteError(sorted[0]!.error, result.writeErrors, result);
}

/** Neighbours of a kind go together. */
function groups(steps: readonly Step[]): [number, number][] {
  const found: [number, number][] = [];
  for (let from = 0; from < steps.length;) {
    let to = from + 1;
    while (to < steps.length && steps[to]!.kind === steps[from]!.kind) to++;
    found.push([from, to]);
    from = to;
  }
  return found;
}

interface GroupRun {
  readonly options: BulkWriteOptions;
  readonly common: CommonRequest;
  readonly isOrdered: boolean;
  readonly result: BulkWriteResult;
}

/** Runs operations of one kind, the first of which has number `from`; failures are counted from there. */
async function runGroup(
  context: ApiContext,
  namespace: Namespace,
  group: readonly Step[],
  from: number,
  run: GroupRun,
): Promise<readonly WriteFailure[]> {
  switch (group[0]!.kind) {
    case 'insert': {
      const inserts = group as Extract<Step, { kind: 'insert' }>[];
      const documents = inserts.map(({ document }) => document);
      const ids = inserts.map(({ id }) => id);
      return insertGroup(context, namespace, documents, ids, from, run);
    }
    case 'update':
      return updateGroup(context, namespace, group as Extract<Step, { kind: 'update' }>[], from, run);
    case 'delete':
      return deleteGroup(context, namespace, group as Extract<Step, { kind: 'delete' }>[], run);
  }
}

/** @param hasTimestamps  whether any of the documents may have some */
async function insertGroup(
  { engine }: ApiContext,
  namespace: Namespace,
  documents: readonly Uint8Array[],
  ids: readonly unknown[],
  from: number,
  run: GroupRun,
  hasTimestamps = true,
): Promise<readonly WriteFailure[]> {
  const { result, isOrdered } = run;
  const { inserted, failures } = await engine.insert(
    { ...commonOfGroup(namespace, run), documents, keepsEmptyTimestamps: !hasTimestamps },
    run.options.session?.requestContext(),
  );
  result.insertedCount += inserted;
  const failed = new Set(failures.map(({ index }) => index));
  const last = isOrdered && failures.length > 0 ? failures[0]!.index : documents.length;
  for (let i = 0; i < last; i++) if (!failed.has(i)) result.insertedIds[from + i] = ids[i];
  return failures;
}

async function updateGroup(
  { engine }: ApiContext,
  namespace: Namespace,
  updates: readonly Extract<Step, { kind: 'update' }>[],
  from: number,
  run: GroupRun,
): Promise<readonly WriteFailure[]> {
  const { result } = run;
  const done = await engine.update(
    { ...commonOfGroup(namespace, run), statements: updates.map(({ statement }) => statement) },
    run.options.session?.requestContext(),
  );
  result.matchedCount += done.matched;
  result.modifiedCount += done.modified;
  result.upsertedCount += done.upserted.length;
  for (const { index, id } of done.upserted) result.upsertedIds[from + index] = plainJs(id);
  return done.failures;
}

async function deleteGroup(
  { engine }: ApiContext,
  namespace: Namespace,
  deletes: readonly Extract<Step, { kind: 'delete' }>[],
  run: GroupRun,
): Promise<readonly WriteFailure[]> {
  const done = await engine.delete(
    { ...commonOfGroup(namespace, run), statements: deletes.map(({ statement }) => statement) },
    run.options.session?.requestContext(),
  );
  run.result.deletedCount += done.deleted;
  return done.failures;
}

/** What all operations of a group say. */
function commonOfGroup(
  namespace: Namespace,
  { options, common, isOrdered }: GroupRun,
): CommonRequest & { readonly namespace: Namespace; readonly isOrdered: boolean } {
  const bypasses = options.bypassDocumentValidation === true;
  return { ...common, namespace, isOrdered, ...(bypasses ? { bypassDocumentValidation: true } : {}) };
}

/** Collects operations one after another. Source: the drivers' bulk API. */
export class BulkOperation {
  private readonly operations: object[] = [];
  private isExecuted = false;

  constructor(
    private readonly run: (
      operations: readonly object[],
      options: BulkWriteOptions,
    ) => Promise<BulkWriteResult>,
    private readonly options: BulkWriteOptions,
  ) {}

  get length(): number {
    return this.operations.length;
  }

  get batches(): readonly object[] {
    return this.operations;
  }

  insert(document: Document): this {
    return this.raw({ insertOne: { document } });
  }

  find(filter: Document): FindOperators {
    return new FindOperators(this, filter);
  }

  raw(operation: object): this {
    this.operations.push(operation);
    return this;
  }

  addToOperationsList(operation: object): this {
    return this.raw(operation);
  }

  execute(options: BulkWriteOptions = {}): Promise<BulkWriteResult> {
    if (this.isExecuted)
      return Promise.reject(new MongoBatchReExecutionError('This batch has already been executed'));
    this.isExecuted = true;
    if (this.operations.length === 0)
      return Promise.reject(new MongoInvalidArgumentError('Invalid BulkOperation, Batch cannot be empty'));
    return this.run(this.operations, { ...this.options, ...options });
  }
}

export class FindOperators {
  private readonly model: Record<string, unknown>;

  constructor(
    private readonly bulk: BulkOperation,
    filter: Document,
  ) {
    this.model = { filter };
  }

  upsert(): this {
    this.model['upsert'] = true;
    return this;
  }
  hint(hint: Hint): this {
    this.model['hint'] = hint;
    return this;
  }
  collation(collation: CollationOptions): this {
    this.model['collation'] = collation;
    return this;
  }
  arrayFilters(arrayFilters: Document[]): this {
    this.model['arrayFilters'] = arrayFilters;
    return this;
  }
  update(update: Document | Document[]): BulkOperation {
    return this.bulk.raw({ updateMany: { ...this.model, update } });
  }
  updateOne(update: Document | Document[]): BulkOperation {
    return this.bulk.raw({ updateOne: { ...this.model, update } });
  }
  replaceOne(replacement: Document): BulkOperation {
    return this.bulk.raw({ replaceOne: { ...this.model, replacement } });
  }
  delete(): BulkOperation {
    return this.bulk.raw({ deleteMany: this.model });
  }
  deleteOne(): BulkOperation {
    return this.bulk.raw({ deleteOne: this.model });
  }
}

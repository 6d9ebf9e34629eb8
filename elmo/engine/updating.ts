/** `update`: statements one after another, each a change of the matching documents or an upsert. */
import { OBJECT } from '../bson/types.js';
import { documentValue, type Value } from '../bson/value.js';
import { elementsOf } from '../query/elements.js';
import { ERROR_CODES } from '../error-codes.js';
import { ElmoError } from '../errors.js';
import type { OpenCollection } from '../index/open-collection.js';
import type {
  Namespace,
  RawDocument,
  UpdateRequest,
  UpdateResult,
  UpdateStatement,
  WriteFailure,
} from '../operation/requests.js';
import { MustWait, type WriteUnit } from '../operation/write-unit.js';
import { isStageName } from '../aggregate/stage-names.js';
import { equalityFields } from '../query/equality.js';
import type { Matcher } from '../query/filter.js';
import { parseUpdate, type UpdateOptions } from '../update/parse.js';
import type { WriteFigures } from '../operation/profile-notes.js';
import type { TimestampParts } from '../update/timestamps.js';
import type { Update, UpdateContext } from '../update/update.js';
import { buildUpsert } from '../update/upsert.js';
import { insertOne } from '../write/insert.js';
import { forEachRecord, idOf, updateRecord } from '../write/mutate.js';
import type { UpdateOutcome } from '../write/retries.js';
import { asStatementError, duringStatement } from '../write/statement-error.js';
import { allWritten, keepFailures } from '../write/written.js';
import { idOfStatement, traceById, writeById } from './by-id.js';
import { effectiveCollation, requestScope } from './reading.js';
import {
  candidatesOf,
  prepareQuery,
  refuseMulti,
  untilUpToDate,
  withLet,
  saidBy,
  type PreparedQuery,
  type StatementQuery,
  type WritingContext,
} from './statement-query.js';

/** How often an upsert looks again when somebody else inserts what it would have. */
const MOST_ATTEMPTS = 3;

export interface Changing {
  readonly update: Update;
  readonly context: StatementUpdateContext;
  readonly bypassesValidation: boolean;
}

/** What applications of one statement share. */
export class StatementUpdateContext implements UpdateContext {
  matcher: Matcher | undefined;
  isInsert = false;

  constructor(
    readonly nowMs: number,
    readonly nextTimestamp: () => TimestampParts,
  ) {}
}

const NOTHING_DONE: UpdateOutcome = { matched: 0, modified: 0, upsertedId: undefined };

export async function updateDocuments(
  request: UpdateRequest,
  context: WritingContext,
): Promise<UpdateResult> {
  const failures: WriteFailure[] = [];
  const upserted: { index: number; id: Value }[] = [];
  const written: Promise<void>[] = [];
  const { trace } = context.operation;
  let matched = 0;
  let modified = 0;
  let kept = 0;
  for (let index = 0; index < request.statements.length; index++) {
    const statement = request.statements[index]!;
    kept = keepFailures(written, kept);
    trace?.profile?.beginStatement();
    try {
      const result =
        context.retries?.updateOutcome(index) ??
        (await runUpdate(request, statement, index, context, written));
      if (trace?.profile !== undefined)
        trace.profile.endStatement(index, trace, figuresOf(statement, result));
      matched += result.matched;
      modified += result.modified;
      if (result.upsertedId !== undefined) upserted.push({ index, id: result.upsertedId });
    } catch (thrown) {
      const error = asStatementError(thrown, context.transaction !== undefined);
      if (trace?.profile !== undefined) trace.profile.endStatement(index, trace, error);
      failures.push({ index, error });
      if (request.isOrdered || context.transaction !== undefined) break;
    }
    if (!context.operation.shouldPause()) continue;
    kept = keepFailures(written, kept);
    await context.operation.turn();
  }
  await allWritten(written);
  await context.transaction?.settle();
  return { matched, modified, upserted, failures, repeated: context.retries?.repeated };
}

function figuresOf(
  { isMulti }: UpdateStatement,
  { matched, modified, upsertedId }: UpdateOutcome,
): WriteFigures {
  return { kind: 'update', isMulti, matched, modified, upserted: upsertedId === undefined ? 0 : 1 };
}

async function runUpdate(
  request: UpdateRequest,
  statement: UpdateStatement,
  index: number,
  context: WritingContext,
  written: Promise<void>[],
): Promise<UpdateOutcome> {
  refuseMulti(context, statement.isMulti);
  if (statement.isMulti && statement.sort !== undefined)
    throw new ElmoError('FailedToParse', 'Cannot specify sort with multi=true');
  const supplied = statement.isUpsertSupplied === true ? suppliedDocument(statement) : undefined;
  const id = statement.sort === undefined ? idOfStatement(statement) : undefined;
  if (id !== undefined) {
    const result = updateById(request, statement, index, id, context, written);
    const done = result instanceof Promise ? await result : result;
    if (done !== undefined && (done.matched > 0 || !statement.isUpsert)) {
      traceById(context, 'EXPRESS_UPDATE', done.matched > 0);
      return done;
    }
  }
  for (let attempt = 1; ; attempt++)
    try {
      return await updateByPlan(request, statement, index, supplied, context, written);
    } catch (error) {
      if (attempt >= MOST_ATTEMPTS || !statement.isUpsert || !isRetriable(error, statement, context))
        throw error;
    }
}

/** The document that is inserted as it is, if nothing matches. @throws ElmoError FailedToParse */
function suppliedDocument({ isUpsert, constants }: UpdateStatement): RawDocument {
  if (!isUpsert)
    throw new ElmoError('FailedToParse', "cannot specify 'upsertSupplied: true' for a non-upsert operation");
  const field =
    constants === undefined
      ? undefined
      : elementsOf(documentValue(constants)).find(
          ({ name, value }) => name === 'new' && value.type === OBJECT,
        );
  if (field === undefined)
    throw new ElmoError(
      'FailedToParse',
      "the parameter 'upsertSupplied' is set to 'true', but no document was supplied",
    );
  return field.value.document;
}

/** @returns undefined if it cannot be done this way; nothing was done */
function updateById(
  request: UpdateRequest,
  statement: UpdateStatement,
  index: number,
  id: Value,
  context: WritingContext,
  written: Promise<void>[],
): UpdateOutcome | undefined | Promise<UpdateOutcome | undefined> {
  const query = withLet<StatementQuery>(statement, request);
  let changing: Changing | undefined;
  let modified = 0;
  const isFound = writeById(
    request.namespace,
    id,
    context,
    written,
    ({ collection, recordId, document, unit }) => {
      changing ??= prepareChange(request, statement, query, collection, context);
      try {
        if (change(changing, collection, recordId, document, 0, unit, context) !== undefined) modified = 1;
        context.retries?.recordUpdate(unit, index, { matched: 1, modified, upsertedId: undefined });
      } catch (error) {
        throw duringStatement('update', error);
      }
    },
  );
  const resultOf = (found: boolean | undefined): UpdateOutcome | undefined => {
    if (found !== true) {
      // the statement is checked although there is nothing to do
      prepareChange(request, statement, query, undefined, context);
      return found === undefined ? undefined : NOTHING_DONE;
    }
    return { matched: 1, modified, upsertedId: undefined };
  };
  return isFound instanceof Promise ? isFound.then(resultOf) : resultOf(isFound);
}

async function updateByPlan(
  request: UpdateRequest,
  statement: UpdateStatement,
  index: number,
  supplied: RawDocument | undefined,
  context: WritingContext,
  written: Promise<void>[],
): Promise<UpdateOutcome> {
  const query = withLet<StatementQuery>(statement, request);
  const collection = context.collection(request.namespace, context.transaction ?? context.newUnit());
  const changing = prepareChange(request, statement, query, collection, context);
  const prepared = prepareQuery(query, collection?.entry, context, {
    isPositional: changing.update.needsMatchedIndex,
    isUpsert: statement.isUpsert,
  });
  changing.context.matcher = prepared.matcher;
  let matched = 0;
  let modified = 0;
  if (collection !== undefined) {
    const { isMulti } = statement;
    // what a transaction has written it sees again: an update that moves a record in an index must not meet it twice
    const seen = isMulti && context.transaction !== undefined ? new Set<number>() : undefined;
    let isLost: boolean;
    do {
      if (!context.kv.isUpToDate) await untilUpToDate(context);
      const candidates = candidatesOf(collection, prepared, context, isMulti ? 0 : 1);
      try {
        const done = await forEachRecord(
          collection,
          candidates,
          context,
          isMulti,
          'update',
          (recordId, document, at, unit) => {
            if (seen?.has(recordId) === true) return true;
            seen?.add(recordId);
            const changed = change(changing, collection, recordId, document, at, unit, context);
            matched++;
            if (changed !== undefined) modified++;
            context.retries?.recordUpdate(unit, index, { matched, modified, upsertedId: undefined });
            return isMulti;
          },
        );
        written.push(...done);
      } finally {
        candidates.release();
      }
      // somebody else has changed the one it was about: there may be another
      isLost = candidates.hasLost && matched === 0 && !isMulti && context.transaction === undefined;
    } while (isLost);
  }
  if (matched > 0 || !statement.isUpsert) return { matched, modified, upsertedId: undefined };
  const upserting =
    supplied === undefined ? changing : { ...changing, update: replacementOf(supplied, prepared) };
  const document = await upsert(
    request.namespace,
    prepared,
    upserting,
    context,
    written,
    'update',
    (inserted, unit) =>
      context.retries?.recordUpdate(unit, index, { matched: 0, modified: 0, upsertedId: idOf(inserted) }),
  );
  return { matched: 0, modified: 0, upsertedId: idOf(document) };
}

function replacementOf(document: RawDocument, { collation, scope }: PreparedQuery): Update {
  return parseUpdate(documentValue(document), { collation, scope, isMulti: false });
}

/** What a statement says of its update. */
export interface ChangeStatement {
  readonly update?: Value;
  readonly constants?: RawDocument;
  readonly arrayFilters?: readonly RawDocument[];
  readonly isMulti?: boolean;
}

/** A class because of its getter: see ParseContext in operators-update.ts. */
class StatementUpdateOptions implements UpdateOptions {
  readonly arrayFilters: UpdateOptions['arrayFilters'];
  readonly constants: UpdateOptions['constants'];
  readonly isMulti: UpdateOptions['isMulti'];
  readonly isStageName = isStageName;
  /** With variables of the command, whose errors are told before those of the update. */
  private readonly scopeOfLet: UpdateOptions['scope'] | undefined;

  constructor(
    statement: ChangeStatement,
    readonly collation: UpdateOptions['collation'],
    readonly keepsEmptyTimestamps: boolean | undefined,
    private readonly query: StatementQuery,
    private readonly writing: WritingContext,
  ) {
    this.arrayFilters = statement.arrayFilters;
    this.constants = statement.constants;
    this.isMulti = statement.isMulti;
    this.scopeOfLet = query.let === undefined ? undefined : this.newScope();
  }

  get scope(): UpdateOptions['scope'] {
    return this.scopeOfLet ?? this.newScope();
  }

  private newScope(): UpdateOptions['scope'] {
    const { operation, random } = this.writing;
    return requestScope(operation, this.collation, this.query.let, random);
  }
}

/** @throws ElmoError of the update's parser */
export function prepareChange(
  request: { readonly bypassDocumentValidation?: boolean; readonly keepsEmptyTimestamps?: boolean },
  statement: ChangeStatement,
  query: StatementQuery,
  collection: OpenCollection | undefined,
  context: WritingContext,
): Changing {
  const collation = effectiveCollation(query.collation, collection?.entry);
  const update = parseUpdate(
    statement.update!,
    new StatementUpdateOptions(statement, collation, request.keepsEmptyTimestamps, query, context),
  );
  return {
    update,
    context: new StatementUpdateContext(context.operation.startedMs, () => context.nextTimestamp()),
    bypassesValidation: request.bypassDocumentValidation === true,
  };
}

/** Applies the update to one record. @returns the new document; undefined if nothing changes */
export function change(
  changing: Changing,
  collection: OpenCollection,
  recordId: number,
  document: Uint8Array,
  at: number,
  unit: WriteUnit,
  context: WritingContext,
): Uint8Array | undefined {
  const { update, context: updateContext, bypassesValidation } = changing;
  return updateRecord(
    collection,
    recordId,
    document,
    at,
    update,
    updateContext,
    unit,
    context,
    bypassesValidation,
  );
}

/**
 * Inserts the document that filter and update describe.
 * @param record  notes what is done, in the unit that does it
 * @returns it
 */
export async function upsert(
  namespace: Namespace,
  prepared: PreparedQuery,
  { update, context: updateContext, bypassesValidation }: Changing,
  context: WritingContext,
  written: Promise<void>[],
  command: string,
  record: (document: Uint8Array, unit: WriteUnit) => void,
): Promise<Uint8Array> {
  updateContext.isInsert = true;
  updateContext.matcher = undefined;
  const direct = context.transaction === undefined ? context.newUnit() : undefined;
  const unit = direct ?? context.transaction!;
  for (;;)
    try {
      const document = buildUpsert(saidBy(prepared), update, updateContext);
      const collection = context.collectionOrNew(namespace, unit);
      const stored = insertOne(collection, document, unit, context, bypassesValidation);
      record(stored, unit);
      if (direct !== undefined) written.push(direct.commit(context.isDurable));
      return stored;
    } catch (error) {
      direct?.rollback();
      if (!(error instanceof MustWait)) throw duringStatement(command, error);
      await context.operation.waitFor(error.ended);
    }
}

/** Whether somebody else has just inserted the very values the filter asks for: then there is now a match. */
export function isRetriable(error: unknown, query: StatementQuery, context: WritingContext): boolean {
  if (!(error instanceof ElmoError) || error.code !== ERROR_CODES.DuplicateKey) return false;
  if (context.transaction !== undefined || error.details.keyPattern === undefined) return false;
  const fixed = new Set(
    equalityFields(prepareQuery(query, undefined, context).parsed).map(({ path }) => path),
  );
  return elementsOf(documentValue(error.details.keyPattern)).every(({ name }) => fixed.has(name));
}

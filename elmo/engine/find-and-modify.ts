/** `findAndModify`: changes or removes one document, and tells what it was or is. */
import { BsonWriter } from '../bson/writer.js';
import type { Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import type { FindAndModifyRequest, FindAndModifyResult, RawDocument } from '../operation/requests.js';
import { parseWithFolding } from '../expression/operator-kinds.js';
import { resolveHint } from '../plan/hint.js';
import { checkWildcardPaths } from '../plan/wildcard-predicates.js';
import { parseProjection } from '../projection/find.js';
import type { Projection } from '../projection/projection.js';
import type { OpenCollection } from '../index/open-collection.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { Matcher } from '../query/filter.js';
import { forEachRecord, idOf } from '../write/mutate.js';
import { duringStatement } from '../write/statement-error.js';
import { idOfStatement, traceById, writeById } from './by-id.js';
import { change, isRetriable, prepareChange, upsert, type Changing } from './updating.js';
import {
  candidatesOf,
  prepareQuery,
  untilUpToDate,
  type PreparedQuery,
  type WritingContext,
} from './statement-query.js';

const COMMAND = 'findAndModify';
const MOST_ATTEMPTS = 3;

/** What was found and done. */
interface Found {
  readonly before: RawDocument;
  readonly after: RawDocument | undefined;
  readonly matchedIndex: number;
}

export async function findAndModify(
  request: FindAndModifyRequest,
  context: WritingContext,
): Promise<FindAndModifyResult> {
  const done = context.retries?.findAndModifyResult();
  if (done !== undefined) return done;
  const written: Promise<void>[] = [];
  for (let attempt = 1; ; attempt++)
    try {
      const result = await run(request, context, written);
      await Promise.all(written);
      await context.transaction?.settle();
      return result;
    } catch (error) {
      if (attempt >= MOST_ATTEMPTS || request.isUpsert !== true || !isRetriable(error, request, context))
        throw error;
    }
}

async function run(
  request: FindAndModifyRequest,
  context: WritingContext,
  written: Promise<void>[],
): Promise<FindAndModifyResult> {
  const isUpsert = request.isUpsert === true;
  const collection = context.collection(request.namespace, context.transaction ?? context.newUnit());
  const changing =
    request.update === undefined ? undefined : prepareChange(request, request, request, collection, context);
  const projects = request.projection !== undefined && request.projection.length > 5;
  const prepared = prepareQuery(request, collection?.entry, context, {
    isPositional: projects || changing?.update.needsMatchedIndex === true,
    isUpsert,
  });
  const projection = projects
    ? parseWithFolding(() => parsedProjection(request, prepared, collection))
    : undefined;
  const action = new Action(changing, context, (found) =>
    modified(found, request, projection, changing !== undefined),
  );
  const id = prepared.sort === undefined ? idOfStatement(request) : undefined;
  const isSought = id === undefined ? undefined : await byId(request, id, action, context, written);
  if (isSought !== undefined)
    traceById(context, changing === undefined ? 'EXPRESS_DELETE' : 'EXPRESS_UPDATE', isSought);
  if (isSought === undefined && collection !== undefined)
    while (await losesToOthers(collection, prepared, action, context, written));
  if (action.result !== undefined) return action.result;
  if (changing === undefined || !isUpsert)
    return { document: undefined, updatedExisting: false, matched: 0, upsertedId: undefined };
  return inserted(request, prepared, changing, projection, context, written);
}

/** @throws ElmoError of what is wrong with it beside its constant parts, and of the hint */
function parsedProjection(
  request: FindAndModifyRequest,
  prepared: PreparedQuery,
  collection: OpenCollection | undefined,
): Projection {
  const projection = parseProjection(request.projection!, { ...prepared, filter: prepared.parsed });
  if (projection.metaNames.includes('sortKey'))
    throw new ElmoError('BadValue', 'Cannot use a $meta sortKey projection in findAndModify commands.');
  if (request.returnsNew === true && projection.needsMatchedIndex)
    throw new ElmoError('BadValue', 'cannot use a positional projection and return the new document');
  if (collection !== undefined) {
    checkWildcardPaths(collection.entry.spec, prepared.node);
    resolveHint(collection.entry.spec, request.hint);
  }
  return projection;
}

/** Looks for the document by a plan. @returns whether somebody else has changed the first one meanwhile: look again */
async function losesToOthers(
  collection: OpenCollection,
  prepared: PreparedQuery,
  action: Action,
  context: WritingContext,
  written: Promise<void>[],
): Promise<boolean> {
  if (!context.kv.isUpToDate) await untilUpToDate(context);
  const candidates = candidatesOf(collection, prepared, context, 1);
  try {
    const done = await forEachRecord(
      collection,
      candidates,
      context,
      false,
      COMMAND,
      (recordId, document, _at, unit) => {
        action.run(collection, recordId, document, unit, prepared.matcher);
        return false;
      },
    );
    written.push(...done);
  } finally {
    candidates.release();
  }
  return candidates.hasLost && action.result === undefined && context.transaction === undefined;
}

/** What is done with the one document. */
class Action {
  result: FindAndModifyResult | undefined;

  /** @param changing  undefined: it is removed */
  constructor(
    private readonly changing: Changing | undefined,
    private readonly context: WritingContext,
    private readonly resultOf: (found: Found) => FindAndModifyResult,
  ) {}

  /** @param matcher  after it matched; undefined if it was not asked */
  run(
    collection: OpenCollection,
    recordId: number,
    document: RawDocument,
    unit: WriteUnit,
    matcher: Matcher | undefined,
  ): void {
    const { changing, context } = this;
    let after: RawDocument | undefined;
    if (changing === undefined) collection.remove(unit, recordId, document, 0);
    else {
      changing.context.matcher = matcher;
      after = change(changing, collection, recordId, document, 0, unit, context);
      const { trace } = context.operation;
      if (after !== undefined && trace !== undefined) trace.modified++;
      after ??= document;
    }
    this.result = this.resultOf({ before: document, after, matchedIndex: matcher?.matchedIndex ?? -1 });
    context.retries?.recordFindAndModify(unit, this.result);
  }
}

/** @returns whether there was a document of that `_id`; undefined if the collection cannot be asked this way */
function byId(
  request: FindAndModifyRequest,
  id: Value,
  action: Action,
  context: WritingContext,
  written: Promise<void>[],
): boolean | undefined | Promise<boolean | undefined> {
  return writeById(request.namespace, id, context, written, ({ collection, recordId, document, unit }) => {
    try {
      action.run(collection, recordId, document, unit, undefined);
    } catch (error) {
      throw duringStatement(COMMAND, error);
    }
  });
}

function modified(
  { before, after, matchedIndex }: Found,
  request: FindAndModifyRequest,
  projection: Projection | undefined,
  updatedExisting: boolean,
): FindAndModifyResult {
  const document = request.returnsNew === true && after !== undefined ? after : before;
  return {
    document: projected(document, projection, matchedIndex),
    updatedExisting,
    matched: 1,
    upsertedId: undefined,
  };
}

async function inserted(
  request: FindAndModifyRequest,
  prepared: PreparedQuery,
  changing: Changing,
  projection: Projection | undefined,
  context: WritingContext,
  written: Promise<void>[],
): Promise<FindAndModifyResult> {
  const resultOf = (document: RawDocument): FindAndModifyResult => ({
    document: request.returnsNew === true ? projected(document, projection, -1) : undefined,
    updatedExisting: false,
    matched: 1,
    upsertedId: idOf(document),
  });
  const document = await upsert(
    request.namespace,
    prepared,
    changing,
    context,
    written,
    COMMAND,
    (stored, unit) => context.retries?.recordFindAndModify(unit, resultOf(stored)),
  );
  return resultOf(document);
}

function projected(
  document: RawDocument,
  projection: Projection | undefined,
  matchedIndex: number,
): RawDocument {
  if (projection === undefined) return document;
  const writer = new BsonWriter();
  projection.apply(document, 0, writer, { recordId: null }, matchedIndex);
  return writer.toBytes();
}

/** Deletes: a plan for the candidates of each statement, then `write/`; by `_id` without one. */
import type { DeleteRequest, DeleteResult, DeleteStatement, WriteFailure } from '../operation/requests.js';
import type { WriteFigures } from '../operation/profile-notes.js';
import { forEachRecord } from '../write/mutate.js';
import { asStatementError } from '../write/statement-error.js';
import { allWritten, keepFailures } from '../write/written.js';
import { idOfStatement, traceById, writeById } from './by-id.js';
import {
  candidatesOf,
  prepareQuery,
  refuseMulti,
  untilUpToDate,
  withLet,
  type WritingContext,
} from './statement-query.js';

export async function deleteDocuments(
  request: DeleteRequest,
  context: WritingContext,
): Promise<DeleteResult> {
  const failures: WriteFailure[] = [];
  const written: Promise<void>[] = [];
  const { trace } = context.operation;
  let deleted = 0;
  let kept = 0;
  for (const [index, statement] of request.statements.entries()) {
    kept = keepFailures(written, kept);
    trace?.profile?.beginStatement();
    try {
      const count =
        context.retries?.isDone(index) === true
          ? 1
          : await runDelete(request, statement, index, context, written);
      if (trace?.profile !== undefined) trace.profile.endStatement(index, trace, figuresOf(statement, count));
      deleted += count;
    } catch (thrown) {
      const error = asStatementError(thrown, context.transaction !== undefined);
      if (trace?.profile !== undefined) trace.profile.endStatement(index, trace, error);
      failures.push({ index, error });
      if (request.isOrdered || context.transaction !== undefined) break;
    }
  }
  await allWritten(written);
  return { deleted, failures, repeated: context.retries?.repeated };
}

const figuresOf = ({ isMulti }: DeleteStatement, deleted: number): WriteFigures => ({
  kind: 'delete',
  isMulti,
  matched: deleted,
  modified: 0,
  upserted: 0,
});

async function runDelete(
  request: DeleteRequest,
  statement: DeleteStatement,
  index: number,
  context: WritingContext,
  written: Promise<void>[],
): Promise<number> {
  refuseMulti(context, statement.isMulti);
  const id = idOfStatement(statement);
  if (id !== undefined) {
    const done = writeById(
      request.namespace,
      id,
      context,
      written,
      ({ collection, recordId, document, unit }) => {
        collection.remove(unit, recordId, document, 0);
        context.retries?.recordDone(unit, index);
      },
    );
    const isDone = done instanceof Promise ? await done : done;
    if (isDone !== undefined) {
      traceById(context, 'EXPRESS_DELETE', isDone);
      return isDone ? 1 : 0;
    }
  }
  const unit = context.transaction ?? context.newUnit();
  const collection = context.collection(request.namespace, unit);
  const query = withLet(statement, request);
  const prepared = prepareQuery(query, collection?.entry, context);
  if (collection === undefined) return 0;
  if (!context.kv.isUpToDate) await untilUpToDate(context);
  const candidates = candidatesOf(collection, prepared, context, statement.isMulti ? 0 : 1);
  let deleted = 0;
  try {
    const done = await forEachRecord(
      collection,
      candidates,
      context,
      statement.isMulti,
      'delete',
      (recordId, document, at, into) => {
        collection.remove(into, recordId, document, at);
        context.retries?.recordDone(into, index);
        deleted++;
        return statement.isMulti;
      },
    );
    written.push(...done);
  } finally {
    candidates.release();
  }
  return deleted;
}

/** `bulkWrite`: inserts, updates and deletes of many collections, one after another. */
import { ElmoError } from '../errors.js';
import { checkWritableNamespace } from '../catalog/namespace.js';
import type {
  BulkOperation,
  BulkOutcome,
  BulkWriteRequest,
  CommonRequest,
  Namespace,
} from '../operation/requests.js';
import { insertDocuments } from '../write/insert.js';
import { asStatementError } from '../write/statement-error.js';
import { updateDocuments } from './updating.js';
import { deleteDocuments } from './deleting.js';
import type { WritingContext } from './statement-query.js';

type Insert = Extract<BulkOperation, { kind: 'insert' }>;

export async function bulkWrite(
  request: BulkWriteRequest,
  context: WritingContext,
): Promise<readonly BulkOutcome[]> {
  const { operations, isOrdered } = request;
  const outcomes: BulkOutcome[] = [];
  for (let index = 0; index < operations.length;) {
    const operation = operations[index]!;
    const before = outcomes.length;
    try {
      checkCollection(operation, context);
      if (operation.kind === 'insert') {
        const inserts = insertsFrom(operations, index);
        await insertAll(inserts, index, request, context, outcomes);
        index += inserts.length;
      } else {
        outcomes.push(await changeOne(operation, index, request, context));
        index++;
      }
    } catch (thrown) {
      const error = asStatementError(thrown, context.transaction !== undefined);
      outcomes.push(failed(index, operation.kind, error));
      index++;
    }
    if (
      (isOrdered || context.transaction !== undefined) &&
      outcomes.slice(before).some(({ error }) => error !== undefined)
    )
      break;
    if (context.operation.shouldPause()) await context.operation.turn();
  }
  return outcomes;
}

/** @throws ElmoError InvalidNamespace, CollectionUUIDMismatch */
function checkCollection({ namespace, collectionUuid }: BulkOperation, context: WritingContext): void {
  checkWritableNamespace(namespace);
  if (collectionUuid === undefined) return;
  const entry = context.catalog.get(namespace, context.transaction);
  const uuid = entry?.spec.kind === 'collection' ? entry.spec.uuid : undefined;
  if (uuid === undefined || Buffer.compare(uuid, collectionUuid) !== 0)
    throw new ElmoError(
      'CollectionUUIDMismatch',
      `Collection UUID does not match that specified: ${namespace.db}.${namespace.collection}`,
    );
}

/** The inserts from `start` on that go into one collection: they make one batch of the store. */
function insertsFrom(operations: readonly BulkOperation[], start: number): Insert[] {
  const inserts: Insert[] = [];
  const { namespace, collectionUuid } = operations[start]!;
  for (let i = start; i < operations.length; i++) {
    const operation = operations[i]!;
    if (operation.kind !== 'insert' || !isSame(operation.namespace, namespace)) break;
    if (operation.collectionUuid !== collectionUuid) break;
    inserts.push(operation);
  }
  return inserts;
}

function isSame(a: Namespace, b: Namespace): boolean {
  return a === b || (a.db === b.db && a.collection === b.collection);
}

interface StatementOptions extends CommonRequest {
  readonly bypassDocumentValidation: boolean;
  readonly keepsEmptyTimestamps: boolean;
}

/** The parts of the request that every statement has. */
function commonOf(request: BulkWriteRequest): StatementOptions {
  return {
    ...(request.let === undefined ? {} : { let: request.let }),
    ...(request.isDurable === undefined ? {} : { isDurable: request.isDurable }),
    bypassDocumentValidation: request.bypassDocumentValidation === true,
    keepsEmptyTimestamps: request.keepsEmptyTimestamps === true,
  };
}

/** For the statements from `index` on. */
function contextAt(context: WritingContext, index: number): WritingContext {
  return context.retries === undefined ? context : { ...context, retries: context.retries.from(index) };
}

async function insertAll(
  inserts: readonly Insert[],
  start: number,
  request: BulkWriteRequest,
  context: WritingContext,
  outcomes: BulkOutcome[],
): Promise<void> {
  const { isOrdered } = request;
  const { failures } = await insertDocuments(
    {
      ...commonOf(request),
      namespace: inserts[0]!.namespace,
      documents: inserts.map(({ document }) => document),
      isOrdered,
    },
    contextAt(context, start),
  );
  const errors = new Map(failures.map(({ index, error }) => [index, error]));
  for (let i = 0; i < inserts.length; i++) {
    const error = errors.get(i);
    outcomes.push(
      error === undefined
        ? { index: start + i, kind: 'insert', error, count: 1, modified: 0, upsertedId: undefined }
        : failed(start + i, 'insert', error),
    );
    if (error !== undefined && (isOrdered || context.transaction !== undefined)) break;
  }
}

async function changeOne(
  operation: Exclude<BulkOperation, Insert>,
  index: number,
  request: BulkWriteRequest,
  context: WritingContext,
): Promise<BulkOutcome> {
  const { namespace, kind } = operation;
  const common = { ...commonOf(request), namespace, isOrdered: true };
  if (kind === 'delete') {
    const { deleted, failures } = await deleteDocuments(
      { ...common, statements: [operation.statement] },
      contextAt(context, index),
    );
    const error = failures[0]?.error;
    if (error !== undefined) return failed(index, kind, error);
    return { index, kind, error, count: deleted, modified: 0, upsertedId: undefined };
  }
  const { matched, modified, upserted, failures } = await updateDocuments(
    {
      ...common,
      statements: [operation.statement],
    },
    contextAt(context, index),
  );
  const error = failures[0]?.error;
  if (error !== undefined) return failed(index, kind, error);
  return { index, kind, error, count: matched + upserted.length, modified, upsertedId: upserted[0]?.id };
}

function failed(index: number, kind: BulkOperation['kind'], error: ElmoError): BulkOutcome {
  return { index, kind, error, count: 0, modified: 0, upsertedId: undefined };
}

/** `insert`: documents into a collection, in batches of the store. */
import type { InsertRequest, InsertResult, WriteFailure } from '../operation/requests.js';
import { ElmoError } from '../errors.js';
import type { OpenCollection } from '../index/open-collection.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { prepareInsert } from './prepare.js';
import type { WriteContext } from './write-context.js';
import { asStatementError } from './statement-error.js';

/** Documents and bytes that go into one batch of the store. */
const BATCH_DOCUMENTS = 1000;
const BATCH_BYTES = 8 << 20;

export async function insertDocuments(request: InsertRequest, context: WriteContext): Promise<InsertResult> {
  return context.transaction === undefined
    ? insertDirectly(request, context)
    : insertInTransaction(request, context);
}

/** Stores one document through a unit. @throws ElmoError; nothing of it was put then */
export function insertOne(
  collection: OpenCollection,
  document: Uint8Array,
  unit: WriteUnit,
  context: WriteContext,
  bypassesValidation: boolean,
): Uint8Array {
  const stored = prepareInsert(document, () => context.newObjectId());
  if (!bypassesValidation) context.validate(collection.entry, stored);
  collection.insert(unit, stored);
  return stored;
}

async function insertDirectly(request: InsertRequest, context: WriteContext): Promise<InsertResult> {
  const { documents, isOrdered } = request;
  const failures: WriteFailure[] = [];
  const unit = context.newUnit();
  const written: Promise<void>[] = [];
  let inserted = 0;
  let pending = 0;
  const commit = (): void => {
    if (pending === 0) return;
    inserted += pending;
    pending = 0;
    written.push(unit.commit(context.isDurable));
  };
  // a collection is looked up anew for each batch: between batches the world may change
  let collection: OpenCollection | undefined;
  for (let i = 0; i < documents.length; i++) {
    try {
      collection ??= context.collectionOrNew(request.namespace, unit);
      insertOne(collection, documents[i]!, unit, context, request.bypassDocumentValidation === true);
      pending++;
      if (collection.spec.isCapped) commit();
    } catch (thrown) {
      failures.push({ index: i, error: asStatementError(thrown) });
      if (isOrdered) break;
    }
    if (pending >= BATCH_DOCUMENTS || unit.byteLength >= BATCH_BYTES) {
      commit();
      collection = undefined;
      if (context.operation.look()) await context.operation.turn();
    }
  }
  commit();
  unit.rollback();
  await Promise.all(written);
  return { inserted, failures };
}

/** In a transaction the first failure ends it: the statement, and with it the transaction. */
async function insertInTransaction(request: InsertRequest, context: WriteContext): Promise<InsertResult> {
  const unit = context.transaction!;
  const { documents } = request;
  const mark = unit.mark();
  try {
    const collection = context.collectionOrNew(request.namespace, unit);
    for (const document of documents) {
      insertOne(collection, document, unit, context, request.bypassDocumentValidation === true);
      if (context.operation.shouldPause()) await context.operation.turn();
    }
    await unit.settle();
  } catch (thrown) {
    unit.rollbackTo(mark);
    throw thrown instanceof ElmoError ? thrown : asStatementError(thrown);
  }
  unit.release(mark);
  return { inserted: documents.length, failures: [] };
}

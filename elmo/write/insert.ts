/** `insert`: documents into a collection, in batches of the store. */
import type { InsertRequest, InsertResult, WriteFailure } from '../operation/requests.js';
import type { OpenCollection } from '../index/open-collection.js';
import { MustWait, type WriteUnit } from '../operation/write-unit.js';
import { fillTimestamps, hasEmptyTimestamp } from '../update/timestamps.js';
import { isProfiled, withKeysCounted } from './key-counts.js';
import { checkMeasurement } from './measurement.js';
import { prepareInsert } from './prepare.js';
import type { WriteContext } from './write-context.js';
import { asStatementError } from './statement-error.js';
import { allWritten, keepFailures } from './written.js';

/** Documents and bytes that go into one batch of the store. */
const BATCH_DOCUMENTS = 1000;
const BATCH_BYTES = 8 << 20;
/** Documents between two looks whether a batch has held the event loop for long enough. */
const DOCUMENTS_PER_LOOK = 64;

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
  if (collection.spec.kind === 'timeseries') checkMeasurement(collection.spec, document);
  const stored = prepareInsert(document, () => context.newObjectId());
  if (!bypassesValidation) context.validate(collection.entry, stored);
  if (isProfiled(context)) withKeysCounted(context, collection, () => collection.insert(unit, stored));
  else collection.insert(unit, stored);
  return stored;
}

/** Timestamps of zeros at the top of an inserted document become the time of the write. */
function stamped(document: Uint8Array, request: InsertRequest, context: WriteContext): Uint8Array {
  if (request.keepsEmptyTimestamps === true || !hasEmptyTimestamp(document)) return document;
  const copy = document.slice();
  fillTimestamps(copy, () => context.nextTimestamp());
  return copy;
}

async function insertDirectly(request: InsertRequest, context: WriteContext): Promise<InsertResult> {
  const { documents, isOrdered } = request;
  let failures: WriteFailure[] = [];
  const unit = context.sharedUnit;
  const written: Promise<void>[] = [];
  const { retries } = context;
  const isDone = retries === undefined ? undefined : documents.map((_, i) => retries.isDone(i));
  let inserted = isDone?.filter(Boolean).length ?? 0;
  let pending = 0;
  let batchStart = 0;
  let kept = 0;
  const profile = context.operation.trace?.profile;
  let keysBefore = profile?.keyCounts;
  // a collection is looked up anew for each batch: between batches the world may change
  let collection: OpenCollection | undefined;
  const commit = (next: number): void => {
    inserted += pending;
    pending = 0;
    batchStart = next;
    keysBefore = profile?.keyCounts;
    collection = undefined;
    written.push(unit.commit(context.isDurable));
  };
  for (let i = 0; i < documents.length; i++) {
    if (isDone?.[i] === true) continue;
    try {
      collection ??= context.collectionOrNew(request.namespace, unit);
      const document = stamped(documents[i]!, request, context);
      insertOne(collection, document, unit, context, request.bypassDocumentValidation === true);
      retries?.recordDone(unit, i);
      pending++;
      if (collection.spec.isCapped) commit(i + 1);
    } catch (thrown) {
      if (thrown instanceof MustWait) {
        // an open transaction is in the way: this batch is done again when it has ended
        unit.rollback();
        collection = undefined;
        pending = 0;
        if (keysBefore !== undefined) profile!.backTo(keysBefore);
        i = batchStart - 1;
        failures = failures.filter(({ index }) => index < batchStart);
        kept = keepFailures(written, kept);
        await context.operation.waitFor(thrown.ended);
        continue;
      }
      try {
        failures.push({ index: i, error: asStatementError(thrown) });
      } catch (fault) {
        unit.rollback();
        keepFailures(written, kept);
        throw fault;
      }
      if (isOrdered) break;
    }
    const isFull = pending >= BATCH_DOCUMENTS || unit.byteLength >= BATCH_BYTES;
    if (isFull || ((i + 1) % DOCUMENTS_PER_LOOK === 0 && context.operation.isSliceOver)) {
      commit(i + 1);
      kept = keepFailures(written, kept);
      if (context.operation.look()) await context.operation.turn();
    }
  }
  commit(documents.length);
  await allWritten(written);
  return { inserted, failures, repeated: retries?.repeated };
}

/** In a transaction the first failure ends the statement, and with it the transaction. */
async function insertInTransaction(request: InsertRequest, context: WriteContext): Promise<InsertResult> {
  const unit = context.transaction!;
  const { documents } = request;
  let inserted = 0;
  try {
    const collection = context.collectionOrNew(request.namespace, unit);
    for (const document of documents) {
      insertOne(
        collection,
        stamped(document, request, context),
        unit,
        context,
        request.bypassDocumentValidation === true,
      );
      inserted++;
      if (context.operation.shouldPause()) await context.operation.turn();
    }
    await unit.settle();
  } catch (thrown) {
    return { inserted, failures: [{ index: inserted, error: asStatementError(thrown, true) }] };
  }
  return { inserted, failures: [] };
}

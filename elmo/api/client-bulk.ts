/** `client.bulkWrite`: writes to several collections in one call. Source: drivers' specification "Bulk Write". */
import type { Document } from '../bson/package.js';
import { plainJs } from '../bson/value.js';
import type { Namespace, WriteFailure } from '../operation/requests.js';
import { deleteStatement, ensureId, updateStatement } from './bulk.js';
import type { ApiContext } from './context.js';
import { MongoInvalidArgumentError, MongoServerError, publicError, WriteError } from './errors.js';
import { commonOf, isAcknowledged, type Codec } from './options.js';
import type { BulkWriteOptions } from './types.js';

export interface ClientBulkWriteOptions extends BulkWriteOptions {
  /** Whether the result of each operation is told. */
  verboseResults?: boolean;
}

export interface ClientBulkWriteModel extends Document {
  namespace: string;
  name: 'insertOne' | 'updateOne' | 'updateMany' | 'replaceOne' | 'deleteOne' | 'deleteMany';
}

export interface ClientBulkWriteResult {
  acknowledged: boolean;
  insertedCount: number;
  upsertedCount: number;
  matchedCount: number;
  modifiedCount: number;
  deletedCount: number;
  insertResults?: Map<number, { insertedId: unknown }>;
  updateResults?: Map<number, { matchedCount: number; modifiedCount: number; upsertedId?: unknown }>;
  deleteResults?: Map<number, { deletedCount: number }>;
}

export class MongoClientBulkWriteError extends MongoServerError {
  readonly writeConcernErrors: readonly Document[] = [];

  constructor(
    readonly writeErrors: ReadonlyMap<number, WriteError>,
    readonly partialResult: ClientBulkWriteResult | undefined,
  ) {
    const [first] = writeErrors.values();
    super({ message: first?.errmsg ?? 'bulk write failed', code: first?.code ?? 8 });
  }

  override get name(): string {
    return 'MongoClientBulkWriteError';
  }
}

function namespaceOf(text: string): Namespace {
  const dot = text.indexOf('.');
  if (dot < 1 || dot === text.length - 1)
    throw new MongoInvalidArgumentError(`"${text}" is not a namespace; expected database.collection`);
  return { db: text.slice(0, dot), collection: text.slice(dot + 1) };
}

/** @throws MongoClientBulkWriteError */
export async function runClientBulk(
  context: ApiContext,
  codec: Codec,
  models: readonly ClientBulkWriteModel[],
  options: ClientBulkWriteOptions,
): Promise<ClientBulkWriteResult> {
  if (!Array.isArray(models) || models.length === 0)
    throw new MongoInvalidArgumentError('No client bulk write models were provided.');
  const isVerbose = options.verboseResults === true;
  const isOrdered = options.ordered !== false;
  const acknowledged = isAcknowledged(options, undefined);
  if (!acknowledged && isVerbose)
    throw new MongoInvalidArgumentError('Cannot request unacknowledged write concern and verbose results');
  if (!acknowledged && isOrdered)
    throw new MongoInvalidArgumentError('Cannot request unacknowledged write concern and ordered writes');
  const result: ClientBulkWriteResult = {
    acknowledged,
    insertedCount: 0,
    upsertedCount: 0,
    matchedCount: 0,
    modifiedCount: 0,
    deletedCount: 0,
    ...(isVerbose ? { insertResults: new Map(), updateResults: new Map(), deleteResults: new Map() } : {}),
  };
  const errors = new Map<number, WriteError>();
  const steps = models.map((model, index) => () => runModel(context, codec, model, index, options, result));
  for (const [index, step] of steps.entries()) {
    const failure = await step();
    if (failure === undefined) continue;
    errors.set(index, new WriteError({ ...failure, index }, models[index]!));
    if (isOrdered) break;
  }
  if (errors.size === 0) return result;
  const hasDone = steps.length > errors.size && !(isOrdered && errors.has(0));
  throw new MongoClientBulkWriteError(errors, hasDone ? result : undefined);
}

async function runModel(
  { engine }: ApiContext,
  codec: Codec,
  model: ClientBulkWriteModel,
  index: number,
  options: ClientBulkWriteOptions,
  result: ClientBulkWriteResult,
): Promise<WriteFailure | undefined> {
  const shared = {
    ...commonOf(codec, options),
    namespace: namespaceOf(model.namespace),
    isOrdered: true,
    ...(options.bypassDocumentValidation === true ? { bypassDocumentValidation: true } : {}),
  };
  const session = options.session?.requestContext();
  const isMulti = model.name.endsWith('Many');
  try {
    if (model.name === 'insertOne') {
      const document = model['document'] as Document;
      const insertedId = ensureId(document);
      const { inserted, failures } = await engine.insert(
        { ...shared, documents: [codec.encode(document)] },
        session,
      );
      result.insertedCount += inserted;
      if (inserted > 0) result.insertResults?.set(index, { insertedId });
      return failures[0];
    }
    if (model.name === 'deleteOne' || model.name === 'deleteMany') {
      const { deleted, failures } = await engine.delete(
        { ...shared, statements: [deleteStatement(codec, model as Document, isMulti)] },
        session,
      );
      result.deletedCount += deleted;
      if (failures.length === 0) result.deleteResults?.set(index, { deletedCount: deleted });
      return failures[0];
    }
    const statement = updateStatement(codec, model as Document, isMulti, model.name === 'replaceOne');
    const { matched, modified, upserted, failures } = await engine.update(
      { ...shared, statements: [statement] },
      session,
    );
    result.matchedCount += matched;
    result.modifiedCount += modified;
    result.upsertedCount += upserted.length;
    if (failures.length === 0)
      result.updateResults?.set(index, {
        matchedCount: matched + upserted.length,
        modifiedCount: modified,
        ...(upserted[0] === undefined ? {} : { upsertedId: plainJs(upserted[0].id) }),
      });
    return failures[0];
  } catch (error) {
    throw publicError(error);
  }
}

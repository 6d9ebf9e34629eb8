/** A collection, as users of the official driver know it. */
import type { Document } from '../bson/package.js';
import { exactJs, plainJs, type Value } from '../bson/value.js';
import type { UpdateResult as EngineUpdateResult } from '../operation/requests.js';
import { AggregationCursor } from './aggregation-cursor.js';
import {
  BulkOperation,
  deleteStatement,
  ensureId,
  hasOperators,
  runBulk,
  runInserts,
  updateStatement,
  updateValue,
  type BulkWriteResult,
} from './bulk.js';
import { CollectionIndexes } from './collection-indexes.js';
import { MongoInvalidArgumentError, publicError } from './errors.js';
import { FindCursor, findRequest } from './find-cursor.js';
import { commonOf, encodeFilter, encodeHint, encodeSort, isAcknowledged, type Codec } from './options.js';
import type {
  AggregateOptions,
  AnyBulkWriteOperation,
  BulkWriteOptions,
  CountDocumentsOptions,
  DeleteOptions,
  DeleteResult,
  DistinctOptions,
  Filter,
  FilterOrText,
  FindOneAndDeleteOptions,
  FindOneAndReplaceOptions,
  FindOneAndUpdateOptions,
  FindOptions,
  InferIdType,
  InsertManyResult,
  InsertOneOptions,
  InsertOneResult,
  ModifyResult,
  OperationOptions,
  OptionalUnlessRequiredId,
  ReplaceOptions,
  UpdateFilter,
  UpdateOptions,
  UpdateResult,
  WithId,
  WithoutId,
} from './types.js';

export class Collection<TSchema extends object = Document> extends CollectionIndexes {
  /** Documents that match. */
  find(filter?: FilterOrText<TSchema>, options?: FindOptions): FindCursor<WithId<TSchema>> {
    return new FindCursor<WithId<TSchema>>(
      this.context,
      this.codec.with(options),
      this.target,
      filter,
      options,
    );
  }

  /** The first document that matches, or null. */
  async findOne(filter?: FilterOrText<TSchema>, options?: FindOptions): Promise<WithId<TSchema> | null> {
    const codec = this.codec.with(options);
    try {
      if (options === undefined) {
        const found = this.context.engine.findOne(this.target, encodeFilter(codec, filter), codec.read);
        return ((found instanceof Promise ? await found : found) as WithId<TSchema> | undefined) ?? null;
      }
      const request = { ...findRequest(codec, this.target, filter, options), limit: 1 };
      const cursor = await this.context.engine.find(request, options.session?.requestContext());
      const { documents } = await cursor.nextBatch(1, MOST_BYTES);
      cursor.close();
      return documents[0] === undefined ? null : (codec.read(documents[0], 0) as WithId<TSchema>);
    } catch (error) {
      throw publicError(error);
    }
  }

  async insertOne(
    document: OptionalUnlessRequiredId<TSchema>,
    options?: InsertOneOptions,
  ): Promise<InsertOneResult<TSchema>> {
    const codec = this.codec.with(options);
    const { encoder } = codec;
    const { timestampCount } = encoder;
    const id = ensureId(document as Document);
    try {
      const { failures } = await this.context.engine.insert(
        {
          ...commonOf(codec, options, this.writeConcern),
          namespace: this.target,
          documents: [codec.encode(document as object)],
          keepsEmptyTimestamps: encoder.timestampCount === timestampCount,
          isOrdered: true,
          ...(options?.bypassDocumentValidation === true ? { bypassDocumentValidation: true } : {}),
        },
        options?.session?.requestContext(),
      );
      if (failures.length > 0) throw failures[0]!.error;
    } catch (error) {
      throw publicError(error);
    }
    return {
      acknowledged: isAcknowledged(options, this.writeConcern),
      insertedId: id as InferIdType<TSchema>,
    };
  }

  async insertMany(
    documents: readonly OptionalUnlessRequiredId<TSchema>[],
    options?: BulkWriteOptions,
  ): Promise<InsertManyResult<TSchema>> {
    if (!Array.isArray(documents))
      throw new MongoInvalidArgumentError('Argument "docs" must be an array of documents');
    if (documents.length === 0)
      throw new MongoInvalidArgumentError('Invalid BulkOperation, Batch cannot be empty');
    let result: BulkWriteResult;
    try {
      result = await runInserts(
        this.context,
        this.codec.with(options),
        this.target,
        documents as readonly object[],
        options ?? {},
        this.writeConcern,
      );
    } catch (error) {
      throw publicError(error);
    }
    return {
      acknowledged: result.acknowledged,
      insertedCount: result.insertedCount,
      insertedIds: result.insertedIds as Record<number, InferIdType<TSchema>>,
    };
  }

  /** @throws MongoBulkWriteError */
  bulkWrite(
    operations: readonly AnyBulkWriteOperation<TSchema>[],
    options: BulkWriteOptions = {},
  ): Promise<BulkWriteResult> {
    if (!Array.isArray(operations))
      return Promise.reject(
        new MongoInvalidArgumentError('Argument "operations" must be an array of documents'),
      );
    if (operations.length === 0)
      return Promise.reject(new MongoInvalidArgumentError('Invalid BulkOperation, Batch cannot be empty'));
    return this.runBulk(operations as readonly object[], options);
  }

  private async runBulk(operations: readonly object[], options: BulkWriteOptions): Promise<BulkWriteResult> {
    try {
      return await runBulk(
        this.context,
        this.codec.with(options),
        this.target,
        operations,
        options,
        this.writeConcern,
      );
    } catch (error) {
      throw publicError(error);
    }
  }

  initializeOrderedBulkOp(options: BulkWriteOptions = {}): BulkOperation {
    return new BulkOperation((operations, given) => this.runBulk(operations, given), {
      ...options,
      ordered: true,
    });
  }

  initializeUnorderedBulkOp(options: BulkWriteOptions = {}): BulkOperation {
    return new BulkOperation((operations, given) => this.runBulk(operations, given), {
      ...options,
      ordered: false,
    });
  }

  updateOne(
    filter: FilterOrText<TSchema>,
    update: UpdateFilter<TSchema> | Document[],
    options?: UpdateOptions,
  ): Promise<UpdateResult<TSchema>> {
    return this.update(filter, { update }, options, false, false);
  }

  updateMany(
    filter: FilterOrText<TSchema>,
    update: UpdateFilter<TSchema> | Document[],
    options?: UpdateOptions,
  ): Promise<UpdateResult<TSchema>> {
    return this.update(filter, { update }, options, true, false);
  }

  replaceOne(
    filter: FilterOrText<TSchema>,
    replacement: WithoutId<TSchema>,
    options?: ReplaceOptions,
  ): Promise<UpdateResult<TSchema>> {
    return this.update(filter, { replacement }, options, false, true);
  }

  private async update(
    filter: unknown,
    model: { update?: unknown; replacement?: unknown },
    options: UpdateOptions | undefined,
    isMulti: boolean,
    isReplacement: boolean,
  ): Promise<UpdateResult<TSchema>> {
    const codec = this.codec.with(options);
    const statement = updateStatement(codec, { ...options, ...model, filter }, isMulti, isReplacement);
    try {
      const result = await this.context.engine.update(
        {
          ...commonOf(codec, options, this.writeConcern),
          namespace: this.target,
          statements: [statement],
          isOrdered: true,
          ...(options?.bypassDocumentValidation === true ? { bypassDocumentValidation: true } : {}),
        },
        options?.session?.requestContext(),
      );
      if (result.failures.length > 0) throw result.failures[0]!.error;
      return updateResult(result, codec, isAcknowledged(options, this.writeConcern));
    } catch (error) {
      throw publicError(error);
    }
  }

  deleteOne(
    filter: FilterOrText<TSchema> = {} as Filter<TSchema>,
    options?: DeleteOptions,
  ): Promise<DeleteResult> {
    return this.delete(filter, options, false);
  }

  deleteMany(
    filter: FilterOrText<TSchema> = {} as Filter<TSchema>,
    options?: DeleteOptions,
  ): Promise<DeleteResult> {
    return this.delete(filter, options, true);
  }

  private async delete(
    filter: unknown,
    options: DeleteOptions | undefined,
    isMulti: boolean,
  ): Promise<DeleteResult> {
    const codec = this.codec.with(options);
    try {
      const { deleted, failures } = await this.context.engine.delete(
        {
          ...commonOf(codec, options, this.writeConcern),
          namespace: this.target,
          statements: [deleteStatement(codec, { ...options, filter }, isMulti)],
          isOrdered: true,
        },
        options?.session?.requestContext(),
      );
      if (failures.length > 0) throw failures[0]!.error;
      const acknowledged = isAcknowledged(options, this.writeConcern);
      return { acknowledged, deletedCount: acknowledged ? deleted : 0 };
    } catch (error) {
      throw publicError(error);
    }
  }

  findOneAndDelete(
    filter: FilterOrText<TSchema>,
    options: FindOneAndDeleteOptions & { includeResultMetadata: true },
  ): Promise<ModifyResult<TSchema>>;
  findOneAndDelete(
    filter: FilterOrText<TSchema>,
    options?: FindOneAndDeleteOptions,
  ): Promise<WithId<TSchema> | null>;
  findOneAndDelete(
    filter: FilterOrText<TSchema>,
    options: FindOneAndDeleteOptions = {},
  ): Promise<WithId<TSchema> | ModifyResult<TSchema> | null> {
    return this.findAndModify(filter, undefined, options);
  }

  findOneAndReplace(
    filter: FilterOrText<TSchema>,
    replacement: WithoutId<TSchema>,
    options: FindOneAndReplaceOptions & { includeResultMetadata: true },
  ): Promise<ModifyResult<TSchema>>;
  findOneAndReplace(
    filter: FilterOrText<TSchema>,
    replacement: WithoutId<TSchema>,
    options?: FindOneAndReplaceOptions,
  ): Promise<WithId<TSchema> | null>;
  findOneAndReplace(
    filter: FilterOrText<TSchema>,
    replacement: WithoutId<TSchema>,
    options: FindOneAndReplaceOptions = {},
  ): Promise<WithId<TSchema> | ModifyResult<TSchema> | null> {
    if (typeof replacement !== 'object' || replacement === null || hasOperators(replacement as Document))
      throw new MongoInvalidArgumentError('Replacement document must not contain atomic operators');
    return this.findAndModify(filter, replacement, options);
  }

  findOneAndUpdate(
    filter: FilterOrText<TSchema>,
    update: UpdateFilter<TSchema> | Document[],
    options: FindOneAndUpdateOptions & { includeResultMetadata: true },
  ): Promise<ModifyResult<TSchema>>;
  findOneAndUpdate(
    filter: FilterOrText<TSchema>,
    update: UpdateFilter<TSchema> | Document[],
    options?: FindOneAndUpdateOptions,
  ): Promise<WithId<TSchema> | null>;
  findOneAndUpdate(
    filter: FilterOrText<TSchema>,
    update: UpdateFilter<TSchema> | Document[],
    options: FindOneAndUpdateOptions = {},
  ): Promise<WithId<TSchema> | ModifyResult<TSchema> | null> {
    if (!Array.isArray(update) && !hasOperators(update as Document))
      throw new MongoInvalidArgumentError('Update document requires atomic operators');
    return this.findAndModify(filter, update, options);
  }

  private async findAndModify(
    filter: unknown,
    update: unknown,
    options: FindOneAndUpdateOptions,
  ): Promise<WithId<TSchema> | ModifyResult<TSchema> | null> {
    const codec = this.codec.with(options);
    const sort = encodeSort(codec, options.sort);
    const hint = encodeHint(codec, options.hint);
    try {
      const result = await this.context.engine.findAndModify(
        {
          ...commonOf(codec, options, this.writeConcern),
          namespace: this.target,
          filter: encodeFilter(codec, filter),
          ...(sort === undefined ? {} : { sort }),
          ...(options.projection === undefined ? {} : { projection: codec.encode(options.projection) }),
          ...(update === undefined ? {} : { update: updateValue(codec, update) }),
          isUpsert: options.upsert === true,
          returnsNew: options.returnDocument === 'after',
          ...(options.arrayFilters === undefined
            ? {}
            : { arrayFilters: options.arrayFilters.map((each) => codec.encode(each)) }),
          ...(hint === undefined ? {} : { hint }),
          ...(options.bypassDocumentValidation === true ? { bypassDocumentValidation: true } : {}),
        },
        options.session?.requestContext(),
      );
      if (!isAcknowledged(options, this.writeConcern)) return null;
      const value = result.document === undefined ? null : codec.decode<WithId<TSchema>>(result.document);
      if (options.includeResultMetadata !== true) return value;
      return {
        value,
        lastErrorObject: {
          n: result.matched,
          ...(update === undefined ? {} : { updatedExisting: result.updatedExisting }),
          ...(result.upsertedId === undefined ? {} : { upserted: idOf(result.upsertedId, codec) }),
        },
        ok: 1,
      };
    } catch (error) {
      throw publicError(error);
    }
  }

  /** Gives the collection another name. @returns the collection under that name */
  async rename(
    newName: string,
    options: OperationOptions & { dropTarget?: boolean } = {},
  ): Promise<Collection<TSchema>> {
    const { db } = this.target;
    await this.context.command(
      {
        renameCollection: this.namespace,
        to: `${db}.${newName}`,
        ...(options.dropTarget === undefined ? {} : { dropTarget: options.dropTarget }),
      },
      'admin',
      options,
    );
    return new Collection<TSchema>(this.context, { db, collection: newName }, this.codec, this.options_);
  }

  aggregate<T extends object = Document>(
    pipeline: Document[] = [],
    options?: AggregateOptions,
  ): AggregationCursor<T> {
    return new AggregationCursor<T>(this.context, this.codec.with(options), this.target, pipeline, options);
  }

  /** How many documents match, exactly. */
  async countDocuments(
    filter: FilterOrText<TSchema> = {} as Filter<TSchema>,
    options: CountDocumentsOptions = {},
  ): Promise<number> {
    const codec = this.codec.with(options);
    const hint = encodeHint(codec, options.hint);
    try {
      return await this.context.engine.count(
        {
          ...commonOf(codec, options),
          namespace: this.target,
          filter: encodeFilter(codec, filter),
          ...(options.skip === undefined ? {} : { skip: options.skip }),
          ...(options.limit === undefined ? {} : { limit: options.limit }),
          ...(hint === undefined ? {} : { hint }),
        },
        options.session?.requestContext(),
      );
    } catch (error) {
      throw publicError(error);
    }
  }

  /** How many documents there are: known without counting. */
  async estimatedDocumentCount(options: OperationOptions = {}): Promise<number> {
    try {
      return await this.context.engine.count(
        { ...commonOf(this.codec, options), namespace: this.target },
        options.session?.requestContext(),
      );
    } catch (error) {
      throw publicError(error);
    }
  }

  /** @deprecated use `countDocuments` or `estimatedDocumentCount` */
  count(filter?: FilterOrText<TSchema>, options?: CountDocumentsOptions): Promise<number> {
    return this.countDocuments(filter, options);
  }

  /** The different values of a field. */
  async distinct(
    key: string,
    filter: FilterOrText<TSchema> = {} as Filter<TSchema>,
    options: DistinctOptions = {},
  ): Promise<unknown[]> {
    const codec = this.codec.with(options);
    const hint = encodeHint(codec, options.hint);
    try {
      const values = await this.context.engine.distinct(
        {
          ...commonOf(codec, options),
          namespace: this.target,
          key,
          filter: encodeFilter(codec, filter),
          ...(hint === undefined ? {} : { hint }),
        },
        options.session?.requestContext(),
      );
      return values.map((value) => idOf(value, codec));
    } catch (error) {
      throw publicError(error);
    }
  }
}

const MOST_BYTES = 0x7fff_ffff;

function idOf(value: Value, codec: Codec): unknown {
  return codec.options.promoteValues === false ? exactJs(value) : plainJs(value);
}

function updateResult<TSchema>(
  result: EngineUpdateResult,
  codec: Codec,
  acknowledged: boolean,
): UpdateResult<TSchema> {
  if (!acknowledged)
    return { acknowledged, matchedCount: 0, modifiedCount: 0, upsertedCount: 0, upsertedId: null };
  const [upserted] = result.upserted;
  return {
    acknowledged,
    matchedCount: result.matched,
    modifiedCount: result.modified,
    upsertedCount: result.upserted.length,
    upsertedId: (upserted === undefined ? null : idOf(upserted.id, codec)) as InferIdType<TSchema> | null,
  };
}

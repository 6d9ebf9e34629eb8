/** A database, as users of the official driver know it. */
import type { Document } from '../bson/package.js';
import { Admin } from './admin.js';
import { AggregationCursor } from './aggregation-cursor.js';
import { Collection } from './collection.js';
import type { CollectionOptions } from './collection-indexes.js';
import { withCommon, type ApiContext } from './context.js';
import { MongoInvalidArgumentError, MongoServerError } from './errors.js';
import { ListCursor, listCommand } from './list-cursor.js';
import { CODEC_OPTIONS, type Codec } from './options.js';
import type {
  AggregateOptions,
  CollectionInfo,
  CreateCollectionOptions,
  CreateIndexesOptions,
  IndexSpecification,
  OperationOptions,
  WriteConcernSettings,
} from './types.js';

export interface DbOptions extends CollectionOptions {
  authSource?: string;
}

export class Db {
  private readonly codec: Codec;

  constructor(
    private readonly context: ApiContext,
    readonly databaseName: string,
    private readonly options_: DbOptions = {},
  ) {
    if (typeof databaseName !== 'string' || databaseName === '')
      throw new MongoInvalidArgumentError('Database name must be a non-empty string');
    this.codec = context.codec.with(options_);
  }

  get namespace(): string {
    return this.databaseName;
  }

  get writeConcern(): WriteConcernSettings | undefined {
    return this.options_.writeConcern;
  }

  get bsonOptions(): CollectionOptions {
    return this.codec.options;
  }

  collection<TSchema extends object = Document>(
    name: string,
    options: CollectionOptions = {},
  ): Collection<TSchema> {
    if (typeof name !== 'string') throw new MongoInvalidArgumentError('Collection name must be a string');
    if (name === '') throw new MongoInvalidArgumentError('Collection names cannot be empty');
    return new Collection<TSchema>(this.context, { db: this.databaseName, collection: name }, this.codec, {
      ...(this.options_.writeConcern === undefined ? {} : { writeConcern: this.options_.writeConcern }),
      ...options,
    });
  }

  /** Runs any command. */
  command(command: Document, options: OperationOptions = {}): Promise<Document> {
    return this.context.command(withCommon(command, options), this.databaseName, options);
  }

  /** A cursor over the documents of a command that answers with one. */
  runCursorCommand(command: Document, options: OperationOptions = {}): ListCursor<Document> {
    return new ListCursor<Document>(this.codec, () =>
      listCommand(this.context, command, this.databaseName, options),
    );
  }

  admin(): Admin {
    return new Admin(this.context, (name) => new Db(this.context, name));
  }

  aggregate<T extends object = Document>(
    pipeline: Document[] = [],
    options?: AggregateOptions,
  ): AggregationCursor<T> {
    return new AggregationCursor<T>(
      this.context,
      this.codec.with(options),
      { db: this.databaseName, collection: '' },
      pipeline,
      options,
    );
  }

  async createCollection<TSchema extends object = Document>(
    name: string,
    options: CreateCollectionOptions = {},
  ): Promise<Collection<TSchema>> {
    const { session, maxTimeMS, comment, signal, writeConcern, ...rest } = options;
    const definition = Object.fromEntries(
      Object.entries(rest).filter(([key, value]) => value !== undefined && !CODEC_NAMES.has(key)),
    );
    await this.command({ create: name, ...definition }, {
      ...(session === undefined ? {} : { session }),
      ...(maxTimeMS === undefined ? {} : { maxTimeMS }),
      ...(comment === undefined ? {} : { comment }),
      ...(signal === undefined ? {} : { signal }),
      ...(writeConcern === undefined ? {} : { writeConcern }),
    } as OperationOptions);
    return this.collection<TSchema>(name);
  }

  listCollections(
    filter: Document = {},
    options: OperationOptions & {
      nameOnly?: boolean;
      batchSize?: number;
      authorizedCollections?: boolean;
    } = {},
  ): ListCursor<CollectionInfo> {
    return new ListCursor<CollectionInfo>(
      this.codec,
      () =>
        listCommand(
          this.context,
          {
            listCollections: 1,
            filter,
            cursor: {},
            ...(options.nameOnly === true ? { nameOnly: true } : {}),
          },
          this.databaseName,
          options,
        ),
      options.signal,
    );
  }

  async collections(options: OperationOptions = {}): Promise<Collection[]> {
    const infos = await this.listCollections({}, { ...options, nameOnly: true }).toArray();
    return infos.filter(({ name }) => !name.includes('$')).map(({ name }) => this.collection(name));
  }

  async renameCollection<TSchema extends object = Document>(
    from: string,
    to: string,
    options: OperationOptions & { dropTarget?: boolean } = {},
  ): Promise<Collection<TSchema>> {
    const collection = this.collection<TSchema>(from);
    await collection.rename(to, options);
    return this.collection<TSchema>(to);
  }

  dropCollection(name: string, options: OperationOptions = {}): Promise<boolean> {
    return this.collection(name).drop(options);
  }

  async dropDatabase(options: OperationOptions = {}): Promise<boolean> {
    await this.command({ dropDatabase: 1 }, options);
    return true;
  }

  createIndex(name: string, spec: IndexSpecification, options?: CreateIndexesOptions): Promise<string> {
    return this.collection(name).createIndex(spec, options);
  }

  indexInformation(name: string, options?: OperationOptions & { full?: boolean }): Promise<Document> {
    return this.collection(name).indexInformation(options);
  }

  stats(options: OperationOptions & { scale?: number } = {}): Promise<Document> {
    return this.command(
      { dbStats: 1, ...(options.scale === undefined ? {} : { scale: options.scale }) },
      options,
    );
  }

  /** Changes are not streamed yet; said at once, not when the first one is awaited. */
  watch(): never {
    throw new MongoServerError({ code: 115, message: 'change streams are not available' });
  }
}

const CODEC_NAMES: ReadonlySet<string> = new Set([
  ...CODEC_OPTIONS,
  'timeoutMS',
  'readConcern',
  'readPreference',
]);

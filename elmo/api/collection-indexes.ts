/** What a collection is called, its indexes, and what becomes of it as a whole. */
import type { Document } from '../bson/package.js';
import type { Namespace } from '../operation/requests.js';
import { withCommon, type ApiContext } from './context.js';
import { MongoServerError } from './errors.js';
import { ListCursor, listCommand } from './list-cursor.js';
import { CODEC_OPTIONS, type Codec } from './options.js';
import type {
  BSONSerializeOptions,
  CreateIndexesOptions,
  IndexDescription,
  IndexDirection,
  IndexSpecification,
  OperationOptions,
  WriteConcernSettings,
  WriteOptions,
} from './types.js';

export interface CollectionOptions extends BSONSerializeOptions {
  writeConcern?: WriteConcernSettings;
  readConcern?: unknown;
  readPreference?: unknown;
}

export class CollectionIndexes {
  protected readonly codec: Codec;

  constructor(
    protected readonly context: ApiContext,
    protected readonly target: Namespace,
    codec: Codec,
    protected readonly options_: CollectionOptions = {},
  ) {
    this.codec = codec.with(options_);
  }

  get dbName(): string {
    return this.target.db;
  }

  get collectionName(): string {
    return this.target.collection;
  }

  /** 'db.collection' */
  get namespace(): string {
    return `${this.target.db}.${this.target.collection}`;
  }

  get writeConcern(): WriteConcernSettings | undefined {
    return this.options_.writeConcern;
  }

  get bsonOptions(): BSONSerializeOptions {
    return this.codec.options;
  }

  /** What the engine calls now, in milliseconds since 1970. */
  nowMs(): number {
    return this.context.engine.clock.wallMs();
  }

  protected command(command: Document, options: OperationOptions = {}): Promise<Document> {
    return this.context.command(withCommon(command, options), this.target.db, options);
  }

  /** @returns the index's name */
  async createIndex(spec: IndexSpecification, options: CreateIndexesOptions = {}): Promise<string> {
    const [name] = await this.createIndexes([{ key: keyOf(spec), ...definitionOf(options) }], options);
    return name!;
  }

  /** @returns the indexes' names */
  async createIndexes(
    specs: readonly IndexDescription[],
    options: Pick<CreateIndexesOptions, keyof WriteOptions | 'commitQuorum'> = {},
  ): Promise<string[]> {
    const indexes = specs.map((spec) => {
      const key = spec.key instanceof Map ? Object.fromEntries(spec.key) : spec.key;
      return { ...spec, key, name: spec.name ?? nameOf(key as Record<string, IndexDirection>) };
    });
    await this.command(
      {
        createIndexes: this.target.collection,
        indexes,
        ...(options.commitQuorum === undefined ? {} : { commitQuorum: options.commitQuorum }),
      },
      options,
    );
    return indexes.map(({ name }) => name);
  }

  dropIndex(name: string | Document, options: OperationOptions = {}): Promise<Document> {
    return this.command({ dropIndexes: this.target.collection, index: name }, options);
  }

  async dropIndexes(options: OperationOptions = {}): Promise<boolean> {
    await this.command({ dropIndexes: this.target.collection, index: '*' }, options);
    return true;
  }

  listIndexes(options: OperationOptions & { batchSize?: number } = {}): ListCursor<Document> {
    return new ListCursor<Document>(this.codec, () =>
      listCommand(this.context, { listIndexes: this.target.collection, cursor: {} }, this.target.db, options),
    );
  }

  indexes(options: OperationOptions = {}): Promise<Document[]> {
    return this.listIndexes(options).toArray();
  }

  /** Names and fields of the indexes: {name: [[field, direction]]}; with `full` their definitions. */
  async indexInformation(options: OperationOptions & { full?: boolean } = {}): Promise<Document> {
    const indexes = await this.indexes(options);
    if (options.full === true) return indexes;
    return Object.fromEntries(
      indexes.map(({ name, key }) => [name as string, Object.entries(key as Document)]),
    );
  }

  async indexExists(names: string | readonly string[], options: OperationOptions = {}): Promise<boolean> {
    const existing = new Set((await this.indexes(options)).map(({ name }) => name as string));
    return (typeof names === 'string' ? [names] : names).every((name) => existing.has(name));
  }

  /** Deletes the collection; one that is not there is no error. */
  async drop(options: OperationOptions = {}): Promise<boolean> {
    try {
      await this.command({ drop: this.target.collection }, options);
      return true;
    } catch (error) {
      if (error instanceof MongoServerError && error.codeName === 'NamespaceNotFound') return false;
      throw error;
    }
  }

  /** What it was created with. */
  async options(options: OperationOptions = {}): Promise<Document> {
    const reply = await this.context.command(
      { listCollections: 1, filter: { name: this.target.collection } },
      this.target.db,
      options,
    );
    const [info] = (reply['cursor'] as Document)['firstBatch'] as Document[];
    return (info?.['options'] as Document | undefined) ?? {};
  }

  async isCapped(options: OperationOptions = {}): Promise<boolean> {
    return Boolean((await this.options(options))['capped']);
  }
}

function keyOf(spec: IndexSpecification): Record<string, IndexDirection> {
  if (typeof spec === 'string') return { [spec]: 1 };
  if (spec instanceof Map) return Object.fromEntries(spec as Map<string, IndexDirection>);
  if (!Array.isArray(spec)) return { ...(spec as Record<string, IndexDirection>) };
  const list = spec as readonly unknown[];
  if (list.length === 2 && typeof list[0] === 'string' && isDirection(list[1])) return { [list[0]]: list[1] };
  return Object.assign(
    {},
    ...list.map((part) =>
      Array.isArray(part)
        ? { [String(part[0])]: part[1] as IndexDirection }
        : typeof part === 'string'
          ? { [part]: 1 }
          : part,
    ),
  ) as Record<string, IndexDirection>;
}

const SPECIAL = new Set(['text', '2d', '2dsphere', 'hashed', 'geoHaystack']);

function isDirection(value: unknown): value is IndexDirection {
  return typeof value === 'number' || (typeof value === 'string' && SPECIAL.has(value));
}

export function nameOf(key: Record<string, IndexDirection>): string {
  return Object.entries(key).flat().join('_');
}

const NOT_OF_THE_INDEX: ReadonlySet<string> = new Set([
  'session',
  'maxTimeMS',
  'timeoutMS',
  'comment',
  'signal',
  'writeConcern',
  'commitQuorum',
  'readConcern',
  'readPreference',
  ...CODEC_OPTIONS,
]);

function definitionOf(options: CreateIndexesOptions): Omit<IndexDescription, 'key'> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && !NOT_OF_THE_INDEX.has(name)),
  );
}

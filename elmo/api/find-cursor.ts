/** `collection.find()`. */
import type { Document } from '../bson/package.js';
import type { ElmoCursor } from '../exec/cursor.js';
import type { FindRequest, Namespace } from '../operation/requests.js';
import { AbstractCursor, type CursorFlag } from './cursor.js';
import { MongoInvalidArgumentError, MongoTailableCursorError, publicError } from './errors.js';
import type { ApiContext } from './context.js';
import { commonOf, encodeFilter, encodeHint, encodeSort, type Codec } from './options.js';
import type {
  CollationOptions,
  CountDocumentsOptions,
  ExplainVerbosity,
  FindOptions,
  Hint,
  Sort,
  SortDirection,
} from './types.js';

export class FindCursor<TSchema = unknown> extends AbstractCursor<TSchema> {
  private options: FindOptions;

  constructor(
    private readonly context: ApiContext,
    codec: Codec,
    private readonly target: Namespace,
    private condition: unknown,
    options: FindOptions = {},
  ) {
    super(codec);
    this.options = { ...options };
    this.batchSize_ = options.batchSize;
    this.maxAwaitMs = options.maxAwaitTimeMS;
  }

  get namespace(): string {
    return `${this.target.db}.${this.target.collection}`;
  }

  clone(): FindCursor<TSchema> {
    return new FindCursor<TSchema>(this.context, this.codec, this.target, this.condition, {
      ...this.options,
      ...(this.batchSize_ === undefined ? {} : { batchSize: this.batchSize_ }),
      ...(this.maxAwaitMs === undefined ? {} : { maxAwaitTimeMS: this.maxAwaitMs }),
    });
  }

  /** The request as it stands. */
  request(): FindRequest {
    return findRequest(this.codec, this.target, this.condition, this.options);
  }

  protected override open(): Promise<ElmoCursor> {
    return this.context.engine.find(this.request(), this.options.session?.requestContext());
  }

  filter(filter: Document | string): this {
    this.checkNotStarted();
    this.condition = filter;
    return this;
  }

  hint(hint: Hint): this {
    return this.set({ hint });
  }

  min(min: Document): this {
    return this.set({ min });
  }

  max(max: Document): this {
    return this.set({ max });
  }

  returnKey(value: boolean): this {
    return this.set({ returnKey: value });
  }

  showRecordId(value: boolean): this {
    return this.set({ showRecordId: value });
  }

  comment(value: unknown): this {
    return this.set({ comment: value });
  }

  maxTimeMS(value: number): this {
    if (typeof value !== 'number')
      throw new MongoInvalidArgumentError('Argument for maxTimeMS must be a number');
    return this.set({ maxTimeMS: value });
  }

  maxAwaitTimeMS(value: number): this {
    this.checkNotStarted();
    if (typeof value !== 'number')
      throw new MongoInvalidArgumentError('Argument for maxAwaitTimeMS must be a number');
    this.maxAwaitMs = value;
    return this;
  }

  project<T extends Document = Document>(projection: Document): FindCursor<T> {
    return this.set({ projection }) as unknown as FindCursor<T>;
  }

  sort(sort: Sort, direction?: SortDirection): this {
    if (this.options.tailable === true)
      throw new MongoTailableCursorError('Tailable cursor does not support sorting');
    encodeSort(this.codec, sort, direction); // refuses what is no sort now, not when the query runs
    return this.set({
      sort: typeof sort === 'string' && direction !== undefined ? { [sort]: direction } : sort,
    });
  }

  allowDiskUse(allow = true): this {
    return this.set({ allowDiskUse: allow });
  }

  collation(collation: CollationOptions): this {
    return this.set({ collation });
  }

  limit(limit: number): this {
    if (this.options.tailable === true)
      throw new MongoTailableCursorError('Tailable cursor does not support limit');
    if (typeof limit !== 'number')
      throw new MongoInvalidArgumentError('Operation "limit" requires an integer');
    return this.set({ limit });
  }

  skip(skip: number): this {
    if (this.options.tailable === true)
      throw new MongoTailableCursorError('Tailable cursor does not support skip');
    if (typeof skip !== 'number') throw new MongoInvalidArgumentError('Operation "skip" requires an integer');
    return this.set({ skip });
  }

  addCursorFlag(flag: CursorFlag, value: boolean): this {
    return this.set({ [flag]: value });
  }

  addQueryModifier(name: string, value: unknown): this {
    const option = MODIFIERS[name];
    if (option === undefined) throw new MongoInvalidArgumentError(`Invalid query modifier: ${name}`);
    return this.set({ [option]: value });
  }

  /** How many documents match, skip and limit included. */
  async count(options: CountDocumentsOptions = {}): Promise<number> {
    try {
      return await this.context.engine.count(
        { ...this.request(), ...commonOf(this.codec, options) },
        this.options.session?.requestContext(),
      );
    } catch (error) {
      throw publicError(error);
    }
  }

  /** How the query is (or would be) run. */
  async explain(verbosity: ExplainVerbosity = 'allPlansExecution'): Promise<Document> {
    return this.context.explain(
      { find: this.target.collection, ...explainedFind(this.condition, this.options) },
      this.target.db,
      verbosity,
    );
  }

  private set(options: Partial<FindOptions>): this {
    this.checkNotStarted();
    this.options = { ...this.options, ...options };
    return this;
  }
}

const MODIFIERS: Readonly<Record<string, keyof FindOptions>> = {
  $comment: 'comment',
  $explain: 'explain',
  $hint: 'hint',
  $max: 'max',
  $maxTimeMS: 'maxTimeMS',
  $min: 'min',
  $orderby: 'sort',
  $query: 'filter',
  $returnKey: 'returnKey',
  $showDiskLoc: 'showRecordId',
};

function explainedFind(filter: unknown, options: FindOptions): Document {
  const shown: Document = { filter: filter ?? {} };
  for (const name of ['sort', 'projection', 'limit', 'skip', 'hint', 'min', 'max', 'collation'] as const)
    if (options[name] !== undefined) shown[name] = options[name];
  return shown;
}

/** A find of the interface as the engine takes it. */
export function findRequest(
  codec: Codec,
  namespace: Namespace,
  condition: unknown,
  options: FindOptions,
): FindRequest {
  const sort = encodeSort(codec, options.sort);
  const hint = encodeHint(codec, options.hint);
  const { limit } = options;
  return {
    ...commonOf(codec, options),
    namespace,
    filter: encodeFilter(codec, condition ?? options.filter),
    ...(sort === undefined ? {} : { sort }),
    ...(options.projection === undefined ? {} : { projection: codec.encode(options.projection) }),
    ...(limit === undefined ? {} : { limit: Math.abs(limit) }),
    ...(options.skip === undefined ? {} : { skip: options.skip }),
    ...(hint === undefined ? {} : { hint }),
    ...(options.min === undefined ? {} : { min: codec.encode(options.min) }),
    ...(options.max === undefined ? {} : { max: codec.encode(options.max) }),
    ...(options.returnKey === undefined ? {} : { returnKey: options.returnKey }),
    ...(options.showRecordId === undefined ? {} : { showRecordId: options.showRecordId }),
    ...(options.tailable === undefined ? {} : { isTailable: options.tailable }),
    ...(options.awaitData === undefined ? {} : { awaitData: options.awaitData }),
    ...(options.allowDiskUse === undefined ? {} : { allowDiskUse: options.allowDiskUse }),
  };
}

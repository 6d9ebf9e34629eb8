/** `collection.aggregate()`. */
import type { Document } from '../bson/package.js';
import type { ElmoCursor } from '../exec/cursor.js';
import type { Namespace } from '../operation/requests.js';
import type { ApiContext } from './context.js';
import { AbstractCursor } from './cursor.js';
import { commonOf, encodeHint, type Codec } from './options.js';
import type { AggregateOptions, ExplainVerbosity, Sort } from './types.js';
import { MongoInvalidArgumentError } from './errors.js';

export class AggregationCursor<TSchema = unknown> extends AbstractCursor<TSchema> {
  readonly pipeline: Document[];

  constructor(
    private readonly context: ApiContext,
    codec: Codec,
    private readonly target: Namespace,
    pipeline: readonly Document[],
    private readonly options: AggregateOptions = {},
  ) {
    super(codec, options.signal);
    if (!Array.isArray(pipeline))
      throw new MongoInvalidArgumentError('Argument "pipeline" must be an array of aggregation stages');
    this.pipeline = [...pipeline];
    this.batchSize_ = options.batchSize ?? options.cursor?.batchSize;
    this.maxAwaitMs = options.maxAwaitTimeMS;
    if (options.out !== undefined) this.pipeline.push({ $out: options.out });
  }

  get namespace(): string {
    return `${this.target.db}.${this.target.collection}`;
  }

  clone(): AggregationCursor<TSchema> {
    return new AggregationCursor<TSchema>(this.context, this.codec, this.target, this.pipeline, this.options);
  }

  protected override open(): Promise<ElmoCursor> {
    const { codec, options } = this;
    const hint = encodeHint(codec, options.hint);
    return this.context.engine.aggregate(
      {
        ...commonOf(codec, options),
        namespace: this.target,
        pipeline: this.pipeline.map((stage) => codec.encode(stage)),
        ...(hint === undefined ? {} : { hint }),
        ...(options.allowDiskUse === undefined ? {} : { allowDiskUse: options.allowDiskUse }),
        ...(options.bypassDocumentValidation === true ? { bypassDocumentValidation: true } : {}),
      },
      options.session?.requestContext(),
    );
  }

  addStage(stage: Document): this {
    this.checkNotStarted();
    this.pipeline.push(stage);
    return this;
  }

  group<T = TSchema>($group: Document): AggregationCursor<T> {
    return this.addStage({ $group }) as unknown as AggregationCursor<T>;
  }
  limit($limit: number): this {
    return this.addStage({ $limit });
  }
  match($match: Document): this {
    return this.addStage({ $match });
  }
  out($out: string | { db: string; coll: string }): this {
    return this.addStage({ $out });
  }
  project<T extends Document = Document>($project: Document): AggregationCursor<T> {
    return this.addStage({ $project }) as unknown as AggregationCursor<T>;
  }
  lookup($lookup: Document): this {
    return this.addStage({ $lookup });
  }
  replaceRoot($replaceRoot: Document): this {
    return this.addStage({ $replaceRoot });
  }
  skip($skip: number): this {
    return this.addStage({ $skip });
  }
  sort($sort: Sort): this {
    return this.addStage({ $sort });
  }
  unwind($unwind: Document | string): this {
    return this.addStage({ $unwind });
  }
  redact($redact: Document): this {
    return this.addStage({ $redact });
  }
  geoNear($geoNear: Document): this {
    return this.addStage({ $geoNear });
  }

  /** How the pipeline is (or would be) run. */
  async explain(verbosity: ExplainVerbosity = 'allPlansExecution'): Promise<Document> {
    return this.context.explain(
      {
        aggregate: this.target.collection === '' ? 1 : this.target.collection,
        pipeline: this.pipeline,
        cursor: {},
        ...(this.options.hint === undefined ? {} : { hint: this.options.hint }),
        ...(this.options.collation === undefined ? {} : { collation: this.options.collation }),
      },
      this.target.db,
      verbosity,
    );
  }
}

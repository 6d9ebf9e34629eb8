/** `$facet`: several pipelines over the same rows; one document with an array for each. */
import { ARRAY, OBJECT, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { documentLength, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { argumentsOf, elementsOf } from '../arguments.js';
import { checkedFieldName } from '../field-path.js';
import { MAX_STAGE_BYTES } from '../limits.js';
import { optimized } from '../optimize.js';
import { HeldMetadata } from '../row-metadata.js';
import { ListRows, StageRows } from '../rows.js';
import type { LookContext, Pipeline, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

interface Facet {
  readonly name: string;
  readonly pipeline: Pipeline;
}

class FacetStage implements Stage {
  readonly name = '$facet';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly facets: readonly Facet[],
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new FacetRows(input, run, this.facets);
  }

  addDependencies(into: Set<string>): boolean {
    for (const { pipeline } of this.facets) {
      const isEnough = pipeline.stages.some((stage) => stage.addDependencies(into));
      if (!isEnough) into.add('');
    }
    return true;
  }
}

/** The rows are kept once; then each pipeline goes over them. */
class FacetRows extends StageRows {
  private readonly kept: Uint8Array[] = [];
  private readonly held = new HeldMetadata();
  private keptBytes = 0;
  private isFilled = false;
  private isGiven = false;
  private facet = 0;
  private rows: RowSource | undefined;
  private readonly writer = new BsonWriter();
  private array = 0;
  private count = 0;
  private document = -1;

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly facets: readonly Facet[],
  ) {
    super(input);
  }

  override get metadata(): undefined {
    return undefined;
  }

  pull(): Pulled {
    if (this.isGiven) return END;
    while (!this.isFilled) {
      const pulled = this.input.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled === END) this.isFilled = true;
      else this.keep(this.input);
    }
    const { writer } = this;
    if (this.document < 0) this.document = writer.beginDocument();
    for (; this.facet < this.facets.length; this.facet++)
      if (!this.fillFacet(this.facets[this.facet]!)) return PAUSE;
    writer.endDocument(this.document);
    this.isGiven = true;
    this.bytes = writer.bytes;
    return ROW;
  }

  private keep({ bytes, at, metadata }: RowSource): void {
    const length = documentLength(bytes, at);
    this.keptBytes += length;
    if (this.keptBytes > MAX_STAGE_BYTES)
      throw new ElmoError(
        'ExceededMemoryLimit',
        `$facet holds more than ${MAX_STAGE_BYTES} bytes and cannot spill to disk`,
      );
    const row = bytes.slice(at, at + length);
    this.kept.push(row);
    this.held.keep(row, metadata);
  }

  /** @returns false to pause */
  private fillFacet({ name, pipeline }: Facet): boolean {
    const { writer } = this;
    if (this.rows === undefined) {
      writer.writeName(ARRAY, new FieldName(name).bytes);
      this.array = writer.beginDocument();
      this.count = 0;
      this.rows = pipeline.stages.reduce<RowSource>(
        (rows, stage) => stage.open(rows, this.run),
        new ListRows(this.kept, this.run.operation, this.held),
      );
    }
    const { rows } = this;
    for (;;) {
      const pulled = rows.pull();
      if (pulled === PAUSE) return false;
      if (pulled === END) break;
      writer.writeIndex(OBJECT, this.count++);
      writer.writeRange(rows.bytes, rows.at, rows.at + documentLength(rows.bytes, rows.at));
    }
    rows.close();
    this.rows = undefined;
    writer.endDocument(this.array);
    return true;
  }

  override close(): void {
    super.close();
    this.rows?.close();
    this.isGiven = true;
    this.kept.length = 0;
    this.held.clear();
  }
}

function readFacets(argument: Value): ReadonlyMap<string, Value> {
  const given = argument.type === OBJECT ? argumentsOf(argument) : new Map<string, Value>();
  if (given.size === 0) throw new ElmoError(40169, 'the $facet specification must be a non-empty object');
  for (const [name, pipeline] of given) {
    checkedFieldName(name);
    if (pipeline.type !== ARRAY)
      throw new ElmoError(
        40170,
        `arguments to $facet must be arrays, ${name} is type ${TYPE_NAMES.get(pipeline.type)}`,
      );
    if (elementsOf(pipeline).some(({ type }) => type !== OBJECT))
      throw new ElmoError(40171, 'elements of arrays in $facet spec must be non-empty objects');
  }
  return given;
}

function innerOf<Context extends LookContext>(context: Context): Context {
  return { ...context, kind: '$facet', depth: context.depth + 1 };
}

function lookAtFacets(argument: Value, context: LookContext): void {
  for (const pipeline of readFacets(argument).values()) context.lookAtPipeline(pipeline, innerOf(context));
}

function parseFacet(argument: Value, context: StageContext): Stage {
  const facets = [...readFacets(argument)].map(([name, pipeline]): Facet => ({
    name,
    pipeline: optimized(context.parsePipeline(pipeline, innerOf(context))),
  }));
  return new FacetStage(argument.keep(), facets);
}

export const facetStages: StageOperators = {
  $facet: {
    forbiddenIn: ['$facet'],
    look: lookAtFacets,
    parse: (argument, context) => [parseFacet(argument, context)],
  },
};

/** `$out`: the rows become a collection, in the place of the one that has its name. */
import { compareDocuments } from '../../bson/compare.js';
import { documentText } from '../../bson/text.js';
import { OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { documentValue, type Value } from '../../bson/value.js';
import { documentLength } from '../../bson/walk.js';
import type { CatalogEntry } from '../../catalog/catalog.js';
import type { CollectionSpec, Namespace } from '../../catalog/collection-spec.js';
import { checkNewNamespace, namespaceText } from '../../catalog/namespace.js';
import { newIndexSpec, specOf } from '../../catalog/record.js';
import type { CreateOptions } from '../../catalog/create-options.js';
import { addCollection } from '../../catalog/define.js';
import { documentOf, rawDocument } from '../../catalog/raw-document.js';
import {
  checkSpans,
  parseOutTimeseries,
  shownTimeseries,
  type TimeseriesFields,
} from '../../catalog/timeseries.js';
import { ElmoError } from '../../errors.js';
import { OpenCollection } from '../../index/open-collection.js';
import { END, PAUSE, type Pulled, type RowSource } from '../../operation/row-source.js';
import type { WriteUnit } from '../../operation/write-unit.js';
import { insertOne } from '../../write/insert.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { StageRows } from '../rows.js';
import type { LookContext, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { WriteSteps } from '../write/pipeline-writing.js';
import { checkTarget, textFields } from '../write/target.js';

class OutStage implements Stage {
  readonly name = '$out';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly target: Namespace,
    private readonly timeseries: TimeseriesFields | undefined,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new OutRows(input, new WriteSteps(run.writing!, this.target.db), this.target, this.timeseries);
  }

  addDependencies(into: Set<string>): boolean {
    into.add('');
    return true;
  }
}

/** Documents and bytes of one step. */
const STEP_DOCUMENTS = 1000;
const STEP_BYTES = 4 << 20;

/**
 * Writes a collection beside the target, with the same options and indexes; at the end it takes the target's place, in one
 * step. Until then readers see the old one; after an error they go on seeing it.
 */
class OutRows extends StageRows {
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private temporary: CatalogEntry | undefined;
  private state: 'reading' | 'flushing' | 'replacing' | 'settling' | 'done' = 'reading';
  private isAtInputEnd = false;

  constructor(
    input: RowSource,
    private readonly steps: WriteSteps,
    private readonly target: Namespace,
    private readonly timeseries: TimeseriesFields | undefined,
  ) {
    super(input);
    this.checkOld();
  }

  /** The collection whose place is taken; undefined if there is none. */
  private checkOld(): CollectionSpec | undefined {
    const spec = this.steps.writing.context.catalog.get(this.target)?.spec;
    const name = namespaceText(this.target);
    if (spec !== undefined && this.timeseries !== undefined) checkTimeseries(spec, this.timeseries);
    if (spec?.kind === 'view')
      throw new ElmoError('CommandNotSupportedOnView', `Namespace ${name} is a view, not a collection`);
    if (spec?.isCapped === true)
      throw new ElmoError(17152, `namespace '${name}' is capped so it can't be used for $out`);
    return spec;
  }

  pull(): Pulled {
    try {
      return this.proceed();
    } catch (error) {
      this.dropTemporary();
      throw error;
    }
  }

  private proceed(): Pulled {
    for (;;)
      switch (this.state) {
        case 'reading':
          if (!this.read()) return PAUSE;
          break;
        case 'flushing':
          if (!this.steps.run((unit) => this.insertWaiting(unit))) return PAUSE;
          this.waiting = [];
          this.waitingBytes = 0;
          this.state = this.isAtInputEnd ? 'replacing' : 'reading';
          break;
        case 'replacing':
          if (!this.steps.run((unit) => this.takePlace(unit))) return PAUSE;
          this.temporary = undefined;
          this.state = 'settling';
          this.steps.settle();
          return PAUSE;
        case 'settling':
          this.state = 'done';
          break;
        case 'done':
          return END;
      }
  }

  /** @returns false to pause */
  private read(): boolean {
    const { input } = this;
    while (this.waiting.length < STEP_DOCUMENTS && this.waitingBytes < STEP_BYTES) {
      const pulled = input.pull();
      if (pulled === PAUSE) return false;
      if (pulled === END) {
        this.isAtInputEnd = true;
        input.close();
        break;
      }
      const length = documentLength(input.bytes, input.at);
      this.waiting.push(input.bytes.slice(input.at, input.at + length));
      this.waitingBytes += length;
    }
    this.state = 'flushing';
    return true;
  }

  private insertWaiting(unit: WriteUnit): void {
    const { context, bypassesValidation } = this.steps.writing;
    this.temporary ??= this.create(unit);
    const entry = context.catalog.get(this.temporary.spec.namespace, unit)!;
    const collection = new OpenCollection(context.catalog, entry);
    for (const document of this.waiting) insertOne(collection, document, unit, context, bypassesValidation);
  }

  private create(unit: WriteUnit): CatalogEntry {
    checkName(this.target);
    const { context } = this.steps.writing;
    const { catalog } = context;
    const old = this.checkOld();
    const uuid = catalog.newUuid();
    const temporary = { db: this.target.db, collection: `tmp.agg_out.${Buffer.from(uuid).toString('hex')}` };
    unit.afterRollback(() => (this.temporary = undefined));
    if (old === undefined) return addCollection(catalog, unit, temporary, this.newOptions());
    const spec = specOf(temporary, {
      kind: old.kind,
      uuid,
      keyspace: catalog.takeKeyspace(),
      options: old.options,
      indexes: old.indexes.map(({ definition }) => newIndexSpec(definition, catalog.takeKeyspace(), true)),
    });
    return catalog.add(unit, spec);
  }

  /** Of a collection that was not there; undefined: it has none. */
  private newOptions(): CreateOptions | undefined {
    const { timeseries } = this;
    if (timeseries === undefined) return undefined;
    checkSpans(timeseries);
    return {
      kind: 'timeseries',
      options: rawDocument([['timeseries', documentValue(shownTimeseries(timeseries))]]),
      collation: undefined,
      clusteredIndex: undefined,
    };
  }

  private takePlace(unit: WriteUnit): void {
    const { catalog } = this.steps.writing.context;
    const old = catalog.get(this.target, unit);
    if (old !== undefined) catalog.drop(unit, old);
    catalog.rename(unit, catalog.get(this.temporary!.spec.namespace, unit)!.spec, this.target);
  }

  private dropTemporary(): void {
    const { temporary } = this;
    this.temporary = undefined;
    if (temporary === undefined) return;
    const { catalog } = this.steps.writing.context;
    this.steps.runNow((unit) => {
      const entry = catalog.get(temporary.spec.namespace, unit);
      if (entry !== undefined) catalog.drop(unit, entry);
    });
  }

  override close(): void {
    super.close();
    this.dropTemporary();
    this.state = 'done';
  }
}

/** @throws ElmoError 7268700, 7406103 unless the collection is a time-series collection of the same kind */
function checkTimeseries(spec: CollectionSpec, timeseries: TimeseriesFields): void {
  if (spec.kind !== 'timeseries')
    throw new ElmoError(
      7268700,
      'Cannot create a time-series collection from a non time-series collection or view.',
    );
  const [found, wanted] = [documentOf(spec.options, 'timeseries')!, shownTimeseries(timeseries)];
  if (compareDocuments(found, 0, wanted, 0) !== 0)
    throw new ElmoError(
      7406103,
      `Time-series options must match those of the collection: ${documentText(found)}, given: ${documentText(wanted)}`,
    );
}

function checkName(target: Namespace): void {
  try {
    checkNewNamespace(target);
  } catch (error) {
    throw new ElmoError('IllegalOperation', `error with target namespace: ${namespaceText(target)}`, {
      cause: error,
    });
  }
}

const INTERNAL_DATABASES: ReadonlySet<string> = new Set(['admin', 'local', 'config']);

interface OutArgument {
  readonly target: Namespace;
  readonly timeseries: TimeseriesFields | undefined;
}

function parseTimeseriesArgument(value: Value): TimeseriesFields | undefined {
  if (value.isNullish) return undefined;
  if (value.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '$out.timeseries' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'object'`,
    );
  return parseOutTimeseries(value.keep().document);
}

function parseArgument(argument: Value, db: string): OutArgument {
  if (argument.type === STRING) return { target: { db, collection: argument.text }, timeseries: undefined };
  if (argument.type !== OBJECT)
    throw new ElmoError(
      16990,
      `$out only supports a string or object argument, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  let timeseries: TimeseriesFields | undefined;
  const given = new Map<string, string>();
  for (const [name, value] of argumentsOf(argument))
    if (name === 'timeseries') timeseries = parseTimeseriesArgument(value);
    else
      for (const [field, text] of textFields(objectValue([[name, value]], OBJECT), '$out', ['db', 'coll']))
        given.set(field, text);
  for (const name of ['coll', 'db'])
    if (!given.has(name))
      throw new ElmoError('IDLFailedToParse', `BSON field '$out.${name}' is missing but a required field`);
  return { target: { db: given.get('db')!, collection: given.get('coll')! }, timeseries };
}

function lookAtOut(argument: Value, { namespace }: LookContext): void {
  checkTarget(parseArgument(argument, namespace.db).target, '$out');
}

function parseOut(argument: Value, context: StageContext): Stage {
  const { target, timeseries } = parseArgument(argument, context.namespace.db);
  if (target.collection.startsWith('system.'))
    throw new ElmoError(17385, `Can't $out to special collection: ${target.collection}`);
  if (INTERNAL_DATABASES.has(target.db))
    throw new ElmoError(31321, `Can't $out to internal database: ${target.db}`);
  return new OutStage(argument.keep(), target, timeseries);
}

export const outStages: StageOperators = {
  $out: { position: 'last', look: lookAtOut, parse: (argument, context) => [parseOut(argument, context)] },
};

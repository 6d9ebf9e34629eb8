/** `$out`: the rows become a collection, in the place of the one that has its name. */
import { OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { documentLength } from '../../bson/walk.js';
import type { CatalogEntry } from '../../catalog/catalog.js';
import type { CollectionSpec, Namespace } from '../../catalog/collection-spec.js';
import { checkNewNamespace, namespaceText } from '../../catalog/namespace.js';
import { newIndexSpec, specOf } from '../../catalog/record.js';
import { encodeDocument } from '../../bson/encode.js';
import { ElmoError } from '../../errors.js';
import { OpenCollection } from '../../index/open-collection.js';
import { END, PAUSE, type Pulled, type RowSource } from '../../operation/row-source.js';
import type { WriteUnit } from '../../operation/write-unit.js';
import { insertOne } from '../../write/insert.js';
import { argumentsOf } from '../arguments.js';
import { StageRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { WriteSteps } from '../write/pipeline-writing.js';
import { checkTarget, textFields } from '../write/target.js';

class OutStage implements Stage {
  readonly name = '$out';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly target: Namespace,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new OutRows(input, new WriteSteps(run.writing!), this.target);
  }

  addDependencies(into: Set<string>): boolean {
    into.add('');
    return true;
  }
}

/** Documents and bytes of one step. */
const STEP_DOCUMENTS = 1000;
const STEP_BYTES = 4 << 20;
const EMPTY_DOCUMENT = encodeDocument({});
const ID_INDEX = encodeDocument({ v: 2, key: { _id: 1 }, name: '_id_' });

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
  ) {
    super(input);
    this.checkOld();
  }

  /** The collection whose place is taken; undefined if there is none. */
  private checkOld(): CollectionSpec | undefined {
    const spec = this.steps.writing.context.catalog.get(this.target)?.spec;
    const name = namespaceText(this.target);
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
    const uuid = new Uint8Array(16);
    uuid.set(context.newObjectId(), 0);
    uuid.set(context.newObjectId().subarray(8), 12);
    uuid[6] = (uuid[6]! & 0x0f) | 0x40;
    uuid[8] = (uuid[8]! & 0x3f) | 0x80;
    const suffix = Buffer.from(uuid).toString('hex');
    const definitions = old?.indexes.map(({ definition }) => definition) ?? [ID_INDEX];
    const spec = specOf(
      { db: this.target.db, collection: `tmp.agg_out.${suffix}` },
      {
        kind: 'collection',
        uuid,
        keyspace: catalog.takeKeyspace(),
        options: old?.options ?? EMPTY_DOCUMENT,
        indexes: definitions.map((definition) => newIndexSpec(definition, catalog.takeKeyspace(), true)),
      },
    );
    unit.afterRollback(() => (this.temporary = undefined));
    return catalog.add(unit, spec);
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
    this.steps.run((unit) => {
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

function parseTarget(argument: Value, db: string): Namespace {
  if (argument.type === STRING) return { db, collection: argument.text };
  if (argument.type !== OBJECT)
    throw new ElmoError(
      16990,
      `$out only supports a string or object argument, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  const timeseries = argumentsOf(argument).get('timeseries');
  if (timeseries !== undefined && !timeseries.isNullish) {
    if (timeseries.type !== OBJECT)
      throw new ElmoError(
        'TypeMismatch',
        `BSON field '$out.timeseries' is the wrong type '${TYPE_NAMES.get(timeseries.type)}', expected type 'object'`,
      );
    throw new ElmoError('CommandNotSupported', '$out to time-series collections is not supported');
  }
  const given = textFields(argument, '$out', ['db', 'coll'], ['timeseries']);
  for (const name of ['coll', 'db'])
    if (!given.has(name))
      throw new ElmoError('IDLFailedToParse', `BSON field '$out.${name}' is missing but a required field`);
  return { db: given.get('db')!, collection: given.get('coll')! };
}

function parseOut(argument: Value, context: StageContext): Stage {
  const target = parseTarget(argument, context.namespace.db);
  checkTarget(target, '$out');
  if (target.collection.startsWith('system.'))
    throw new ElmoError(17385, `Can't $out to special collection: ${target.collection}`);
  if (INTERNAL_DATABASES.has(target.db))
    throw new ElmoError(31321, `Can't $out to internal database: ${target.db}`);
  return new OutStage(argument.keep(), target);
}

export const outStages: StageOperators = {
  $out: { position: 'last', parse: (argument, context) => [parseOut(argument, context)] },
};

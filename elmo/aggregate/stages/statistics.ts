/** Stages whose rows tell of the store: `$collStats`, `$indexStats`, `$planCacheStats`, `$listClusterCatalog`. */
import { UUID } from '../../bson/package.js';
import { BOOL, OBJECT, TYPE_NAMES } from '../../bson/types.js';
import {
  boolValue,
  dateValue,
  documentValue,
  EMPTY_ARRAY,
  EMPTY_DOCUMENT,
  FALSE_VALUE,
  int32Value,
  int64OfNumber,
  MISSING_VALUE,
  stringValue,
  valueOf,
  type Value,
} from '../../bson/value.js';
import { indexesBeside } from '../../catalog/listing.js';
import { namespaceText } from '../../catalog/namespace.js';
import { rawDocument, refuseEmbeddedNul } from '../../catalog/raw-document.js';
import type { CollectionSpec } from '../../catalog/collection-spec.js';
import { ElmoError } from '../../errors.js';
import { doubleOf, INT32_MAX, isNumberType } from '../../expression/numbers.js';
import type { RowSource } from '../../operation/row-source.js';
import { argumentsOf, arrayValue, objectValue } from '../arguments.js';
import type { CollectionFigures } from '../collections.js';
import { resolveViews } from '../open-pipeline.js';
import { ListRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

/** A stage whose few rows are made when it is opened. */
class StatisticsStage implements Stage {
  readonly changedPaths = undefined;
  readonly isOneToOne = false;
  readonly makesRows = true;

  constructor(
    readonly name: string,
    readonly argument: Value,
    /** Whether on a view it tells of the view, and not of what is below. */
    readonly ignoresViews: boolean,
    private readonly rows: (run: PipelineRun) => readonly Value[],
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    input.close();
    return new ListRows(this.rows(run).map(({ bytes }) => bytes));
  }

  addDependencies(): boolean {
    return true;
  }
}

const object = (fields: readonly (readonly [string, Value])[]): Value => objectValue(fields, OBJECT);

/** An int if it fits. */
function numberValue(value: number): Value {
  return value <= INT32_MAX ? int32Value(value) : int64OfNumber(value);
}

function wrongType(path: string, value: Value, expected: string): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `BSON field '${path}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type '${expected}'`,
  );
}

function parseIndexStats(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT || argumentsOf(argument).size > 0)
    throw new ElmoError(28803, 'The $indexStats stage specification must be an empty object');
  return new StatisticsStage('$indexStats', EMPTY_DOCUMENT, false, ({ collections }) => {
    const { namespace } = resolveViews({ stages: [], context });
    const spec = collections.describe(namespace);
    const uses = collections.facts.figures(namespace)?.indexUses;
    return (spec === undefined ? [] : indexesBeside(spec)).map((index) => {
      const accesses = object([
        ['ops', int64OfNumber(uses?.get(index.name) ?? 0)],
        ['since', dateValue(collections.facts.openedMs)],
      ]);
      return object([
        ['name', stringValue(index.name)],
        ['key', documentValue(index.key)],
        ['host', stringValue(collections.facts.host)],
        ['accesses', accesses],
        ['spec', documentValue(index.definition)],
      ]);
    });
  });
}

const OPERATIONS = ['commands', 'reads', 'writes', 'transactions'];
const COLL_STATS = ['latencyStats', 'storageStats', 'count', 'queryExecStats', 'operationStats'];

/** What was asked of `$collStats`, by name. */
function parseCollStatsOptions(argument: Value): ReadonlyMap<string, Value> {
  if (argument.type !== OBJECT) throw new ElmoError(5447000, '$collStats must take a nested object');
  const given = argumentsOf(argument);
  for (const [name, value] of given) {
    if (!COLL_STATS.includes(name))
      throw new ElmoError('IDLUnknownField', `BSON field '$collStats.${name}' is an unknown field.`);
    if (value.type !== OBJECT) throw wrongType(`$collStats.${name}`, value, 'object');
  }
  const count = given.get('count');
  if (count !== undefined && argumentsOf(count).size > 0)
    throw new ElmoError(31170, 'expected an empty object');
  const histograms = optionOf(given.get('latencyStats'), 'histograms');
  if (histograms !== undefined && histograms.type !== BOOL)
    throw new ElmoError(
      'TypeMismatch',
      `Field 'histograms' should be a boolean value, but found: ${TYPE_NAMES.get(histograms.type)}`,
    );
  scaleOf(given.get('storageStats'));
  return given;
}

function optionOf(options: Value | undefined, name: string): Value | undefined {
  return options === undefined ? undefined : argumentsOf(options).get(name);
}

function scaleOf(options: Value | undefined): number {
  const scale = optionOf(options, 'scale');
  if (scale === undefined || scale.isNullish) return 1;
  if (!isNumberType(scale.type))
    throw wrongType('$collStats.storageStats.scale', scale, '[long, int, decimal, double]');
  const value = Math.trunc(doubleOf(scale));
  if (!(value >= 1))
    throw new ElmoError('BadValue', `BSON field 'scale' value must be >= 1, actual value '${value}'`);
  return value;
}

function parseCollStats(argument: Value, context: StageContext): Stage {
  const kept = argument.keep();
  const options = parseCollStatsOptions(kept);
  const { namespace } = context;
  return new StatisticsStage('$collStats', kept, true, ({ collections, operation }) => {
    const fields: [string, Value][] = [
      ['ns', stringValue(namespaceText(namespace))],
      ['host', stringValue(collections.facts.host)],
      ['localTime', dateValue(operation.startedMs)],
    ];
    const need = (name: string): [CollectionSpec, CollectionFigures] => {
      const spec = collections.describe(namespace);
      const text = namespaceText(namespace);
      if (spec?.kind === 'view')
        throw new ElmoError('CommandNotSupportedOnView', `Namespace ${text} is a view, not a collection`);
      const figures = collections.facts.figures(namespace);
      if (spec === undefined || figures === undefined)
        throw new ElmoError(
          'NamespaceNotFound',
          `Unable to retrieve ${name} in $collStats stage :: caused by :: Collection [${text}] not found.`,
        );
      return [spec, figures];
    };
    const latency = options.get('latencyStats');
    if (latency !== undefined) fields.push(['latencyStats', latencyStats(latency)]);
    const storage = options.get('storageStats');
    if (storage !== undefined)
      fields.push(['storageStats', storageStats(...need('storageStats'), scaleOf(storage))]);
    if (options.has('count')) fields.push(['count', numberValue(need('count')[1].documents)]);
    if (options.has('queryExecStats')) {
      const [, { collectionScans }] = need('queryExecStats');
      const scans = object([
        ['total', int64OfNumber(collectionScans)],
        ['nonTailable', int64OfNumber(collectionScans)],
      ]);
      fields.push(['queryExecStats', object([['collectionScans', scans]])]);
    }
    return [object(fields)];
  });
}

/** Latencies are not measured here: nothing has been. */
function latencyStats(options: Value): Value {
  const histograms = optionOf(options, 'histograms');
  const hasHistograms = histograms !== undefined && histograms.bytes[histograms.at] === 1;
  const none = object([
    ['histogram', hasHistograms ? EMPTY_ARRAY : MISSING_VALUE],
    ['latency', int64OfNumber(0)],
    ['ops', int64OfNumber(0)],
    ['queryableEncryptionLatencyMicros', int64OfNumber(0)],
  ]);
  return object(OPERATIONS.map((name) => [name, none] as const));
}

type NamedStat = readonly [name: string, value: Value];

function averageBytes({ documents, bytes }: CollectionFigures): Value {
  return documents === 0 ? MISSING_VALUE : numberValue(Math.floor(bytes / documents));
}

function documentStats(figures: CollectionFigures): NamedStat[] {
  return [
    ['count', numberValue(figures.documents)],
    ['avgObjSize', averageBytes(figures)],
  ];
}

/** A measurement is a bucket of its own here. */
function bucketStats({ namespace }: CollectionSpec, figures: CollectionFigures): NamedStat {
  return [
    'timeseries',
    object([
      ['bucketsNs', stringValue(namespaceText(namespace))],
      ['bucketCount', numberValue(figures.documents)],
      ['avgBucketSize', averageBytes(figures)],
    ]),
  ];
}

/** What `collStats` says of a collection, sizes in units of `scale` bytes. */
export function storageStats(spec: CollectionSpec, figures: CollectionFigures, scale: number): Value {
  const scaled = (bytes: number): Value => numberValue(Math.floor(bytes / scale));
  const { bytes, storedBytes, indexBytes } = figures;
  for (const { name } of spec.indexes) refuseEmbeddedNul(name);
  let totalIndexBytes = 0;
  for (const size of indexBytes.values()) totalIndexBytes += size;
  return object([
    ['size', scaled(bytes)],
    ...(spec.kind === 'timeseries' ? [bucketStats(spec, figures)] : documentStats(figures)),
    ['numOrphanDocs', int32Value(0)],
    ['storageSize', scaled(storedBytes)],
    ['freeStorageSize', int32Value(0)],
    ['capped', boolValue(spec.isCapped)],
    ['max', spec.isCapped ? numberValue(spec.cappedDocuments) : MISSING_VALUE],
    ['maxSize', spec.isCapped ? scaled(spec.cappedBytes) : MISSING_VALUE],
    ['nindexes', int32Value(spec.indexes.length)],
    [
      'indexBuilds',
      arrayValue(spec.indexes.filter(({ isReady }) => !isReady).map(({ name }) => stringValue(name))),
    ],
    ['totalIndexSize', scaled(totalIndexBytes)],
    [
      'indexSizes',
      documentValue(rawDocument([...indexBytes].map(([name, size]) => [name, scaled(size)] as const))),
    ],
    ['totalSize', scaled(storedBytes + totalIndexBytes)],
    ['scaleFactor', numberValue(scale)],
  ]);
}

function parsePlanCacheStats(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `$planCacheStats value must be an object. Found: ${TYPE_NAMES.get(argument.type)}`,
    );
  for (const [name, value] of argumentsOf(argument)) {
    if (name !== 'allHosts')
      throw new ElmoError(
        'FailedToParse',
        `$planCacheStats parameters object may contain only 'allHosts' field. Found: ${name}`,
      );
    if (value.type !== BOOL)
      throw new ElmoError(13111, `wrong type for field (allHosts) ${TYPE_NAMES.get(value.type)} != bool`);
    if (value.bytes[value.at] === 1)
      throw new ElmoError(
        4503200,
        '$planCacheStats stage supports allHosts parameter only for sharded clusters',
      );
  }
  return new StatisticsStage('$planCacheStats', argument.keep(), false, ({ collections }) => {
    const { namespace } = resolveViews({ stages: [], context });
    if (collections.describe(namespace) === undefined)
      throw new ElmoError(50933, `collection '${namespaceText(namespace)}' does not exist`);
    return []; // plans are chosen anew each time
  });
}

const CATALOG_OPTIONS = ['shards', 'tracked', 'balancingConfiguration'];

function parseListClusterCatalog(argument: Value, context: StageContext): Stage {
  const { db, collection } = context.namespace;
  if (collection !== '')
    throw new ElmoError(9621301, 'The $listClusterCatalog stage must run on a database, not a collection.');
  if (argument.type !== OBJECT) throw new ElmoError(9621302, '$listClusterCatalog must take an object');
  const asked = new Set<string>();
  for (const [name, value] of argumentsOf(argument)) {
    if (!CATALOG_OPTIONS.includes(name))
      throw new ElmoError('IDLUnknownField', `BSON field '$listClusterCatalog.${name}' is an unknown field.`);
    if (value.type !== BOOL)
      throw new ElmoError(
        'TypeMismatch',
        `Field '${name}' should be a boolean value, but found: ${TYPE_NAMES.get(value.type)}`,
      );
    if (value.bytes[value.at] === 1) asked.add(name);
  }
  return new StatisticsStage('$listClusterCatalog', argument.keep(), true, ({ collections }) =>
    (db === 'admin' ? collections.facts.databases() : [db]).flatMap((each) =>
      collections.facts.names(each).flatMap((name) => {
        const spec = collections.describe({ db: each, collection: name });
        return spec === undefined ? [] : [catalogRow(spec, asked)];
      }),
    ),
  );
}

function catalogRow(spec: CollectionSpec, asked: ReadonlySet<string>): Value {
  const isView = spec.kind === 'view';
  const info = object([
    ['readOnly', boolValue(isView)],
    ['uuid', isView ? MISSING_VALUE : uuidValue(spec.uuid)],
  ]);
  const idIndex = spec.indexes.find(({ fields }) => fields.length === 1 && fields[0]!.path === '_id');
  return object([
    ['ns', stringValue(namespaceText(spec.namespace))],
    ['db', stringValue(spec.namespace.db)],
    ['type', stringValue(spec.kind)],
    ['options', documentValue(spec.options)],
    ['info', info],
    ['idIndex', isView || idIndex === undefined ? MISSING_VALUE : documentValue(idIndex.definition)],
    ['sharded', FALSE_VALUE],
    ['tracked', asked.has('tracked') ? FALSE_VALUE : MISSING_VALUE],
    ['shards', asked.has('shards') ? EMPTY_ARRAY : MISSING_VALUE],
  ]);
}

function uuidValue(uuid: Uint8Array): Value {
  return valueOf(new UUID(uuid));
}

export const statisticsStages: StageOperators = {
  $indexStats: { position: 'first', parse: (argument, context) => [parseIndexStats(argument, context)] },
  $collStats: { position: 'first', parse: (argument, context) => [parseCollStats(argument, context)] },
  $planCacheStats: {
    position: 'first',
    parse: (argument, context) => [parsePlanCacheStats(argument, context)],
  },
  $listClusterCatalog: {
    position: 'first',
    onDatabase: 'allowed',
    parse: (argument, context) => [parseListClusterCatalog(argument, context)],
  },
};

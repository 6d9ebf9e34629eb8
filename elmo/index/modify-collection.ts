/**
 * `collMod`: changes what a collection, one of its indexes, or a view is defined by.
 * Source: MongoDB manual, "collMod"; codes as the command's public tests have them.
 */
import { documentText } from '../bson/text.js';
import { ARRAY, NULL, OBJECT, STRING } from '../bson/types.js';
import { boolValue, documentValue, int32Value, int64OfNumber, stringValue, Value } from '../bson/value.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import {
  cappedDocumentsOf,
  checkCappedBytes,
  checkViewOn,
  VALIDATION_ACTIONS,
  VALIDATION_LEVELS,
} from '../catalog/create-options.js';
import type { DefinitionContext } from '../catalog/define.js';
import { namespaceText } from '../catalog/namespace.js';
import { OptionFields, wholeOf, wholeValue, wrongType } from '../catalog/option-fields.js';
import { fieldOf, rawDocument, withField, type NamedValue } from '../catalog/raw-document.js';
import { isIdKey, redefinedIndex, specOf } from '../catalog/record.js';
import { changedTimeseries } from '../catalog/timeseries.js';
import { parseValidator } from '../catalog/validator.js';
import { checkView } from '../catalog/views.js';
import { ElmoError } from '../errors.js';
import type { Namespace } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { elementsOf, isNumber } from '../query/elements.js';
import { byKey, type IndexContext } from './create-indexes.js';
import { convertToUnique } from './convert-unique.js';

const MOST_EXPIRE_SECONDS = 0x7fff_ffff;

const FIELDS = {
  index: 'object',
  validator: 'object',
  validationLevel: 'string',
  validationAction: 'string',
  viewOn: 'string',
  pipeline: 'array',
  expireAfterSeconds: 'any',
  changeStreamPreAndPostImages: 'object',
  timeseries: 'object',
  cappedSize: 'number',
  cappedMax: 'number',
  dryRun: 'safeBool',
} as const;

const INDEX_FIELDS = {
  name: 'string',
  keyPattern: 'object',
  expireAfterSeconds: 'number',
  hidden: 'safeBool',
  unique: 'safeBool',
  prepareUnique: 'safeBool',
} as const;

function invalid(message: string): ElmoError {
  return new ElmoError('InvalidOptions', message);
}

/**
 * @param raw  the fields of the command that say what to change
 * @returns what the reply says of the change: a raw document
 * @throws ElmoError NamespaceNotFound, InvalidOptions …: nothing is then changed
 */
export async function modifyCollection(
  namespace: Namespace,
  raw: Uint8Array,
  context: IndexContext,
  definitions: DefinitionContext,
): Promise<Uint8Array> {
  const { committer, operation, isDurable, collections } = context;
  const fields = new OptionFields('collMod', raw, FIELDS);
  const levels = fields.choice('validationLevel', VALIDATION_LEVELS);
  const actions = fields.choice('validationAction', VALIDATION_ACTIONS);
  checkPipelineTypes(fields);
  const expiry = fieldOf(raw, 'expireAfterSeconds');
  if (expiry?.type === NULL) throw wrongType('collMod.expireAfterSeconds', expiry, 'number');
  return committer.run(
    operation,
    (unit) => {
      const entry = collections.catalog.get(namespace, unit);
      if (entry === undefined)
        throw new ElmoError('NamespaceNotFound', `ns does not exist: ${namespaceText(namespace)}`);
      const modification = new Modification(entry.spec, fields, context, definitions, unit);
      return rawDocument(modification.run(levels, actions));
    },
    isDurable,
  );
}

function checkPipelineTypes(fields: OptionFields): void {
  const pipeline = fields.get('pipeline');
  if (pipeline === undefined) return;
  for (const { name, value } of elementsOf(pipeline))
    if (value.type !== OBJECT && value.type !== NULL)
      throw wrongType(`collMod.pipeline.${name}`, value, 'object');
}

/** Without what is null: it counts as absent. */
function stagesOf(pipeline: Value): Value {
  const stages = elementsOf(pipeline).filter(({ value }) => value.type !== NULL);
  return new Value(ARRAY, rawDocument(stages.map(({ value }, i) => [String(i), value] as const)), 0);
}

class Modification {
  private readonly reply: NamedValue[] = [];
  private options: Uint8Array;
  private indexes: readonly IndexSpec[];

  constructor(
    private readonly spec: CollectionSpec,
    private readonly fields: OptionFields,
    private readonly context: IndexContext,
    private readonly definitions: DefinitionContext,
    private readonly unit: WriteUnit,
  ) {
    this.options = spec.options;
    this.indexes = spec.indexes;
  }

  run(level: Value | undefined, action: Value | undefined): readonly NamedValue[] {
    const { spec, fields, unit } = this;
    const { catalog } = this.context.collections;
    if (spec.kind === 'view') this.changeView();
    else this.changeCollection(level, action);
    if (this.options === spec.options && this.indexes === spec.indexes) return this.reply;
    if (fields.isTrue('dryRun')) return this.reply;
    const changed = specOf(spec.namespace, { ...spec, options: this.options, indexes: this.indexes });
    catalog.change(unit, changed);
    if (spec.kind === 'view') checkView(catalog, unit, changed, this.definitions);
    return this.reply;
  }

  private set(name: string, value: Value | undefined): void {
    this.options = withField(this.options, name, value);
  }

  private changeView(): void {
    const { fields } = this;
    for (const name of Object.keys(FIELDS))
      if (name !== 'viewOn' && name !== 'pipeline' && name !== 'dryRun' && fields.has(name))
        throw invalid(`option not supported on a view: ${name}`);
    const viewOn = fields.text('viewOn');
    if (viewOn !== undefined) {
      if (viewOn === '') throw new ElmoError('BadValue', "'viewOn' cannot be empty");
      checkViewOn(viewOn);
      this.set('viewOn', stringValue(viewOn));
    }
    const pipeline = fields.get('pipeline');
    if (pipeline !== undefined) this.set('pipeline', stagesOf(pipeline));
  }

  private changeCollection(level: Value | undefined, action: Value | undefined): void {
    const { spec, fields, definitions } = this;
    const isTimeseries = spec.kind === 'timeseries';
    for (const name of ['viewOn', 'pipeline'])
      if (fields.has(name)) throw invalid(`option not supported on a collection: ${name}`);
    if (isTimeseries)
      for (const name of ['validator', 'validationLevel', 'validationAction', 'changeStreamPreAndPostImages'])
        if (fields.has(name)) throw invalid(`option not supported on a time-series collection: ${name}`);
    this.changeIndex();
    this.changeCapped();
    const validator = fields.document('validator');
    if (validator !== undefined) {
      parseValidator(validator, spec.collation, definitions);
      this.set('validator', validator.length <= 5 ? undefined : documentValue(validator));
    }
    if (level !== undefined) this.set('validationLevel', level);
    if (action !== undefined) this.set('validationAction', action);
    this.changeImages();
    this.changeExpiry();
    const timeseries = fields.document('timeseries');
    if (timeseries === undefined) return;
    if (!isTimeseries) throw invalid('option only supported on a time-series collection: timeseries');
    this.set('timeseries', documentValue(changedTimeseries(spec.options, timeseries)));
  }

  private changeImages(): void {
    const raw = this.fields.document('changeStreamPreAndPostImages');
    if (raw === undefined) return;
    const images = new OptionFields('collMod.changeStreamPreAndPostImages', raw, { enabled: 'bool' });
    images.expect('enabled');
    this.set('changeStreamPreAndPostImages', images.isTrue('enabled') ? documentValue(raw) : undefined);
  }

  private changeCapped(): void {
    const { spec, fields } = this;
    const size = fields.whole('cappedSize');
    const max = fields.whole('cappedMax');
    if ((size === undefined && max === undefined) || spec.kind === 'timeseries') return;
    if (!spec.isCapped)
      throw invalid(
        `option only supported on a capped collection: ${size === undefined ? 'cappedMax' : 'cappedSize'}`,
      );
    if (size !== undefined) {
      checkCappedBytes(size, 'cappedSize');
      this.set('size', wholeValue(size));
    }
    if (max !== undefined) this.set('max', wholeValue(cappedDocumentsOf(max, 'cappedMax')));
  }

  /** How long the documents of a clustered or time-series collection live. */
  private changeExpiry(): void {
    const { spec, fields } = this;
    const value = fields.get('expireAfterSeconds');
    if (value === undefined) return;
    if (value.type !== STRING && !isNumber(value))
      throw wrongType('collMod.expireAfterSeconds', value, 'number');
    if (!spec.isClustered && spec.kind !== 'timeseries')
      throw invalid(
        "'expireAfterSeconds' is only supported on time-series collections or when the 'clusteredIndex' option is specified",
      );
    if (value.type === STRING) {
      if (value.text !== 'off')
        throw invalid(
          `Invalid string value for the 'clusteredIndex::expireAfterSeconds' option. Got: '${value.text}'. Accepted value is 'off'`,
        );
      this.set('expireAfterSeconds', undefined);
    } else this.set('expireAfterSeconds', wholeValue(this.lifetimeOf(value)));
    if (!spec.isClustered) return;
    const [first, ...others] = this.indexes;
    const shown = value.type === STRING ? undefined : int32Value(wholeOf(value));
    const definition = withField(first!.definition, 'expireAfterSeconds', shown);
    this.indexes = [redefinedIndex(first!, definition), ...others];
  }

  private lifetimeOf(value: Value): number {
    const seconds = wholeOf(value);
    if (seconds < 0) throw invalid("TTL index 'expireAfterSeconds' option cannot be less than 0");
    if (seconds > this.definitions.nowMs / 1000)
      throw invalid("TTL index 'expireAfterSeconds' option must be within an acceptable range");
    return seconds;
  }

  private changeIndex(): void {
    const raw = this.fields.document('index');
    if (raw === undefined) return;
    const given = new OptionFields('collMod.index', raw, INDEX_FIELDS);
    const name = given.text('name');
    const key = given.document('keyPattern');
    if (name === undefined && key === undefined)
      throw invalid('Must specify either index name or key pattern.');
    if (name !== undefined && key !== undefined) throw invalid('Cannot specify both key pattern and name.');
    const names = ['expireAfterSeconds', 'hidden', 'unique', 'prepareUnique'] as const;
    if (!names.some((each) => given.has(each)))
      throw invalid('no expireAfterSeconds, hidden, unique, or prepareUnique field');
    const index = name === undefined ? byKey(this.spec, key!) : this.named(name);
    const changed = new IndexModification(this.spec, index, given, this.reply);
    const definition = changed.run();
    if (definition === undefined) return;
    const redefined = changed.becomesUnique
      ? convertToUnique(this.spec, index, definition, this.context.collections.catalog, this.unit)
      : redefinedIndex(index, definition);
    this.indexes = this.indexes.map((each) => (each === index ? redefined : each));
  }

  private named(name: string): IndexSpec {
    const index = this.spec.indexes.find((each) => each.name === name);
    if (index === undefined)
      throw new ElmoError(
        'IndexNotFound',
        `cannot find index ${name} for ns ${namespaceText(this.spec.namespace)}`,
      );
    return index;
  }
}

/** The part of `collMod` about one index. */
class IndexModification {
  becomesUnique = false;
  private definition: Uint8Array;

  constructor(
    private readonly collection: CollectionSpec,
    private readonly index: IndexSpec,
    private readonly given: OptionFields,
    private readonly reply: NamedValue[],
  ) {
    this.definition = index.definition;
  }

  /** @returns the new definition; undefined if nothing changes */
  run(): Uint8Array | undefined {
    const { given, index } = this;
    const preparesUnique = given.has('prepareUnique') ? given.isTrue('prepareUnique') : undefined;
    const changesPreparation = preparesUnique !== undefined && preparesUnique !== index.isPreparingUnique;
    if (changesPreparation && ['hidden', 'expireAfterSeconds', 'unique'].some((name) => given.has(name)))
      throw invalid("'prepareUnique' cannot be combined with other index modifications");
    this.expire();
    this.hide();
    if (changesPreparation && !(index.isUnique && preparesUnique)) {
      if (isIdKey(index.fields)) throw invalid('cannot change the _id index');
      this.reply.push(['prepareUnique_old', boolValue(index.isPreparingUnique)]);
      this.reply.push(['prepareUnique_new', boolValue(preparesUnique)]);
      this.set('prepareUnique', preparesUnique ? boolValue(true) : undefined);
    }
    this.makeUnique();
    return this.definition === index.definition ? undefined : this.definition;
  }

  private set(name: string, value: Value | undefined): void {
    this.definition = withField(this.definition, name, value);
  }

  private expire(): void {
    const { given, index } = this;
    const value = given.get('expireAfterSeconds');
    if (value === undefined) return;
    const seconds = Math.min(wholeOf(value), MOST_EXPIRE_SECONDS);
    if (seconds < 0) throw invalid("TTL index 'expireAfterSeconds' option cannot be less than 0");
    const [field, ...others] = index.fields;
    if (isIdKey(index.fields) || others.length > 0 || field!.kind === 'text' || field!.kind === 'wildcard')
      throw invalid(`TTL indexes are single-field indexes, and cannot be on _id: ${documentText(index.key)}`);
    if (index.expireAfterSeconds !== undefined)
      this.reply.push(['expireAfterSeconds_old', int64OfNumber(index.expireAfterSeconds)]);
    this.reply.push(['expireAfterSeconds_new', int64OfNumber(seconds)]);
    if (seconds !== index.expireAfterSeconds) this.set('expireAfterSeconds', int32Value(seconds));
  }

  private hide(): void {
    const { given, index } = this;
    if (!given.has('hidden')) return;
    const isHidden = given.isTrue('hidden');
    if (isIdKey(index.fields))
      throw this.collection.isClustered
        ? new ElmoError(6011800, 'The clustered index cannot be hidden')
        : new ElmoError('BadValue', "can't hide _id index");
    if (isHidden === index.isHidden) return;
    this.reply.push(['hidden_old', boolValue(index.isHidden)]);
    this.reply.push(['hidden_new', boolValue(isHidden)]);
    this.set('hidden', isHidden ? boolValue(true) : undefined);
  }

  private makeUnique(): void {
    const { given, index } = this;
    if (!given.has('unique')) return;
    if (!given.isTrue('unique'))
      throw new ElmoError('BadValue', 'collMod does not support converting an index to non-unique');
    if (index.isUnique) return;
    if (!index.isPreparingUnique)
      throw invalid('Cannot make index unique, unless prepareUnique is already set on the index');
    this.reply.push(['unique_new', boolValue(true)]);
    this.definition = withField(
      withField(this.definition, 'prepareUnique', undefined),
      'unique',
      boolValue(true),
    );
    this.becomesUnique = true;
  }
}

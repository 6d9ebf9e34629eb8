/** The options of a time-series collection. Source: MongoDB manual, "Time Series"; the reference's own codes. */
import { stringValue } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { OptionFields, wholeOf, wholeValue } from './option-fields.js';
import { documentOf, fieldOf, fieldsOf, rawDocument } from './raw-document.js';

const CHANGEABLE_FIELDS = {
  granularity: 'string',
  bucketMaxSpanSeconds: 'number',
  bucketRoundingSeconds: 'number',
} as const;
const FIELDS = { timeField: 'string', metaField: 'string', ...CHANGEABLE_FIELDS } as const;

/** For each granularity the greatest span of a bucket. */
const SPANS: Readonly<Record<string, number>> = { seconds: 3600, minutes: 86_400, hours: 2_592_000 };
const MOST_SPAN = 31_536_000;

function invalid(message: string): ElmoError {
  return new ElmoError('InvalidOptions', message);
}

type CheckNames = (timeField: string, metaField: string | undefined) => void;

/** What `create` asks of the names of fields. @throws ElmoError */
const checkNewNames: CheckNames = (timeField, metaField) => {
  for (const [field, name] of [
    ['timeField', timeField],
    ['metaField', metaField],
  ] as const) {
    checkName(field, name);
    if (name?.includes('.') === true)
      throw invalid(`'${field}' must be a top-level field and not contain a '.'`);
  }
  if (metaField === '_id') throw invalid('\'metaField\' cannot be "_id"');
  if (metaField === timeField) throw invalid("'metaField' cannot be the same as 'timeField'");
};

/** `$out` asks less. */
const checkOutNames: CheckNames = (timeField, metaField) => {
  checkName('timeField', timeField);
  checkName('metaField', metaField);
};

function checkName(field: string, name: string | undefined): void {
  if (name?.includes('\0') === true) throw new ElmoError('BadValue', `'${field}' cannot contain a null byte`);
  if (name?.startsWith('$') === true) throw new ElmoError('BadValue', `'${field}' cannot start with '$'`);
}

/**
 * The options after `collMod`: granularity may only become coarser.
 * @param options  of the collection
 * @throws ElmoError InvalidOptions …
 */
export function changedTimeseries(options: Uint8Array, raw: Uint8Array): Uint8Array {
  new OptionFields('collMod.timeseries', raw, CHANGEABLE_FIELDS);
  const old = documentOf(options, 'timeseries')!;
  const kept = fieldsOf(old).filter(({ name }) => name === 'timeField' || name === 'metaField');
  const given = fieldsOf(raw);
  if (given.length === 0) return old;
  const changed = parseTimeseries(
    rawDocument([...kept, ...given].map(({ name, value }) => [name, value] as const)),
  );
  if (spanOf(changed) < spanOf(old))
    throw invalid('Invalid transition for timeseries.granularity. Can only transition from lower to higher.');
  return changed;
}

function spanOf(timeseries: Uint8Array): number {
  return wholeOf(fieldOf(timeseries, 'bucketMaxSpanSeconds')!);
}

/** @returns the options as listCollections shows them. @throws ElmoError */
export function parseTimeseries(raw: Uint8Array): Uint8Array {
  const fields = parseFields(raw, 'create.timeseries', checkNewNames);
  checkSpans(fields);
  return shownTimeseries(fields);
}

/** What the fields are by themselves. @throws ElmoError TypeMismatch, BadValue, 40414, 40415 */
export function checkTimeseriesFields(raw: Uint8Array): void {
  parseFields(raw, 'create.timeseries', () => undefined);
}

/** What was asked for of a time-series collection. */
export interface TimeseriesFields {
  readonly timeField: string;
  readonly metaField: string | undefined;
  readonly granularity: string | undefined;
  /** Of a bucket, in seconds. */
  readonly span: number | undefined;
  readonly rounding: number | undefined;
}

/** Those of `$out`; see also `checkSpans`. @throws ElmoError */
export function parseOutTimeseries(raw: Uint8Array): TimeseriesFields {
  return parseFields(raw, '$out.timeseries', checkOutNames);
}

/** The field of a collection's options that each measurement has its time in. @param options  of the collection */
export function timeFieldOf(options: Uint8Array): string {
  return fieldOf(documentOf(options, 'timeseries')!, 'timeField')!.text;
}

function parseFields(raw: Uint8Array, where: string, checkNames: CheckNames): TimeseriesFields {
  const fields = new OptionFields(where, raw, FIELDS);
  fields.expect('timeField');
  const timeField = fields.text('timeField')!;
  const metaField = fields.text('metaField');
  checkNames(timeField, metaField);
  const granularity = fields.choice('granularity', Object.keys(SPANS))?.text;
  const span = fields.whole('bucketMaxSpanSeconds');
  const rounding = fields.whole('bucketRoundingSeconds');
  checkSpan('bucketMaxSpanSeconds', span);
  checkSpan('bucketRoundingSeconds', rounding);
  return { timeField, metaField, granularity, span, rounding };
}

/** @throws ElmoError InvalidOptions if granularity, span and rounding do not go together */
export function checkSpans({ granularity, span, rounding }: TimeseriesFields): void {
  if (granularity === undefined) {
    if (span !== rounding)
      throw invalid("'bucketMaxSpanSeconds' and 'bucketRoundingSeconds' must be set together and be equal");
  } else if (rounding !== undefined || (span !== undefined && span !== SPANS[granularity]))
    throw invalid("'bucketMaxSpanSeconds' and 'bucketRoundingSeconds' cannot be set with 'granularity'");
}

/** As listCollections shows it. */
export function shownTimeseries(fields: TimeseriesFields): Uint8Array {
  const { timeField, metaField, rounding } = fields;
  const isCustom = fields.span !== undefined || rounding !== undefined;
  const granularity = fields.granularity ?? (isCustom ? undefined : 'seconds');
  const span = fields.span ?? (granularity === undefined ? undefined : SPANS[granularity]);
  return rawDocument([
    ['timeField', stringValue(timeField)],
    ['metaField', metaField === undefined ? undefined : stringValue(metaField)],
    ['granularity', granularity === undefined ? undefined : stringValue(granularity)],
    ['bucketRoundingSeconds', rounding === undefined ? undefined : wholeValue(rounding)],
    ['bucketMaxSpanSeconds', span === undefined ? undefined : wholeValue(span)],
  ]);
}

function checkSpan(name: string, seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (seconds < 1)
    throw new ElmoError('BadValue', `BSON field '${name}' value must be >= 1, actual value '${seconds}'`);
  if (seconds > MOST_SPAN)
    throw new ElmoError(
      'BadValue',
      `BSON field '${name}' value must be <= ${MOST_SPAN}, actual value '${seconds}'`,
    );
}

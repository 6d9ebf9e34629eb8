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

function checkFieldName(field: string, name: string | undefined): void {
  if (name === undefined) return;
  if (name.includes('\0')) throw new ElmoError('BadValue', `'${field}' cannot contain a null byte`);
  if (name.includes('.')) throw invalid(`'${field}' must be a top-level field and not contain a '.'`);
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
  const fields = new OptionFields('create.timeseries', raw, FIELDS);
  fields.expect('timeField');
  const timeField = fields.text('timeField')!;
  const metaField = fields.text('metaField');
  checkFieldName('timeField', timeField);
  checkFieldName('metaField', metaField);
  if (metaField === '_id') throw invalid('\'metaField\' cannot be "_id"');
  if (metaField === timeField) throw invalid("'metaField' cannot be the same as 'timeField'");
  const granularity = fields.choice('granularity', Object.keys(SPANS))?.text;
  const span = fields.whole('bucketMaxSpanSeconds');
  const rounding = fields.whole('bucketRoundingSeconds');
  checkSpan('bucketMaxSpanSeconds', span);
  checkSpan('bucketRoundingSeconds', rounding);
  const isCustom = span !== undefined || rounding !== undefined;
  if (isCustom && granularity !== undefined && (rounding !== undefined || span !== SPANS[granularity]))
    throw invalid("'bucketMaxSpanSeconds' and 'bucketRoundingSeconds' cannot be set with 'granularity'");
  if (isCustom && granularity === undefined && span !== rounding)
    throw invalid("'bucketMaxSpanSeconds' and 'bucketRoundingSeconds' must be set together and be equal");
  const shown = isCustom ? granularity : (granularity ?? 'seconds');
  return rawDocument([
    ['timeField', stringValue(timeField)],
    ['metaField', metaField === undefined ? undefined : stringValue(metaField)],
    ['granularity', shown === undefined ? undefined : stringValue(shown)],
    ['bucketRoundingSeconds', rounding === undefined ? undefined : wholeValue(rounding)],
    ['bucketMaxSpanSeconds', wholeValue(span ?? SPANS[shown!]!)],
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

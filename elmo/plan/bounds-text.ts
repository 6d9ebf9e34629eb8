/** Bounds of an index field as `explain` shows them: "[1, 5)", "(\"a\", {})", "[MinKey, MaxKey]". Source: the reference's explain. */
import { DOUBLE } from '../bson/types.js';
import { doubleText, valueText } from '../bson/text.js';
import { readDouble } from '../bson/read.js';
import { Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { firstTag, TAG_STRING, tagAfter } from '../keys/tags.js';
import { TypeBitsReader } from '../keys/type-bits.js';
import { KeyReader } from '../keys/value-decoding.js';
import {
  CLASS_ARRAY,
  CLASS_BINARY,
  CLASS_BOOL,
  CLASS_CODE,
  CLASS_CODE_WITH_SCOPE,
  CLASS_DATE,
  CLASS_DB_POINTER,
  CLASS_MAX_KEY,
  CLASS_MIN_KEY,
  CLASS_NULL,
  CLASS_NUMBER,
  CLASS_OBJECT,
  CLASS_OBJECT_ID,
  CLASS_REGEX,
  CLASS_STRING,
  CLASS_TIMESTAMP,
  CLASS_UNDEFINED,
} from '../bson/types.js';
import type { End, Interval, Intervals } from './interval.js';

/** Where the values of a class begin and end, and whether the end is one of them. */
const CLASS_TEXTS: readonly (readonly [typeClass: number, low: string, high: string, isHighIn: boolean])[] = [
  [CLASS_MIN_KEY, 'MinKey', 'MinKey', true],
  [CLASS_UNDEFINED, 'undefined', 'undefined', true],
  [CLASS_NULL, 'null', 'null', true],
  [CLASS_NUMBER, 'nan', 'inf', true],
  [CLASS_STRING, '""', '{}', false],
  [CLASS_OBJECT, '{}', '[]', false],
  [CLASS_ARRAY, '[]', 'BinData(0, )', false],
  [CLASS_BINARY, 'BinData(0, )', "ObjectId('000000000000000000000000')", false],
  [CLASS_OBJECT_ID, "ObjectId('000000000000000000000000')", "ObjectId('ffffffffffffffffffffffff')", true],
  [CLASS_BOOL, 'false', 'true', true],
  [CLASS_DATE, 'new Date(-9223372036854775808)', 'new Date(9223372036854775807)', true],
  [CLASS_TIMESTAMP, 'Timestamp(0, 0)', 'Timestamp(4294967295, 4294967295)', true],
  [CLASS_REGEX, '//', "DBRef('', 000000000000000000000000)", false],
  [CLASS_DB_POINTER, "DBRef('', 000000000000000000000000)", '', false],
  [CLASS_CODE, '', 'CodeWScope( , {})', false],
  [CLASS_CODE_WITH_SCOPE, 'CodeWScope( , {})', 'MaxKey', false],
  [CLASS_MAX_KEY, 'MaxKey', 'MaxKey', true],
];

const byFirstTag = new Map(CLASS_TEXTS.map((texts) => [firstTag(texts[0]), texts]));
const byTagAfter = new Map(CLASS_TEXTS.map((texts) => [tagAfter(texts[0]), texts]));
const NAN_TAG = firstTag(CLASS_NUMBER);

/** @param isReversed  whether the field is gone through from its greatest value down */
export function intervalTexts(intervals: Intervals, isReversed: boolean): string[] {
  const texts = intervals.map((interval) => intervalText(interval, isReversed));
  return isReversed ? texts.reverse() : texts;
}

function intervalText({ low, high }: Interval, isReversed: boolean): string {
  const first = lowText(low);
  const last = highText(high);
  const [left, right] = isReversed ? [last, first] : [first, last];
  return `${left.isIn ? '[' : '('}${left.text}, ${right.text}${right.isIn ? ']' : ')'}`;
}

interface EndText {
  readonly text: string;
  readonly isIn: boolean;
}

function lowText({ prefix, isAfter }: End): EndText {
  if (prefix.length === 0) return { text: 'MinKey', isIn: true };
  if (prefix.length === 1 && isAfter && prefix[0] === NAN_TAG) return { text: '-inf', isIn: true };
  const whole = prefix.length === 1 ? byFirstTag.get(prefix[0]!) : undefined;
  if (whole !== undefined && !isAfter) return { text: whole[1], isIn: true };
  const end = prefix.length === 1 ? byTagAfter.get(prefix[0]!) : undefined;
  if (end !== undefined && !isAfter) return { text: end[2], isIn: !end[3] };
  return { text: encodedText(prefix, false), isIn: !isAfter };
}

function highText({ prefix, isAfter }: End): EndText {
  if (prefix.length === 0) return { text: 'MaxKey', isIn: true };
  const whole = prefix.length === 1 && !isAfter ? byTagAfter.get(prefix[0]!) : undefined;
  if (whole !== undefined) return { text: whole[2], isIn: whole[3] };
  // an end behind all strings with a beginning is shown as the next such beginning, not included
  const isOpenString = isOpen(prefix);
  return { text: encodedText(prefix, isAfter && isOpenString), isIn: isAfter && !isOpenString };
}

/** Whether it is the beginning of strings, and not one of them. */
function isOpen(prefix: Uint8Array): boolean {
  return prefix[0] === TAG_STRING && prefix.at(-1) !== 0;
}

function encodedText(prefix: Uint8Array, isNext: boolean): string {
  let encoded = prefix;
  if (isOpen(prefix)) {
    encoded = new Uint8Array(prefix.length + 1);
    encoded.set(prefix);
    if (isNext) encoded[prefix.length - 1]!++;
  }
  const writer = new BsonWriter();
  const reader = new KeyReader();
  const typeBits = new TypeBitsReader();
  reader.open(encoded);
  typeBits.open(new Uint8Array(0), 0, 0);
  const type = reader.readValue(writer, typeBits);
  const value = new Value(type, writer.bytes, 0);
  return type === DOUBLE ? numberText(readDouble(value.bytes, 0)) : valueText(value);
}

function numberText(value: number): string {
  return Number.isFinite(value) ? doubleText(value) : doubleText(value).toLowerCase();
}

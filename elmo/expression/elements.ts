/** Arrays as operators read and make them, and operands as whole numbers. */
import { truncatedBigint, toIntegral, readDecimal, compareDecimals } from '../bson/decimal-arithmetic.js';
import { readDouble, readInt32, readInt64AsDouble } from '../bson/read.js';
import {
  ARRAY,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MISSING,
  NULL,
  OBJECT,
  STRING,
} from '../bson/types.js';
import { exactJs, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import { appendIndexed } from './nodes.js';
import { INT32_MAX, INT32_MIN } from './numbers.js';

/** Of what JavaScript calls a date. */
const MOST_DATE_MS = 8.64e15;

/** The elements of an array, or the values of a document. */
export function elementsOf(value: Value): Value[] {
  const elements: Value[] = [];
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  while (walker.next()) elements.push(new Value(walker.type, value.bytes, walker.valueStart));
  return elements;
}

/** Makes arrays, one after another. What is missing becomes null. */
export class ArrayBuilder {
  private readonly writer = new BsonWriter();
  private count = 0;

  begin(): void {
    this.writer.clear();
    this.writer.beginDocument();
    this.count = 0;
  }

  append(value: Value): void {
    appendIndexed(this.writer, this.count++, value);
  }

  finish(): Value {
    this.writer.endDocument(0);
    return new Value(ARRAY, this.writer.toBytes(), 0);
  }
}

const builder = new ArrayBuilder();

/** An array of values that are all there already. */
export function arrayOf(values: readonly Value[]): Value {
  builder.begin();
  for (const value of values) builder.append(value);
  return builder.finish();
}

/** A number of any type as a whole number that an int can hold; undefined if it is another, or no number. */
export function wholeInt32(value: Value): number | undefined {
  switch (value.type) {
    case INT32:
      return readInt32(value.bytes, value.at);
    case DOUBLE:
      return int32OrNothing(readDouble(value.bytes, value.at));
    case INT64:
      return int32OrNothing(readInt64AsDouble(value.bytes, value.at));
    case DECIMAL128: {
      const decimal = readDecimal(value.bytes, value.at);
      if (!decimal.isFinite) return undefined;
      const whole = toIntegral(decimal, 'truncate');
      return compareDecimals(whole, decimal) === 0
        ? int32OrNothing(Number(truncatedBigint(whole)))
        : undefined;
    }
    default:
      return undefined;
  }
}

function int32OrNothing(value: number): number | undefined {
  return Number.isInteger(value) && value >= INT32_MIN && value <= INT32_MAX ? value : undefined;
}

/** A value in a message: as short as a person needs it. */
export function valueText(value: Value): string {
  switch (value.type) {
    case MISSING:
      return 'MISSING';
    case NULL:
      return 'null';
    case STRING:
      return `"${value.text}"`;
    case OBJECT:
    case ARRAY:
      return JSON.stringify(exactJs(value));
    case DATE: {
      const ms = readInt64AsDouble(value.bytes, value.at);
      return Math.abs(ms) > MOST_DATE_MS ? 'illegal date' : new Date(ms).toISOString();
    }
    default:
      return String(exactJs(value));
  }
}

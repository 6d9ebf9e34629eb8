/**
 * Values as text, in the notation that people type: ObjectId('…'), ISODate('…'), Long('5'). For programs Extended JSON
 * instead.
 */
import { inspect, types, type InspectOptions } from 'node:util';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  EJSON,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from '../../elmo/values.js';

/** What an object says of itself is asked under this name. */
const CUSTOM = inspect.custom;

type Show = (value: never, show: (inner: unknown) => string) => string;

const NOTATIONS: readonly (readonly [type: { readonly prototype: object }, show: Show])[] = [
  [ObjectId, (id: ObjectId, show) => `ObjectId(${show(id.toHexString())})`],
  [Long, (long: Long, show) => `Long(${show(long.toString())})`],
  [Int32, (int: Int32, show) => `Int32(${show(int.valueOf())})`],
  [Double, (double: Double, show) => `Double(${show(double.valueOf())})`],
  [Decimal128, (decimal: Decimal128, show) => `Decimal128(${show(decimal.toString())})`],
  [Timestamp, (time: Timestamp, show) => `Timestamp(${show({ t: time.t, i: time.i })})`],
  [UUID, (uuid: UUID, show) => `UUID(${show(uuid.toHexString(true))})`],
  [Binary, showBinary],
  [MinKey, () => 'MinKey()'],
  [MaxKey, () => 'MaxKey()'],
  [
    Code,
    ({ code, scope }: Code, show) => `Code(${scope === null ? show(code) : `${show(code)}, ${show(scope)}`})`,
  ],
  [BSONSymbol, (symbol: BSONSymbol, show) => `BSONSymbol(${show(symbol.valueOf())})`],
  [BSONRegExp, ({ pattern, options }: BSONRegExp, show) => `BSONRegExp(${show(pattern)}, ${show(options)})`],
  [DBRef, showReference],
  [Date, showDate],
];

function showBinary(binary: Binary, show: (inner: unknown) => string): string {
  if (binary.sub_type === Binary.SUBTYPE_UUID && binary.length() === 16)
    return `UUID(${show(binary.toUUID().toHexString(true))})`;
  return `Binary.createFromBase64(${show(binary.toString('base64'))}, ${show(binary.sub_type)})`;
}

function showReference({ collection, oid, db }: DBRef, show: (inner: unknown) => string): string {
  return `DBRef(${[collection, oid, ...(db === undefined ? [] : [db])].map(show).join(', ')})`;
}

function showDate(date: Date, show: (inner: unknown) => string): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : `ISODate(${show(date.toISOString())})`;
}

/** Teaches the classes how they are shown. Safe to call twice. */
export function installNotation(): void {
  for (const [{ prototype }, show] of NOTATIONS) define(prototype, show);
}

/** The same for dates of another realm. */
export function installDateNotation(datePrototype: object): void {
  define(datePrototype, showDate);
}

function define(prototype: object, show: Show): void {
  Object.defineProperty(prototype, CUSTOM, {
    configurable: true,
    writable: true,
    value(this: unknown, _depth: number, options: InspectOptions, inspectInner: typeof inspect = inspect) {
      return show(this as never, (inner) => inspectInner(inner, options));
    },
  });
}

export interface PrintOptions {
  readonly hasColors: boolean;
  /** Columns of the screen. */
  readonly columns: number;
}

/** One value, in as many lines as it takes. */
export function valueText(value: unknown, { hasColors, columns }: PrintOptions): string {
  return inspect(value, {
    colors: hasColors,
    depth: Infinity,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
    compact: 3,
    breakLength: Math.max(40, Math.min(columns, 80)),
    sorted: false,
  });
}

/** On one line. @param isCanonical  keeps every type of number */
export function jsonText(value: unknown, isCanonical: boolean): string {
  return EJSON.stringify(plain(value), { relaxed: !isCanonical });
}

/** What comes from the evaluated code is of another realm, which the package does not know. */
function plain(value: unknown): unknown {
  if (types.isDate(value)) return new Date(value.getTime());
  if (types.isRegExp(value)) return new RegExp(value.source, value.flags);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || '_bsontype' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

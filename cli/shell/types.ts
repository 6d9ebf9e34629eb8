/** The names of types that can be typed: ObjectId(), ISODate(), NumberLong(), … with and without `new`. */
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
import { invalid } from './errors.js';

type Class = abstract new (...values: never[]) => object;
type Construct = (...values: never[]) => object;

/** A class that can be called without `new`. @param make  what a call gives */
function callable<T extends Class>(type: T, make: Construct): T {
  return new Proxy(type, {
    apply: (_type, _this, values) => make(...(values as never[])),
    construct: (_type, values) => make(...(values as never[])),
  });
}

export function bsonTypes(): Record<string, unknown> {
  const long = (value: unknown = 0): Long => longOf(value);
  const int = (value: unknown = 0): Int32 => new Int32(Number(value));
  const double = (value: unknown = 0): Double => new Double(Number(value));
  const decimal = (value: unknown = '0'): Decimal128 => Decimal128.fromString(String(value));
  const uuid = (hex?: string): UUID => new UUID(hex);
  const binary = (subtype: number, base64: string): Binary =>
    new Binary(Buffer.from(base64, 'base64'), subtype);
  return {
    ObjectId: callable(ObjectId, (id?: string) => new ObjectId(id)),
    ISODate: isoDate,
    NumberInt: callable(Int32, int),
    Int32: callable(Int32, int),
    NumberLong: callable(Long, long),
    Long: callable(Long, (value: unknown, high?: number, unsigned?: boolean) =>
      typeof high === 'number' ? new Long(value as number, high, unsigned) : longOf(value ?? 0),
    ),
    Double: callable(Double, double),
    NumberDecimal: callable(Decimal128, decimal),
    Decimal128: callable(Decimal128, decimal),
    UUID: callable(UUID, uuid),
    BinData: binary,
    HexData: (subtype: number, hex: string) => new Binary(Buffer.from(hex, 'hex'), subtype),
    MD5: (hex: string) => new Binary(Buffer.from(hex, 'hex'), Binary.SUBTYPE_MD5),
    Binary: callable(Binary, (bytes?: Uint8Array | string, subtype?: number) =>
      typeof bytes === 'string'
        ? new Binary(Buffer.from(bytes, 'binary'), subtype)
        : new Binary(bytes, subtype),
    ),
    Timestamp: callable(Timestamp, timestamp),
    MinKey: callable(MinKey, () => new MinKey()),
    MaxKey: callable(MaxKey, () => new MaxKey()),
    Code: callable(Code, (code: string, scope?: object) => new Code(code, scope ?? null)),
    DBRef: callable(
      DBRef,
      (collection: string, id: unknown, db?: string, fields?: object) =>
        new DBRef(collection, id as ObjectId, db, fields),
    ),
    BSONSymbol: callable(BSONSymbol, (text: string) => new BSONSymbol(text)),
    BSONRegExp: callable(BSONRegExp, (pattern: string, flags?: string) => new BSONRegExp(pattern, flags)),
    EJSON,
  };
}

function longOf(value: unknown): Long {
  if (Long.isLong(value)) return value;
  if (typeof value === 'bigint') return Long.fromBigInt(value);
  if (typeof value === 'number') return Long.fromNumber(value);
  return Long.fromString(String(value));
}

/** Timestamp({t: seconds, i: number}) or Timestamp(seconds, number). */
function timestamp(first: unknown = 0, second?: number): Timestamp {
  if (typeof first === 'number') return new Timestamp({ t: first, i: second ?? 0 });
  return new Timestamp(first as { t: number; i: number });
}

const ISO =
  /^(\d{4,})-?(\d{2})-?(\d{2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d+))?)?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** A date; without a zone it is one of UTC. @throws ShellError */
export function isoDate(text?: unknown): Date {
  if (text === undefined) return new Date();
  if (typeof text === 'number' || text instanceof Date) return new Date(text);
  const parts = ISO.exec(String(text));
  if (parts === null) throw invalid(`'${String(text)}' is no ISO date: write 2026-01-31T10:00:00Z`);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = parts;
  const offset = zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase();
  const millis = fraction.slice(0, 3).padEnd(3, '0');
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}${offset}`);
  if (Number.isNaN(date.getTime())) throw invalid(`'${String(text)}' is no date of the calendar`);
  return date;
}

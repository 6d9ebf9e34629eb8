/**
 * Instances of the classes of the package `bson`, of any major version, to BSON. They are told by the name they carry in
 * `_bsontype`, not by their class: an application may bring another copy of the package. That name counts only where a
 * class put it: a plain object that has it is somebody's input.
 */
import type { Encoder } from './encode.js';
import { BsonError } from './errors.js';
import {
  BINARY,
  CODE,
  CODE_WITH_SCOPE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  OBJECT,
  OBJECT_ID,
  REGEX,
  SYMBOL,
  TIMESTAMP,
} from './types.js';
import { refuseNul } from './writer.js';

const OLD_BINARY = 2;
const VECTOR = 9;

interface LongLike {
  getLowBits(): number;
  getHighBits(): number;
}
interface BinaryLike {
  buffer: Uint8Array;
  sub_type: number;
  position: number;
}
interface ObjectIdLike {
  id: Uint8Array | string;
  serializeInto?: (into: Uint8Array, at: number) => number;
}
interface CodeLike {
  code: unknown;
  scope?: object | null;
}
interface DBRefLike {
  collection?: string;
  namespace?: string;
  oid: unknown;
  db?: string | null;
  fields?: Record<string, unknown>;
}

/** Writes one element: type byte, name (or index, if not negative), value. */
export function encodeInstance(
  writer: Encoder,
  name: string,
  index: number,
  value: object,
  tag: unknown,
): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    throw new BsonError('_bsontype is a name of BSON classes, not of fields', 'class');
  switch (tag) {
    case 'ObjectId':
    case 'ObjectID':
      writer.writeHead(OBJECT_ID, name, index);
      writeObjectId(writer, value as ObjectIdLike);
      return;
    case 'Long':
      writer.writeHead(INT64, name, index);
      writer.writeInt64((value as LongLike).getHighBits(), (value as LongLike).getLowBits());
      return;
    case 'Timestamp':
      writer.timestampCount++;
      writer.writeHead(TIMESTAMP, name, index);
      writer.writeInt64((value as LongLike).getHighBits(), (value as LongLike).getLowBits());
      return;
    case 'Double':
      writer.writeHead(DOUBLE, name, index);
      writer.writeDouble(Number((value as { value: unknown }).value));
      return;
    case 'Int32':
      writer.writeHead(INT32, name, index);
      writer.writeInt32(Number((value as { value: unknown }).value) | 0);
      return;
    case 'Decimal128': {
      const { bytes } = value as { bytes: Uint8Array };
      if (bytes.length !== 16) throw new BsonError('a Decimal128 has 16 bytes', 'class');
      writer.writeHead(DECIMAL128, name, index);
      writer.writeRange(bytes, 0, 16);
      return;
    }
    case 'Binary':
      writer.writeHead(BINARY, name, index);
      writeBinary(writer, value as BinaryLike);
      return;
    case 'BSONRegExp': {
      const { pattern, options } = value as { pattern: string; options: string };
      refuseNul(pattern, 'pattern');
      refuseNul(options, 'regular expression options');
      writer.writeHead(REGEX, name, index);
      writer.writeCString(pattern);
      writer.writeCString([...options].sort().join(''));
      return;
    }
    case 'BSONSymbol':
    case 'Symbol':
      writer.writeHead(SYMBOL, name, index);
      writer.writeText((value as { value: string }).value);
      return;
    case 'Code':
      writeCode(writer, name, index, value as CodeLike);
      return;
    case 'DBRef':
      writer.writeHead(OBJECT, name, index);
      writeDBRef(writer, value as DBRefLike);
      return;
    case 'MinKey':
      writer.writeHead(MIN_KEY, name, index);
      return;
    case 'MaxKey':
      writer.writeHead(MAX_KEY, name, index);
      return;
    default:
      throw new BsonError(`Unrecognized or invalid _bsontype: ${String(tag)}`, 'class');
  }
}

function writeObjectId(writer: Encoder, value: ObjectIdLike): void {
  writer.reserve(12);
  if (typeof value.serializeInto === 'function') value.serializeInto(writer.bytes, writer.length);
  else {
    const { id } = value;
    if (id.length !== 12) throw new BsonError('an ObjectId has 12 bytes', 'class');
    for (let i = 0; i < 12; i++)
      writer.bytes[writer.length + i] = typeof id === 'string' ? id.charCodeAt(i) : id[i]!;
  }
  writer.length += 12;
}

function writeBinary(writer: Encoder, { buffer, sub_type, position }: BinaryLike): void {
  if (sub_type === VECTOR) checkVector(buffer.subarray(0, position));
  const isOld = sub_type === OLD_BINARY;
  writer.writeInt32(isOld ? position + 4 : position);
  writer.writeByte(sub_type);
  if (isOld) writer.writeInt32(position);
  writer.writeRange(buffer, 0, position);
}

function writeCode(writer: Encoder, name: string, index: number, { code, scope }: CodeLike): void {
  if (scope === null || typeof scope !== 'object') {
    writer.writeHead(CODE, name, index);
    writer.writeText(String(code));
    return;
  }
  writer.writeHead(CODE_WITH_SCOPE, name, index);
  const start = writer.beginDocument();
  writer.writeText(String(code));
  writer.writeDocument(scope);
  writer.setInt32(start, writer.length - start);
}

function writeDBRef(writer: Encoder, { collection, namespace, oid, db, fields }: DBRefLike): void {
  const ordered: Record<string, unknown> = { $ref: collection ?? namespace, $id: oid };
  if (db !== undefined && db !== null) ordered['$db'] = db;
  Object.assign(ordered, fields);
  const { ignoreUndefined } = writer;
  writer.ignoreUndefined = true;
  writer.writeDocument(ordered);
  writer.ignoreUndefined = ignoreUndefined;
}

const VECTOR_INT8 = 0x03;
const VECTOR_PACKED_BIT = 0x10;
const VECTOR_FLOAT32 = 0x27;

/** A vector: element type u8, bits of padding u8, elements. */
function checkVector(vector: Uint8Array): void {
  if (vector.length === 0) return;
  const type = vector[0]!;
  const padding = vector[1];
  if ((type === VECTOR_INT8 || type === VECTOR_FLOAT32) && padding !== 0)
    throw new BsonError('only a vector of bits has padding', 'class');
  if (type === VECTOR_FLOAT32 && vector.length > 2 && vector.length % 4 !== 2)
    throw new BsonError('a vector of floats has 4 bytes for each', 'class');
  if (type !== VECTOR_PACKED_BIT || padding === undefined) return;
  if (padding > 7) throw new BsonError('a vector of bits has at most 7 bits of padding', 'class');
  if (padding > 0 && vector.length === 2) throw new BsonError('an empty vector has no padding', 'class');
}

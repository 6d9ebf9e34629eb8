/** Binary data to and from text, numbers and arrays. Source: MongoDB manual, "$convert", "BSON Binary Vector". */
import { readDouble, readInt32 } from '../../bson/read.js';
import { ARRAY, BINARY, BOOL, DOUBLE, INT32, INT64 } from '../../bson/types.js';
import { boolValue, doubleValue, EMPTY_ARRAY, int32Value, int64Value, Value } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { elementsOf } from '../elements.js';
import { appendIndexed } from '../nodes.js';

export const UUID_SUBTYPE = 4;
const VECTOR_SUBTYPE = 9;
const UUID_BYTES = 16;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export type BinaryFormat = 'auto' | 'base64' | 'base64url' | 'hex' | 'utf8' | 'uuid';
export const BINARY_FORMATS: ReadonlySet<string> = new Set([
  'auto',
  'base64',
  'base64url',
  'hex',
  'utf8',
  'uuid',
]);

export function conversionFailure(message: string): ElmoError {
  return new ElmoError('ConversionFailure', message);
}

export function subtypeOf(binary: Value): number {
  return binary.bytes[binary.at + 4]!;
}

/** The bytes themselves; a view. */
function contentOf(binary: Value): Buffer {
  const { bytes, at } = binary;
  return Buffer.from(bytes.buffer, bytes.byteOffset + at + 5, readInt32(bytes, at));
}

export function binaryValue(content: Uint8Array, subtype: number): Value {
  const bytes = new Uint8Array(5 + content.length);
  new DataView(bytes.buffer).setInt32(0, content.length, true);
  bytes[4] = subtype;
  bytes.set(content, 5);
  return new Value(BINARY, bytes, 0);
}

function uuidText(content: Buffer): string {
  return content.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** @throws ElmoError ConversionFailure */
export function textOfBinary(binary: Value, format: BinaryFormat): string {
  const content = contentOf(binary);
  const isUuid = subtypeOf(binary) === UUID_SUBTYPE && content.length === UUID_BYTES;
  switch (format) {
    case 'auto':
      return isUuid ? uuidText(content) : content.toString('base64');
    case 'base64':
    case 'base64url':
      return content.toString(format);
    case 'hex':
      return content.toString('hex').toUpperCase();
    case 'uuid':
      if (!isUuid) throw conversionFailure('BinData does not represent a valid UUID');
      return uuidText(content);
    case 'utf8':
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
      } catch {
        throw conversionFailure('BinData does not represent a valid UTF-8 string');
      }
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const BASE64URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}={0,2}|[A-Za-z0-9_-]{3}=?)?$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;

/** @throws ElmoError ConversionFailure */
export function binaryOfText(text: string, format: BinaryFormat, subtype: number): Value {
  const fail = (why: string): never => {
    throw conversionFailure(`Failed to parse BinData '${text}' in $convert with no onError value: ${why}`);
  };
  if ((format === 'uuid') !== (subtype === UUID_SUBTYPE))
    return fail("Only the 'uuid' format is allowed with the UUID subtype");
  switch (format) {
    case 'auto':
      return fail("Invalid format 'auto'");
    case 'base64':
      if (!BASE64.test(text)) return fail('invalid base64');
      return binaryValue(Buffer.from(text, 'base64'), subtype);
    case 'base64url':
      if (!BASE64URL.test(text)) return fail('invalid base64url');
      return binaryValue(Buffer.from(text, 'base64url'), subtype);
    case 'hex':
      if (!HEX.test(text)) return fail('invalid hex');
      return binaryValue(Buffer.from(text, 'hex'), subtype);
    case 'utf8':
      return binaryValue(Buffer.from(text, 'utf8'), subtype);
    case 'uuid':
      if (!UUID_TEXT.test(text)) return fail(`Invalid UUID string: ${text}`);
      return binaryValue(Buffer.from(text.replaceAll('-', ''), 'hex'), subtype);
  }
}

/** The bytes of an int, a long or a double. */
export function binaryOfNumber(value: Value, isBigEndian: boolean, subtype: number): Value {
  const content = value.bytes.slice(value.at, value.end);
  return binaryValue(isBigEndian ? content.reverse() : content, subtype);
}

const LENGTHS: Readonly<Record<number, readonly number[]>> = {
  [INT32]: [1, 2, 4],
  [INT64]: [1, 2, 4, 8],
  [DOUBLE]: [4, 8],
};

/** @throws ElmoError ConversionFailure unless it has a length that numbers of the type have */
export function numberOfBinary(binary: Value, type: number, isBigEndian: boolean): Value {
  const content = Uint8Array.from(contentOf(binary));
  if (!LENGTHS[type]!.includes(content.length))
    throw conversionFailure(
      `cannot convert binary data to a number because of invalid length: ${content.length}`,
    );
  if (isBigEndian) content.reverse();
  const view = new DataView(content.buffer);
  if (type === DOUBLE)
    return doubleValue(content.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true));
  const long =
    content.length === 8
      ? view.getBigInt64(0, true)
      : BigInt(
          content.length === 4
            ? view.getInt32(0, true)
            : content.length === 2
              ? view.getInt16(0, true)
              : view.getInt8(0),
        );
  return type === INT32 ? int32Value(Number(long)) : int64Value(long);
}

/** Kinds of vectors: what the first byte says. The second is the number of bits of the last byte that do not count. */
const PACKED_BIT = 0x10;
const INT8 = 0x03;
const FLOAT32 = 0x27;

/**
 * A vector: of bits if the elements are bools and ints that are 0 or 1; of ints of 8 bits if they are ints and whole
 * doubles of that range; else of floats. Larger ints are refused.
 */
export function vectorOfArray(array: Value): Value {
  const elements = elementsOf(array);
  const numbers = elements.map(({ type, bytes, at }) => {
    if (type === INT32) return readInt32(bytes, at);
    if (type === DOUBLE) return readDouble(bytes, at);
    if (type !== BOOL) throw notNumeric();
    return bytes[at]!;
  });
  const hasDoubles = elements.some(({ type }) => type === DOUBLE);
  if (!hasDoubles && numbers.every((number) => number === 0 || number === 1)) return bitVector(numbers);
  const areInt8s = numbers.every(isInt8);
  if (elements.some(({ type }) => type === BOOL))
    throw new ElmoError(areInt8s ? 16003 : 16005, "can't convert from BSON type bool to a number");
  if (elements.some(({ type }, i) => type === INT32 && !isInt8(numbers[i]!)))
    throw conversionFailure('Converting a BSON array with integers larger than INT8 is not supported.');
  return areInt8s ? int8Vector(numbers) : floatVector(numbers);
}

function isInt8(number: number): boolean {
  return Number.isInteger(number) && number >= -128 && number <= 127;
}

function notNumeric(): ElmoError {
  return conversionFailure('Converting array to BinData requires an array with numeric or bool content');
}

function bitVector(bits: readonly number[]): Value {
  const content = new Uint8Array(2 + Math.ceil(bits.length / 8));
  content[0] = PACKED_BIT;
  content[1] = (8 - (bits.length % 8)) % 8;
  bits.forEach((bit, i) => {
    content[2 + (i >> 3)]! |= bit << (7 - (i & 7));
  });
  return binaryValue(content, VECTOR_SUBTYPE);
}

function int8Vector(numbers: readonly number[]): Value {
  return binaryValue(Uint8Array.from([INT8, 0, ...numbers.map((number) => number & 0xff)]), VECTOR_SUBTYPE);
}

function floatVector(numbers: readonly number[]): Value {
  const content = new Uint8Array(2 + numbers.length * 4);
  content[0] = FLOAT32;
  const view = new DataView(content.buffer);
  numbers.forEach((number, i) => view.setFloat32(2 + i * 4, number, true));
  return binaryValue(content, VECTOR_SUBTYPE);
}

/** @throws ElmoError unless it is a vector */
export function arrayOfVector(binary: Value): Value {
  if (subtypeOf(binary) !== VECTOR_SUBTYPE)
    throw conversionFailure(
      'Conversion from binData to array is only supported for bindata with the vector subtype',
    );
  const content = Uint8Array.from(contentOf(binary));
  if (content.length === 0) return EMPTY_ARRAY;
  const [kind, padding = 0] = content;
  const view = new DataView(content.buffer);
  const elements: Value[] = [];
  if (kind === PACKED_BIT)
    for (let i = 0; i < (content.length - 2) * 8 - padding; i++)
      elements.push(boolValue(((content[2 + (i >> 3)]! >> (7 - (i & 7))) & 1) === 1));
  else if (kind === INT8) for (let i = 2; i < content.length; i++) elements.push(int32Value(view.getInt8(i)));
  else if (kind === FLOAT32)
    for (let i = 2; i + 4 <= content.length; i += 4) elements.push(doubleValue(view.getFloat32(i, true)));
  else throw new ElmoError(10506600, 'Invalid dType for provided BinData vector.');
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  elements.forEach((element, i) => appendIndexed(writer, i, element));
  writer.endDocument(start);
  return new Value(ARRAY, writer.toBytes(), 0);
}

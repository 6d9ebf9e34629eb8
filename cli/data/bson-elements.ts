/** Elements of raw BSON, a type and the bytes of a value, where they stand outside of a document. */
import { Decoder, validateDocument } from '../../elmo/index.js';

export const BsonType = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  code: 0x0d,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal: 0x13,
} as const;

export interface Literal {
  readonly type: number;
  /** Of the value alone. */
  readonly bytes: Uint8Array;
}

export interface Element extends Literal {
  readonly name: string;
}

/** Sizes of the types whose values are all as long. */
const SIZES: Readonly<Record<number, number>> = {
  0x01: 8,
  0x06: 0,
  0x07: 12,
  0x08: 1,
  0x09: 8,
  0x0a: 0,
  0x10: 4,
  0x11: 8,
  0x12: 8,
  0x13: 16,
  0x7f: 0,
  0xff: 0,
};
/** What the length in front of a value does not count. */
const UNCOUNTED: Readonly<Record<number, number>> = {
  0x02: 4,
  0x03: 0,
  0x04: 0,
  0x05: 5,
  0x0c: 4 + 12,
  0x0d: 4,
  0x0e: 4,
  0x0f: 0,
};
const REGULAR_EXPRESSION = 0x0b;

const precise = new Decoder({ promoteValues: false, bsonRegExp: true });

export function isElementType(type: number): boolean {
  return type in SIZES || type in UNCOUNTED || type === REGULAR_EXPRESSION;
}

/** The value of this type that begins at `at`. @throws Error when it does not end in these bytes */
export function literalAt(bytes: Uint8Array, at: number, type: number): Literal {
  const end = at + sizeAt(bytes, at, type);
  if (!(end >= at && end <= bytes.length)) throw new Error('a value ends behind the end');
  return { type, bytes: bytes.subarray(at, end) };
}

function sizeAt(bytes: Uint8Array, at: number, type: number): number {
  const size = SIZES[type];
  if (size !== undefined) return size;
  if (type === REGULAR_EXPRESSION) return nameEnd(bytes, nameEnd(bytes, at) + 1) + 1 - at;
  const uncounted = UNCOUNTED[type];
  if (uncounted === undefined) throw new Error(`no value has the type 0x${type.toString(16)}`);
  if (at + 4 > bytes.length) throw new Error('a value ends behind the end');
  return uncounted + new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}

function nameEnd(bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(0, at);
  if (end < 0) throw new Error('a name does not end');
  return end;
}

/** The elements of a document or array that is known to be whole. */
export function elementsOf(document: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 4; document[at] !== 0;) {
    const end = nameEnd(document, at + 1);
    const name = Buffer.from(document.subarray(at + 1, end)).toString();
    const literal = literalAt(document, end + 1, document[at]!);
    elements.push({ name, ...literal });
    at = end + 1 + literal.bytes.length;
  }
  return elements;
}

/** @returns the value, its type kept @throws Error when it is damaged */
export function decodeLiteral({ type, bytes }: Literal): unknown {
  const raw = Buffer.alloc(4 + 2 + bytes.length + 1);
  raw.writeInt32LE(raw.length, 0);
  raw[4] = type;
  raw.set(bytes, 6);
  validateDocument(raw);
  return (precise.decode(raw) as { '': unknown })[''];
}

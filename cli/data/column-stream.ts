/**
 * The values of one packed column, each told by how far it is from the last one. What counts as a number depends on the type:
 * times, timestamps and object ids are told by how much their distance changes; short texts and short binary data are numbers
 * of 128 bits; doubles are scaled to whole numbers, or are their own 64 bits.
 */
import { BsonType, decodeLiteral, type Literal } from './bson-elements.js';
import { ABSENT, numbersOf, signedOf, type Packed } from './simple8b.js';

/** Doubles were multiplied by this. Undefined: they are their bits. */
export type Scale = number | undefined;

/** Text and binary data that are longer are not told by their distance. */
const MOST_SHORT_BYTES = 16;
const SECOND_ORDER: ReadonlySet<number> = new Set([BsonType.objectId, BsonType.date, BsonType.timestamp]);
const WIDE: ReadonlySet<number> = new Set([
  BsonType.string,
  BsonType.code,
  BsonType.binary,
  BsonType.decimal,
]);
/** Of an object id, the bytes that are told by their distance, lowest first: of its counter and its time in turn. */
const CHANGING_ID_BYTES = [11, 3, 10, 2, 9, 1, 0] as const;
const NO_VALUE: Literal = { type: BsonType.null, bytes: new Uint8Array(0) };

export class ColumnStream {
  private waiting: Packed[] = [];
  private next = 0;
  private lastPacked: Packed = 0n;
  private literal: Literal | undefined;
  private value: unknown;
  private number = 0n;
  private step = 0n;
  private scale: Scale;

  /** A value as it is; the next ones are told by it. */
  begin(literal: Literal): unknown {
    this.literal = literal;
    this.value = decodeLiteral(literal);
    this.number = numberOf(literal) ?? 0n;
    this.step = 0n;
    this.lastPacked = 0n;
    this.scale = undefined;
    return this.value;
  }

  /** A value that was put together elsewhere: the next ones can only be equal to it. */
  beginWith(value: unknown): void {
    this.begin(NO_VALUE);
    this.value = value;
  }

  /** Another word of distances, in a run of this scale. */
  push(word: bigint, scale: Scale): void {
    if (!this.hasMore) [this.waiting, this.next] = [[], 0];
    for (const packed of numbersOf(word, this.lastPacked)) this.waiting.push(packed);
    this.lastPacked = this.waiting.at(-1);
    if (this.literal?.type !== BsonType.double || scale === this.scale) return;
    const value = doubleOf(this.number, this.scale);
    this.scale = scale;
    this.number = scale === undefined ? bitsOf(value) : BigInt(Math.round(value * scale));
  }

  get hasMore(): boolean {
    return this.next < this.waiting.length;
  }

  /** @returns the next value; ABSENT: this row has none */
  take(): unknown {
    const packed = this.waiting[this.next++];
    if (packed === ABSENT) return ABSENT;
    const { literal } = this;
    if (literal === undefined) throw new Error('it begins with a distance');
    const change = signedOf(packed);
    this.step = SECOND_ORDER.has(literal.type) ? BigInt.asIntN(64, this.step + change) : change;
    if (this.step === 0n) return this.value;
    this.number = BigInt.asIntN(WIDE.has(literal.type) ? 128 : 64, this.number + this.step);
    this.value = decodeLiteral({ type: literal.type, bytes: this.bytesOf(literal) });
    return this.value;
  }

  /** The number as bytes of a value. */
  private bytesOf({ type, bytes }: Literal): Uint8Array {
    const { number } = this;
    switch (type) {
      case BsonType.double: {
        const raw = Buffer.alloc(8);
        raw.writeDoubleLE(doubleOf(number, this.scale));
        return raw;
      }
      case BsonType.boolean:
        return Uint8Array.of(number === 0n ? 0 : 1);
      case BsonType.int32:
      case BsonType.date:
      case BsonType.timestamp:
      case BsonType.int64:
      case BsonType.decimal:
        return lowBytes(number, bytes.length);
      case BsonType.objectId: {
        const id = Uint8Array.from(bytes);
        const changing = lowBytes(number, CHANGING_ID_BYTES.length);
        for (const [i, at] of CHANGING_ID_BYTES.entries()) id[at] = changing[i]!;
        return id;
      }
      case BsonType.binary:
        return Buffer.concat([bytes.subarray(0, 5), lowBytes(number, bytes.length - 5)]);
      case BsonType.string:
      case BsonType.code:
        return textBytes(number);
      default:
        throw new Error(`values of type 0x${type.toString(16)} have no distance`);
    }
  }
}

/** @returns undefined: the value can only be repeated */
function numberOf({ type, bytes }: Literal): bigint | undefined {
  switch (type) {
    case BsonType.boolean:
    case BsonType.int32:
      return BigInt.asIntN(8 * bytes.length, numberFrom(bytes));
    case BsonType.double:
    case BsonType.date:
    case BsonType.timestamp:
    case BsonType.int64:
      return BigInt.asIntN(64, numberFrom(bytes));
    case BsonType.decimal:
      return BigInt.asIntN(128, numberFrom(bytes));
    case BsonType.objectId:
      return numberFrom(CHANGING_ID_BYTES.map((at) => bytes[at]!));
    case BsonType.binary:
      return bytes.length - 5 <= MOST_SHORT_BYTES ? numberFrom(bytes.subarray(5)) : undefined;
    case BsonType.string:
    case BsonType.code: {
      const text = bytes.subarray(4, -1);
      return text.length <= MOST_SHORT_BYTES ? numberFrom([...text].reverse()) : undefined;
    }
    default:
      return undefined;
  }
}

/** Lowest first. */
function numberFrom(bytes: Uint8Array | readonly number[]): bigint {
  let number = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[i]!);
  return number;
}

function lowBytes(number: bigint, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = Number((number >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

/** Text whose last character is the lowest byte; zeros in front are none of it. */
function textBytes(number: bigint): Uint8Array {
  const reversed = lowBytes(number, MOST_SHORT_BYTES);
  let length = MOST_SHORT_BYTES;
  while (length > 0 && reversed[length - 1] === 0) length--;
  const bytes = Buffer.alloc(4 + length + 1);
  bytes.writeInt32LE(length + 1);
  for (let i = 0; i < length; i++) bytes[4 + i] = reversed[length - 1 - i]!;
  return bytes;
}

const words = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): bigint {
  words.setFloat64(0, value);
  return words.getBigInt64(0);
}

function doubleOf(number: bigint, scale: Scale): number {
  if (scale !== undefined) return Number(number) / scale;
  words.setBigInt64(0, number);
  return words.getFloat64(0);
}

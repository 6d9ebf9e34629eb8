/**
 * Raw BSON to Extended JSON (version 2), bytes to bytes, with no object in between. Of the relaxed form nothing is lost that
 * JSON can keep: 1.0 stays apart from 1, a Long has all its digits, fields keep their order. What json-parser.ts reads.
 *
 * The bytes come out of the store, which has checked them.
 */
import { isUtf8 } from 'node:buffer';
import { Decimal128 } from '../../elmo/index.js';
import { writeIsoDate, LAST_ISO_MS } from './iso-date.js';
import { TYPE } from './bson-types.js';
import {
  BACKSLASH,
  CLOSE,
  CLOSE_LIST,
  COLON,
  COMMA,
  MINUS,
  NEWLINE,
  OPEN,
  OPEN_LIST,
  QUOTE,
  SPACE,
  ZERO,
} from './json-characters.js';

export interface JsonForm {
  /** Numbers and dates as JSON has them, where that loses nothing that matters; else every value with its type. */
  readonly isRelaxed: boolean;
  /** Over several lines. */
  readonly isPretty: boolean;
}

/** Bytes of this kind tell their length a second time. */
const OLD_BINARY = 2;

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** What follows the backslash, where one character says it. */
const SHORT_ESCAPES = new Map(
  Object.entries({ '"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't' }).map(
    ([character, letter]) => [character.charCodeAt(0), letter.charCodeAt(0)],
  ),
);

/** What is handed on at once, about. */
const PIECE_BYTES = 256 * 1024;
/** Room for what is written without asking again: numbers, wrappers, escapes. */
const SLACK_BYTES = 128;
const LONGEST_ESCAPE = 6;
const LARGEST_DIGITS = 2 ** 53;

export class JsonWriter {
  private bytes: Uint8Array = Buffer.allocUnsafeSlow(2 * PIECE_BYTES);
  private spare: Uint8Array | undefined;
  private length = 0;

  constructor(private readonly form: JsonForm) {}

  /** Whether there is so much that it should be taken. */
  get isFull(): boolean {
    return this.length >= PIECE_BYTES;
  }

  /** @returns what was written since the last time; valid until the call after the next */
  take(): Uint8Array {
    const { bytes, length } = this;
    // what one large document took is not kept
    this.bytes = this.spare ?? Buffer.allocUnsafeSlow(2 * PIECE_BYTES);
    this.spare = bytes.length > 4 * PIECE_BYTES ? undefined : bytes;
    this.length = 0;
    return bytes.subarray(0, length);
  }

  /** ASCII. */
  writeText(text: string): void {
    this.ensure(text.length);
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) bytes[this.length++] = text.charCodeAt(i);
  }

  writeDocument(document: Uint8Array): void {
    this.container(new Source(document), false, 0);
  }

  private ensure(count: number): void {
    const wanted = this.length + count + SLACK_BYTES;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  private byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  private newLine(depth: number): void {
    this.ensure(1 + 2 * depth);
    this.byte(NEWLINE);
    for (let i = 0; i < 2 * depth; i++) this.byte(SPACE);
  }

  private container(from: Source, isList: boolean, depth: number): void {
    const { isPretty } = this.form;
    const { bytes } = from;
    const end = from.at + from.int32() - 1;
    this.ensure(2);
    this.byte(isList ? OPEN_LIST : OPEN);
    const isEmpty = from.at >= end;
    for (let isFirst = true; from.at < end; isFirst = false) {
      this.ensure(2);
      if (!isFirst) this.byte(COMMA);
      if (isPretty) this.newLine(depth + 1);
      const type = bytes[from.at++]!;
      const nameEnd = from.endOfCString();
      if (!isList) {
        this.quoted(bytes, from.at, nameEnd);
        this.byte(COLON);
        if (isPretty) this.byte(SPACE);
      }
      from.at = nameEnd + 1;
      this.value(from, type, depth + 1);
    }
    from.at = end + 1;
    if (isPretty && !isEmpty) this.newLine(depth);
    this.ensure(1);
    this.byte(isList ? CLOSE_LIST : CLOSE);
  }

  /** Leaves the source behind the value. */
  private value(from: Source, type: number, depth: number): void {
    this.ensure(0);
    switch (type) {
      case TYPE.string:
        return this.string(from);
      case TYPE.int32:
        return this.whole(from.int32(), '{"$numberInt":"');
      case TYPE.double:
        return this.double(from.double());
      case TYPE.object:
        return this.container(from, false, depth);
      case TYPE.array:
        return this.container(from, true, depth);
      case TYPE.objectId:
        return this.objectId(from);
      case TYPE.bool:
        return this.writeText(from.byte() === 0 ? 'false' : 'true');
      case TYPE.date:
        return this.date(from.int64());
      case TYPE.null:
        return this.writeText('null');
      case TYPE.int64:
        return this.whole(from.int64(), '{"$numberLong":"');
      default:
        return this.rare(from, type, depth);
    }
  }

  private rare(from: Source, type: number, depth: number): void {
    switch (type) {
      case TYPE.binary:
        return this.binary(from);
      case TYPE.undefined:
        return this.writeText('{"$undefined":true}');
      case TYPE.regex:
        this.writeText('{"$regularExpression":{"pattern":');
        this.cString(from);
        this.writeText(',"options":');
        this.cString(from);
        return this.writeText('}}');
      case TYPE.dbPointer:
        this.writeText('{"$dbPointer":{"$ref":');
        this.string(from);
        this.writeText(',"$id":');
        this.objectId(from);
        return this.writeText('}}');
      case TYPE.code:
        this.writeText('{"$code":');
        this.string(from);
        return this.writeText('}');
      case TYPE.symbol:
        this.writeText('{"$symbol":');
        this.string(from);
        return this.writeText('}');
      case TYPE.codeWithScope:
        from.at += 4;
        this.writeText('{"$code":');
        this.string(from);
        this.writeText(',"$scope":');
        this.container(from, false, depth);
        return this.writeText('}');
      case TYPE.timestamp: {
        const i = from.int32() >>> 0;
        return this.writeText(`{"$timestamp":{"t":${from.int32() >>> 0},"i":${i}}}`);
      }
      case TYPE.decimal:
        return this.writeText(`{"$numberDecimal":"${new Decimal128(from.take(16)).toString()}"}`);
      case TYPE.minKey:
        return this.writeText('{"$minKey":1}');
      case TYPE.maxKey:
        return this.writeText('{"$maxKey":1}');
      default:
        throw new Error(`a document has a value of unknown type ${type}`);
    }
  }

  private string(from: Source): void {
    const length = from.int32();
    this.quoted(from.bytes, from.at, from.at + length - 1);
    from.at += length;
  }

  private cString(from: Source): void {
    const end = from.endOfCString();
    this.quoted(from.bytes, from.at, end);
    from.at = end + 1;
  }

  /** What is not UTF-8 becomes U+FFFD. */
  private quoted(from: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    let { bytes, length } = this;
    let isChecked = false;
    bytes[length++] = QUOTE;
    for (let at = start; at < end; at++) {
      const byte = from[at]!;
      const isEscaped = byte < SPACE || byte === QUOTE || byte === BACKSLASH;
      if (!isEscaped && (byte < 0x80 || isChecked)) {
        bytes[length++] = byte;
        continue;
      }
      this.length = length;
      if (isEscaped) {
        this.ensure(end - at + LONGEST_ESCAPE);
        this.escape(byte);
      } else {
        isChecked = true;
        from = asUtf8(from.subarray(at, end));
        [at, end] = [-1, from.length];
        this.ensure(end);
      }
      ({ bytes, length } = this);
    }
    bytes[length++] = QUOTE;
    this.length = length;
  }

  private escape(byte: number): void {
    this.byte(BACKSLASH);
    const letter = SHORT_ESCAPES.get(byte);
    if (letter !== undefined) return this.byte(letter);
    this.writeText('u00');
    this.byte(HEX[byte >> 4]!);
    this.byte(HEX[byte & 15]!);
  }

  /** @param wrapper  of the canonical form */
  private whole(value: number | bigint, wrapper: string): void {
    if (this.form.isRelaxed) return this.digits(value);
    this.writeText(wrapper);
    this.digits(value);
    this.writeText('"}');
  }

  private digits(value: number | bigint): void {
    if (typeof value === 'bigint' || value >= 1e9 || value <= -1e9) return this.writeText(String(value));
    let rest = value;
    if (rest < 0) {
      this.byte(MINUS);
      rest = -rest;
    }
    let count = 1;
    for (let least = 10; rest >= least; least *= 10) count++;
    const { bytes } = this;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
    this.length += count;
  }

  private double(value: number): void {
    const isPlain = this.form.isRelaxed && Number.isFinite(value);
    if (!isPlain) this.writeText('{"$numberDouble":"');
    if (Number.isInteger(value) && Math.abs(value) < LARGEST_DIGITS) {
      if (Object.is(value, -0)) this.byte(MINUS);
      this.digits(value);
      this.writeText('.0');
    } else this.writeText(Number.isInteger(value) ? value.toFixed(1) : String(value));
    if (!isPlain) this.writeText('"}');
  }

  private objectId(from: Source): void {
    this.writeText('{"$oid":"');
    const { bytes } = this;
    let { length } = this;
    for (let i = 0; i < 12; i++) {
      const byte = from.bytes[from.at++]!;
      bytes[length++] = HEX[byte >> 4]!;
      bytes[length++] = HEX[byte & 15]!;
    }
    this.length = length;
    this.writeText('"}');
  }

  private date(ms: number | bigint): void {
    if (this.form.isRelaxed && ms >= 0 && ms <= LAST_ISO_MS) {
      this.writeText('{"$date":"');
      this.length = writeIsoDate(this.bytes, this.length, Number(ms));
    } else {
      this.writeText('{"$date":{"$numberLong":"');
      this.digits(ms);
      this.writeText('"}');
      return this.byte(CLOSE);
    }
    this.writeText('"}');
  }

  private binary(from: Source): void {
    const length = from.int32();
    const subType = from.byte();
    const bytes = subType === OLD_BINARY ? from.take(length).subarray(4) : from.take(length);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    this.writeText(`{"$binary":{"base64":"${text}","subType":"${subType.toString(16).padStart(2, '0')}"}}`);
  }
}

function asUtf8(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? bytes : Buffer.from(new TextDecoder().decode(bytes));
}

/** A document that is being read. */
class Source {
  at = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  int32(): number {
    const value = this.view.getInt32(this.at, true);
    this.at += 4;
    return value;
  }

  /** A number where that is exact. */
  int64(): number | bigint {
    const { at, view } = this;
    this.at += 8;
    const near = view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    return Number.isSafeInteger(near) ? near : view.getBigInt64(at, true);
  }

  double(): number {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  endOfCString(): number {
    let { at } = this;
    while (this.bytes[at] !== 0) at++;
    return at;
  }

  /** The next bytes, where they lie. */
  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

/**
 * One document of JSON text to BSON, bytes to bytes, with no object in between. Extended JSON, versions 1 and 2: the common
 * wrappers ({"$oid": …}) are read here, the rare ones by the package that knows them all. Numbers as they look: 1 is an
 * Int32, or a Long when it is too large; 1.0 and 1e3 are doubles. NaN and Infinity are read too, as other programs write them.
 */
import { isUtf8 } from 'node:buffer';
import { BsonWriter, Decimal128, EJSON, encodeDocument, type Document } from '../../elmo/index.js';
import { withoutVersion1 } from './extended-json-1.js';
import { TYPE } from './bson-types.js';
import {
  BACKSLASH,
  CLOSE,
  CLOSE_LIST,
  COLON,
  COMMA,
  DOLLAR,
  MINUS,
  NEWLINE,
  OPEN,
  OPEN_LIST,
  QUOTE,
} from './json-characters.js';

/** Levels of documents and lists; more than any document may have. */
const MOST_LEVELS = 250;
/** Whole numbers of so few digits are exact as they are read. */
const SAFE_DIGITS = 15;
const INT32_MAX = 0x7fff_ffff;
const INT64_MAX = 2n ** 63n - 1n;

/** Names of the wrappers of Extended JSON. */
const WRAPPERS: ReadonlySet<string> = new Set(
  'oid symbol numberInt numberLong numberDouble numberDecimal binary type uuid code scope timestamp regularExpression regex options dbPointer date minKey maxKey undefined'
    .split(' ')
    .map((name) => `$${name}`),
);

/** Names of wrappers that queries have too, with other values: {$regex: …} of a stored query is a document. */
const ALSO_OPERATORS: ReadonlySet<string> = new Set(['$regex', '$options', '$type']);

/** Words that are values; the longest first that begin alike. */
const WORDS: readonly (readonly [word: string, type: number, write: (writer: BsonWriter) => void])[] = [
  ['true', TYPE.bool, (writer) => writer.writeByte(1)],
  ['false', TYPE.bool, (writer) => writer.writeByte(0)],
  ['null', TYPE.null, () => undefined],
  ['NaN', TYPE.double, (writer) => writer.writeDouble(NaN)],
  ['Infinity', TYPE.double, (writer) => writer.writeDouble(Infinity)],
  ['-Infinity', TYPE.double, (writer) => writer.writeDouble(-Infinity)],
];

/** The text is no document: at byte `at`, in line `line`, which begins at byte `lineStart`. */
export class JsonFault extends Error {
  constructor(
    message: string,
    readonly at: number,
    readonly line: number,
    readonly lineStart: number,
  ) {
    super(message);
  }
}

/** Thrown where the text ends in the middle: there may be more. One object, for it is thrown once a piece of the input. */
export const TEXT_ENDS = new Error('the text ends');

export class JsonParser {
  /** Behind what was read last. */
  at = 0;
  /** Of `at`; lines count from 1. */
  line = 1;
  /** Where that line begins. */
  lineStart = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private end = 0;
  private documentStart = 0;
  private documentLine = 1;
  private documentLineStart = 0;
  private levels = 0;
  private readonly writer = new BsonWriter();

  /** What is read from now on. */
  reset(bytes: Uint8Array, at: number, line: number, lineStart: number): void {
    this.bytes = bytes;
    this.end = bytes.length;
    this.at = at;
    this.line = line;
    this.lineStart = lineStart;
  }

  /**
   * The document whose brace stands at `at`. @returns BSON
   * @throws JsonFault; TEXT_ENDS
   */
  parse(): Uint8Array {
    this.writer.clear();
    this.levels = 0;
    this.documentStart = this.at++;
    this.documentLine = this.line;
    this.documentLineStart = this.lineStart;
    this.parseObject();
    return this.writer.toBytes();
  }

  /** Behind the opening brace. */
  private parseObject(): void {
    const { writer } = this;
    if (++this.levels > MOST_LEVELS) throw this.fault('the document nests too deep');
    const start = writer.beginDocument();
    let byte = this.skipBlanks();
    if (byte === CLOSE) this.at++;
    else
      for (;;) {
        if (byte !== QUOTE) throw this.unexpected('a name', byte);
        const typeAt = writer.length;
        writer.writeByte(0);
        this.parseName();
        if (this.skipBlanks() !== COLON) throw this.unexpected("':'", this.bytes[this.at]!);
        this.at++;
        const type = this.parseValue();
        writer.bytes[typeAt] = type;
        byte = this.skipBlanks();
        this.at++;
        if (byte === CLOSE) break;
        if (byte !== COMMA) throw this.unexpected("',' or '}'", byte, this.at - 1);
        byte = this.skipBlanks();
      }
    writer.endDocument(start);
    this.levels--;
  }

  private parseList(): void {
    const { writer } = this;
    if (++this.levels > MOST_LEVELS) throw this.fault('the document nests too deep');
    const start = writer.beginDocument();
    if (this.skipBlanks() === CLOSE_LIST) this.at++;
    else
      for (let index = 0; ; index++) {
        const typeAt = writer.length;
        writer.writeIndex(0, index);
        const type = this.parseValue();
        writer.bytes[typeAt] = type;
        const byte = this.skipBlanks();
        this.at++;
        if (byte === CLOSE_LIST) break;
        if (byte !== COMMA) throw this.unexpected("',' or ']'", byte, this.at - 1);
      }
    writer.endDocument(start);
    this.levels--;
  }

  /** @returns its type */
  private parseValue(): number {
    const byte = this.skipBlanks();
    if (byte === QUOTE) {
      this.parseText();
      return TYPE.string;
    }
    if (byte === OPEN) return this.parseObjectOrWrapper();
    if (byte === OPEN_LIST) {
      this.at++;
      this.parseList();
      return TYPE.array;
    }
    if (isDigit(byte) || (byte === MINUS && this.peek(1) !== 0x49)) return this.parseNumber();
    return this.parseWord(byte);
  }

  private parseWord(byte: number): number {
    for (const [word, type, write] of WORDS) {
      if (word.charCodeAt(0) !== byte) continue;
      for (let i = 1; i < word.length; i++)
        if (this.peek(i) !== word.charCodeAt(i)) throw this.unexpected('a value', byte);
      this.at += word.length;
      write(this.writer);
      return type;
    }
    throw this.unexpected('a value', byte);
  }

  /** Digits that are enough for exactness as they come, or else by the runtime. */
  private parseNumber(): number {
    const { bytes, writer } = this;
    const start = this.at;
    const isNegative = bytes[start] === MINUS;
    let at = isNegative ? start + 1 : start;
    let value = 0;
    const digits = at;
    let byte = bytes[at]!;
    while (isDigit(byte)) {
      value = value * 10 + byte - 0x30;
      byte = bytes[++at]!;
    }
    const isWhole = byte !== 0x2e && byte !== 0x65 && byte !== 0x45;
    if (bytes[digits] === 0x30 && isWhole && at - digits > 1) throw this.fault('a number begins with 0');
    if (isWhole && at - digits <= SAFE_DIGITS && at > digits) {
      if (at >= this.end) throw TEXT_ENDS;
      this.at = at;
      if (isNegative) value = -value;
      return this.writeWhole(value, value);
    }
    while (at < this.end && isOfNumber(bytes[at]!)) at++;
    if (at >= this.end) throw TEXT_ENDS;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, at - start).toString('latin1');
    if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) throw this.fault(`'${text}' is no number`);
    this.at = at;
    if (isWhole) {
      const whole = BigInt(text);
      if (whole <= INT64_MAX && whole >= -INT64_MAX - 1n) return this.writeWhole(Number(text), whole);
    }
    writer.writeDouble(Number(text));
    return TYPE.double;
  }

  private writeWhole(value: number, exact: number | bigint): number {
    const { writer } = this;
    if (value <= INT32_MAX && value >= -INT32_MAX - 1) {
      writer.writeInt32(value);
      return TYPE.int32;
    }
    writeLong(writer, exact);
    return TYPE.int64;
  }

  /** A name of a field, with its NUL. */
  private parseName(): void {
    const { bytes, writer } = this;
    const start = this.at + 1;
    const end = this.endOfText(start);
    if (this.hasEscapes) {
      const name = this.unescape(start, end);
      if (name.includes('\0')) throw this.fault('a name holds a NUL');
      writer.writeCString(name);
    } else {
      writer.writeRange(bytes, start, end);
      writer.writeByte(0);
    }
    this.at = end + 1;
  }

  private parseText(): void {
    const { bytes, writer } = this;
    const start = this.at + 1;
    const end = this.endOfText(start);
    if (this.hasEscapes) writer.writeText(this.unescape(start, end));
    else {
      writer.writeInt32(end - start + 1);
      writer.writeRange(bytes, start, end);
      writer.writeByte(0);
    }
    this.at = end + 1;
  }

  /** Whether the text that `endOfText` went over has escapes. */
  private hasEscapes = false;

  /** @param at  behind the quote. @returns where the closing quote stands */
  private endOfText(at: number): number {
    const { bytes, end } = this;
    const start = at;
    let bits = 0;
    this.hasEscapes = false;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        if (bits >= 0x80 && !isUtf8(bytes.subarray(start, at))) throw this.fault('a text is not UTF-8');
        return at;
      }
      bits |= byte;
      if (byte === BACKSLASH) {
        this.hasEscapes = true;
        at++;
      } else if (byte === NEWLINE) throw this.fault('a text does not end');
    }
    throw TEXT_ENDS;
  }

  private unescape(start: number, end: number): string {
    const { bytes } = this;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    try {
      // a tab or the like is no reason to leave a document out
      return JSON.parse(
        `"${text.replace(/[\0-\x1f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`,
      ) as string;
    } catch {
      throw this.fault('a text has an escape that is none');
    }
  }

  private parseObjectOrWrapper(): number {
    const start = this.at++;
    const { line, lineStart } = this;
    if (this.skipBlanks() === QUOTE && this.peek(1) === DOLLAR) {
      const nameEnd = this.endOfText(this.at + 1);
      const name = this.latin1(this.at + 1, nameEnd);
      if (WRAPPERS.has(name)) {
        this.at = nameEnd + 1;
        const type = this.parseWrapper(name);
        if (type !== 0) return type;
        this.at = start;
        this.line = line;
        this.lineStart = lineStart;
        return this.parseRareWrapper(name);
      }
    }
    this.parseObject();
    return TYPE.object;
  }

  /** Behind the name. @returns the type; 0: it is not one of the common forms, and nothing was written */
  private parseWrapper(name: string): number {
    if (this.skipBlanks() !== COLON) return 0;
    this.at++;
    const byte = this.skipBlanks();
    if (name === '$date' && byte !== QUOTE) return this.parseMilliseconds(byte);
    if (byte !== QUOTE || name === '$type') return 0;
    const text = this.lastText();
    if (text === undefined) return 0;
    const { writer } = this;
    switch (name) {
      case '$oid':
        if (!/^[0-9a-fA-F]{24}$/.test(text)) return 0;
        for (let i = 0; i < 24; i += 2)
          writer.writeByte((hexDigit(text.charCodeAt(i)) << 4) | hexDigit(text.charCodeAt(i + 1)));
        return TYPE.objectId;
      case '$numberLong':
        if (!/^-?\d{1,18}$/.test(text)) return 0;
        writeLong(writer, text.length <= SAFE_DIGITS ? Number(text) : BigInt(text));
        return TYPE.int64;
      case '$numberInt':
        if (!/^-?\d{1,9}$/.test(text)) return 0;
        writer.writeInt32(Number(text));
        return TYPE.int32;
      case '$numberDouble':
        if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return 0;
        writer.writeDouble(Number(text));
        return TYPE.double;
      case '$numberDecimal':
        return this.writeDecimal(text);
      case '$date': {
        const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(text) ? Date.parse(text) : NaN;
        if (Number.isNaN(ms)) return 0;
        writeLong(writer, ms);
        return TYPE.date;
      }
      default:
        return 0;
    }
  }

  private writeDecimal(text: string): number {
    let decimal: Decimal128;
    try {
      decimal = Decimal128.fromString(text);
    } catch {
      return 0; // told by whoever reads the rare forms
    }
    this.writer.writeRange(decimal.bytes, 0, 16);
    return TYPE.decimal;
  }

  /** A date as a number, which may be a wrapper itself. @param byte  its first */
  private parseMilliseconds(byte: number): number {
    let digits: string | undefined;
    if (byte === OPEN) {
      this.at++;
      if (this.skipBlanks() !== QUOTE) return 0;
      const nameEnd = this.endOfText(this.at + 1);
      if (this.latin1(this.at + 1, nameEnd) !== '$numberLong') return 0;
      this.at = nameEnd + 1;
      if (this.skipBlanks() !== COLON) return 0;
      this.at++;
      if (this.skipBlanks() !== QUOTE) return 0;
      digits = this.lastText();
    } else {
      const start = this.at;
      let { at } = this;
      while (at < this.end && (this.bytes[at]! === MINUS || isDigit(this.bytes[at]!))) at++;
      digits = this.latin1(start, at);
      this.at = at;
    }
    if (digits === undefined || !/^-?\d{1,15}$/.test(digits) || this.skipBlanks() !== CLOSE) return 0;
    this.at++;
    writeLong(this.writer, Number(digits));
    return TYPE.date;
  }

  /** The text that begins at `at`, if the object ends behind it; `at` is behind that then. */
  private lastText(): string | undefined {
    const end = this.endOfText(this.at + 1);
    if (this.hasEscapes) return undefined;
    const text = this.latin1(this.at + 1, end);
    this.at = end + 1;
    if (this.skipBlanks() !== CLOSE) return undefined;
    this.at++;
    return text;
  }

  private latin1(start: number, end: number): string {
    const { bytes } = this;
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  }

  /** By the package: binaries, regular expressions, timestamps, decimals … */
  private parseRareWrapper(name: string): number {
    const { bytes, writer } = this;
    const start = this.at;
    const { line, lineStart } = this;
    const writtenBefore = writer.length;
    // reading it as a document finds its end, and what is wrong with its form
    this.at++;
    this.parseObject();
    writer.length = writtenBefore;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, this.at - start).toString('utf8');
    let raw: Uint8Array | undefined;
    try {
      const plain = JSON.parse(text, (_name, inner: unknown) => withoutVersion1(inner)) as Document;
      raw = encodeDocument({ v: EJSON.deserialize({ v: plain }, { relaxed: false })['v'] as unknown });
    } catch (error) {
      if (!ALSO_OPERATORS.has(name)) throw new JsonFault((error as Error).message, start, line, lineStart);
    }
    if (raw === undefined || (raw[4] === TYPE.object && name !== '$dbPointer')) {
      // it only looked like one
      this.at = start + 1;
      this.line = line;
      this.lineStart = lineStart;
      this.parseObject();
      return TYPE.object;
    }
    // length, type, 'v', NUL, value, NUL
    writer.writeRange(raw, 7, raw.length - 1);
    return raw[4]!;
  }

  /** @returns the next byte that is no blank, which stays to be read */
  private skipBlanks(): number {
    const { bytes, end } = this;
    let { at } = this;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 0x20) {
        this.at = at;
        return byte;
      }
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== NEWLINE) break;
      if (byte === NEWLINE) {
        this.line++;
        this.lineStart = at + 1;
      }
    }
    this.at = at;
    if (at >= end) throw TEXT_ENDS;
    return bytes[at]!;
  }

  private peek(ahead: number): number {
    const at = this.at + ahead;
    if (at >= this.end) throw TEXT_ENDS;
    return this.bytes[at]!;
  }

  private unexpected(expected: string, byte: number, at = this.at): JsonFault {
    // a brace at the start of a line begins the next document: this one has lost its end
    if (byte === OPEN && at === this.lineStart && at > this.documentStart)
      return new JsonFault(
        'the document does not end',
        this.documentStart,
        this.documentLine,
        this.documentLineStart,
      );
    const got =
      byte >= 0x20 && byte < 0x7f
        ? `'${String.fromCharCode(byte)}'`
        : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    return this.fault(`${expected} was expected, got ${got}`, at);
  }

  private fault(message: string, at = this.at): JsonFault {
    return new JsonFault(message, at, this.line, this.lineStart);
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

const isOfNumber = (byte: number): boolean =>
  isDigit(byte) || byte === 0x2e || byte === 0x2b || byte === MINUS || byte === 0x65 || byte === 0x45;

/** Of a letter or digit that is one. */
const hexDigit = (code: number): number => (code <= 0x39 ? code - 0x30 : (code & 0x1f) + 9);

function writeLong(writer: BsonWriter, value: number | bigint): void {
  if (typeof value === 'number') writer.writeInt64(Math.floor(value / 2 ** 32) | 0, value | 0);
  else writer.writeInt64(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
}

/**
 * Documents and arrays to JSON and back, as $toString and $toObject do it: plain JSON, in which only strings, numbers,
 * booleans and null are themselves; what else there is becomes a string of its own.
 */
import { readText } from '../../bson/read.js';
import { ARRAY, BOOL, DECIMAL128, DOUBLE, INT32, INT64, NULL, OBJECT, UNDEFINED } from '../../bson/types.js';
import {
  boolValue,
  doubleValue,
  int32Value,
  int64Value,
  NULL_VALUE,
  stringValue,
  Value,
} from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { appendIndexed } from '../nodes.js';
import { fitsInt64, INT32_MAX, INT32_MIN } from '../numbers.js';

const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f]/g;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function quoted(text: string): string {
  const escaped = text.replace(
    ESCAPED,
    (character) => SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** @param scalarText  what $toString gives of a value that is no document and no array */
export function jsonText(value: Value, scalarText: (value: Value) => string): string {
  switch (value.type) {
    case OBJECT:
    case ARRAY: {
      const walker = new ElementWalker();
      const parts: string[] = [];
      walker.open(value.bytes, value.at);
      while (walker.next()) {
        const part = jsonText(new Value(walker.type, value.bytes, walker.valueStart), scalarText);
        if (value.type === ARRAY) parts.push(part);
        else parts.push(`${quoted(readText(value.bytes, walker.nameStart, walker.nameEnd))}:${part}`);
      }
      return value.type === ARRAY ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
    }
    case NULL:
    case UNDEFINED:
      return 'null';
    case BOOL:
    case INT32:
    case INT64:
      return scalarText(value);
    case DOUBLE:
    case DECIMAL128: {
      const text = scalarText(value);
      return /^[-\d]/.test(text) && !text.endsWith('y') ? text : quoted(text); // NaN and infinities have no other form
    }
    default:
      return quoted(scalarText(value));
  }
}

function malformed(why: string): ElmoError {
  return new ElmoError('ConversionFailure', `Input doesn't represent valid JSON${why}`);
}

const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
/** Levels of nesting that are read. */
const MAX_DEPTH = 200;

/** Reads one document or array; of a name that comes twice the last value stays, at the first one's place. */
class JsonReader {
  private at = 0;

  constructor(private readonly text: string) {}

  read(): Value {
    this.skipBlanks();
    const first = this.text[this.at];
    const value = this.value(0);
    this.skipBlanks();
    if (this.at < this.text.length) throw malformed('');
    if (first !== '{' && first !== '[') throw malformed(': Unexpected standalone value');
    return value;
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    return found;
  }

  private skipBlanks(): void {
    this.take(BLANKS);
  }

  /** Takes a character, and the blanks around it. */
  private takes(character: string): boolean {
    this.skipBlanks();
    if (this.text[this.at] !== character) return false;
    this.at++;
    this.skipBlanks();
    return true;
  }

  private value(depth: number): Value {
    if (depth > MAX_DEPTH) throw malformed(': nested too deep');
    if (this.takes('{')) return this.object(depth);
    if (this.takes('[')) return this.array(depth);
    if (this.text[this.at] === '"') return stringValue(this.string());
    const word = this.take(WORD);
    if (word !== undefined) return word[0] === 'null' ? NULL_VALUE : boolValue(word[0] === 'true');
    return this.number();
  }

  private number(): Value {
    const found = this.take(NUMBER);
    if (found === undefined) throw malformed('');
    if (found[1] === undefined && found[2] === undefined) {
      const whole = BigInt(found[0]);
      if (whole >= INT32_MIN && whole <= INT32_MAX) return int32Value(Number(whole));
      if (fitsInt64(whole)) return int64Value(whole);
    }
    const double = Number(found[0]);
    if (!Number.isFinite(double)) throw malformed('');
    return doubleValue(double);
  }

  private string(): string {
    const found = this.take(STRING);
    if (found === undefined) throw malformed('');
    const text = JSON.parse(found[0]) as string;
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text))
      throw malformed('');
    return text;
  }

  private array(depth: number): Value {
    const elements: Value[] = [];
    if (!this.takes(']')) {
      do elements.push(this.value(depth + 1));
      while (this.takes(','));
      if (!this.takes(']')) throw malformed('');
    }
    const writer = new BsonWriter();
    const start = writer.beginDocument();
    for (let i = 0; i < elements.length; i++) appendIndexed(writer, i, elements[i]!);
    writer.endDocument(start);
    return new Value(ARRAY, writer.toBytes(), 0);
  }

  private object(depth: number): Value {
    const fields = new Map<string, Value>();
    if (!this.takes('}')) {
      do {
        const name = this.string();
        if (name.includes('\0')) throw malformed(': Illegal embedded null byte');
        if (!this.takes(':')) throw malformed('');
        fields.set(name, this.value(depth + 1));
      } while (this.takes(','));
      if (!this.takes('}')) throw malformed('');
    }
    const writer = new BsonWriter();
    const start = writer.beginDocument();
    const encoder = new TextEncoder();
    for (const [name, value] of fields) {
      writer.writeName(value.type, encoder.encode(name));
      writer.writeRange(value.bytes, value.at, value.end);
    }
    writer.endDocument(start);
    return new Value(OBJECT, writer.toBytes(), 0);
  }
}

/** @throws ElmoError ConversionFailure unless the text is JSON and of the type that is asked for */
export function parseJson(text: string, type: typeof OBJECT | typeof ARRAY): Value {
  const value = new JsonReader(text).read();
  if (value.type === type) return value;
  throw new ElmoError(
    'ConversionFailure',
    `Input doesn't match expected type '${type === OBJECT ? 'object' : 'array'}'`,
  );
}

/** Operators on strings as wholes. Source: MongoDB manual, "String Expression Operators". */
import { OBJECT, REGEX, STRING } from '../../bson/types.js';
import { int32Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { grouping } from '../constant-parts.js';
import { arrayOf, valueText } from '../elements.js';
import { Expression, type ExpressionOperator, type ExpressionOperators, type Frame } from '../expression.js';
import { typeNameOf } from '../numbers.js';
import { binary, foldConstants, namedArguments, OperatorExpression, unary } from '../operator-kinds.js';
import { byteLengthOf, coercedText, stringOf, stringOfBytes, textBytesOf, utf8Of } from '../strings.js';
import { regexOf } from './regex.js';

class Concat extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const pieces: Uint8Array[] = [];
    for (const operand of this.operands) {
      const value = operand.evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      if (value.type !== STRING)
        throw new ElmoError(16702, `${this.name} only supports strings, not ${typeNameOf(value)}`);
      pieces.push(textBytesOf(value));
    }
    return stringOfBytes(...pieces);
  }
}

/** ASCII letters in another case; others stay. */
function inCase(first: number, last: number): (value: Value) => Value {
  return (value) => {
    const bytes = value.type === STRING ? textBytesOf(value).slice() : utf8Of(coercedText(value));
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte >= first && byte <= last) bytes[i] = byte ^ 0x20;
    }
    return stringOfBytes(bytes);
  };
}

function strcasecmp(left: Value, right: Value): Value {
  const upper = inCase(0x61, 0x7a);
  const order = Buffer.compare(textBytesOf(upper(left)), textBytesOf(upper(right)));
  return int32Value(order);
}

function strLenBytes(value: Value, name: string): Value {
  if (value.type !== STRING)
    throw new ElmoError(34473, `${name} requires a string argument, found: ${typeNameOf(value)}`);
  return int32Value(byteLengthOf(value));
}

function strLenCP(value: Value, name: string): Value {
  if (value.type !== STRING)
    throw new ElmoError(34471, `${name} requires a string argument, found: ${typeNameOf(value)}`);
  const bytes = textBytesOf(value);
  let count = 0;
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) count++;
  return int32Value(count);
}

function split(text: Value, separator: Value, name: string): Value {
  if (text.isNullish || separator.isNullish) return NULL_VALUE;
  if (text.type !== STRING)
    throw new ElmoError(
      40085,
      `${name} requires an expression that evaluates to a string as a first argument, found: ${typeNameOf(text)}`,
    );
  if (separator.type === REGEX) return arrayOf(splitByRegex(text.text, separator, name).map(stringOf));
  if (separator.type !== STRING)
    throw new ElmoError(
      10503900,
      `${name} requires an expression that evaluates to a string or regular expression as a second argument, found: ${typeNameOf(separator)}`,
    );
  if (byteLengthOf(separator) === 0) throw new ElmoError(40087, `${name} requires a non-empty separator`);
  return arrayOf(text.text.split(separator.text).map(stringOf));
}

/** What groups captured lies between the parts, as in other languages' splits. */
function splitByRegex(text: string, separator: Value, name: string): string[] {
  const regex = regexOf(separator, name);
  const parts: string[] = [];
  let partStart = 0;
  for (let from = 0; from <= text.length;) {
    const match = regex.exec(text, from);
    if (match === undefined) break;
    parts.push(text.slice(partStart, match.index));
    for (const capture of match.captures) parts.push(capture ?? '');
    partStart = match.index + match.text.length;
    from = match.text === '' ? partStart + (text.codePointAt(partStart)! > 0xffff ? 2 : 1) : partStart;
  }
  parts.push(text.slice(partStart));
  return parts;
}

const BLANKS: ReadonlySet<number> = new Set([
  ...[0x00, 0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0xa0, 0x1680],
  ...[0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a],
]);

class Trim extends Expression {
  constructor(
    private readonly input: Expression,
    private readonly chars: Expression | undefined,
    private readonly atStart: boolean,
    private readonly atEnd: boolean,
    private readonly name: string,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    if (input.isNullish) return NULL_VALUE;
    if (input.type !== STRING)
      throw new ElmoError(
        50699,
        `${this.name} requires its input to be a string, got ${valueText(input)} (of type ${typeNameOf(input)}) instead.`,
      );
    let trimmed = BLANKS;
    if (this.chars !== undefined) {
      const chars = this.chars.evaluate(frame);
      if (chars.isNullish) return NULL_VALUE;
      if (chars.type !== STRING)
        throw new ElmoError(
          50700,
          `${this.name} requires 'chars' to be a string, got ${valueText(chars)} (of type ${typeNameOf(chars)}) instead.`,
        );
      trimmed = new Set([...chars.text].map((character) => character.codePointAt(0)!));
    }
    const { text } = input;
    let start = 0;
    let end = text.length;
    while (this.atStart && start < end) {
      const code = text.codePointAt(start)!;
      if (!trimmed.has(code)) break;
      start += code > 0xffff ? 2 : 1;
    }
    while (this.atEnd && end > start) {
      const unit = text.charCodeAt(end - 1);
      const isPair = unit >= 0xdc00 && unit <= 0xdfff && end - 1 > start;
      const size = isPair ? 2 : 1;
      if (!trimmed.has(text.codePointAt(end - size)!)) break;
      end -= size;
    }
    return start === 0 && end === text.length ? input : stringOf(text.slice(start, end));
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.chars?.addDependencies(into);
  }
}

function trim(atStart: boolean, atEnd: boolean): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(
          50696,
          `${name} only supports an object as an argument, found ${typeNameOf(argument)}`,
        );
      const given = namedArguments(argument, name, {
        required: ['input'],
        optional: ['chars'],
        notObject: 50696,
        unknown: 50694,
        missing: 50695,
      });
      const input = scope.parse(given.get('input')!);
      const chars = given.has('chars') ? scope.parse(given.get('chars')!) : undefined;
      const operands = chars === undefined ? [input] : [input, chars];
      return foldConstants(new Trim(input, chars, atStart, atEnd, name), operands);
    },
  };
}

/** Replaces what `find` finds, once or all over. */
class Replace extends Expression {
  constructor(
    private readonly input: Expression,
    private readonly find: Expression,
    private readonly replacement: Expression,
    private readonly isAll: boolean,
    private readonly name: string,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const { name } = this;
    const input = this.input.evaluate(frame);
    const find = this.find.evaluate(frame);
    const replacement = this.replacement.evaluate(frame);
    const refuse = (code: number, which: string, value: Value): ElmoError =>
      new ElmoError(code, `${name} requires that '${which}' be a string, found: ${valueText(value)}`);
    if (!input.isNullish && input.type !== STRING) throw refuse(10503904, 'input', input);
    if (!find.isNullish && find.type !== STRING && find.type !== REGEX) throw refuse(10503901, 'find', find);
    if (!replacement.isNullish && replacement.type !== STRING)
      throw refuse(10503902, 'replacement', replacement);
    if (input.isNullish || find.isNullish || replacement.isNullish) return NULL_VALUE;
    const { text } = input;
    const by = replacement.text;
    if (find.type === REGEX) return stringOf(this.replaceMatches(text, find, by));
    const wanted = find.text;
    if (!this.isAll) {
      const at = text.indexOf(wanted);
      return at < 0 ? input : stringOf(text.slice(0, at) + by + text.slice(at + wanted.length));
    }
    if (wanted === '') return stringOf(by + [...text].map((character) => character + by).join(''));
    return stringOf(text.split(wanted).join(by));
  }

  private replaceMatches(text: string, find: Value, by: string): string {
    const regex = regexOf(find, this.name);
    let result = '';
    let keptFrom = 0;
    for (let from = 0; from <= text.length;) {
      const match = regex.exec(text, from);
      if (match === undefined) break;
      result += text.slice(keptFrom, match.index) + by;
      keptFrom = match.index + match.text.length;
      if (!this.isAll) break;
      from = match.text === '' ? keptFrom + (text.codePointAt(keptFrom)! > 0xffff ? 2 : 1) : keptFrom;
    }
    return result + text.slice(keptFrom);
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.find.addDependencies(into);
    this.replacement.addDependencies(into);
  }
}

function replace(isAll: boolean): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        required: ['input', 'find', 'replacement'],
        notObject: 51751,
        unknown: 51750,
        missing: { input: 51749, find: 51748, replacement: 51747 },
      });
      const operand = (key: string): Expression => scope.parse(given.get(key)!);
      return new Replace(operand('input'), operand('find'), operand('replacement'), isAll, name);
    },
  };
}

export const stringOperators: ExpressionOperators = {
  $concat: grouping((operands, name) => new Concat(operands, name)),
  $ltrim: trim(true, false),
  $replaceAll: replace(true),
  $replaceOne: replace(false),
  $rtrim: trim(false, true),
  $split: binary(split),
  $strLenBytes: unary(strLenBytes),
  $strLenCP: unary(strLenCP),
  $strcasecmp: binary(strcasecmp),
  $toLower: unary(inCase(0x41, 0x5a)),
  $toUpper: unary(inCase(0x61, 0x7a)),
  $trim: trim(true, true),
};

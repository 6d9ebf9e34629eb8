/** $regexMatch $regexFind $regexFindAll. Source: MongoDB manual, "String Expression Operators". */
import { endOfCString, readText } from '../../bson/read.js';
import { ARRAY, INT32, NULL, OBJECT, REGEX, STRING } from '../../bson/types.js';
import { boolValue, EMPTY_ARRAY, FALSE_VALUE, NULL_VALUE, Value } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { PatternError } from '../../regex/pattern.js';
import { compilePattern, type CompiledRegex, type RegexMatch } from '../../regex/regex.js';
import { arrayOf } from '../elements.js';
import { Expression, type ExpressionOperator, type ExpressionOperators, type Frame } from '../expression.js';
import { typeNameOf } from '../numbers.js';
import { namedArguments } from '../operator-kinds.js';
import { utf8Of } from '../strings.js';

/** The pattern and the options of a regular expression. */
function partsOf(regex: Value): readonly [pattern: string, options: string] {
  const patternEnd = endOfCString(regex.bytes, regex.at);
  const optionsEnd = endOfCString(regex.bytes, patternEnd + 1);
  return [readText(regex.bytes, regex.at, patternEnd), readText(regex.bytes, patternEnd + 1, optionsEnd)];
}

function compile(pattern: string, options: string, name: string): CompiledRegex {
  for (const letter of options)
    if (!'imsxu'.includes(letter))
      throw new ElmoError(51108, `${name} invalid flag in regex options: ${letter}`);
  try {
    return compilePattern(pattern, options);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new ElmoError(51111, `Invalid Regex in ${name}: ${error.reason}`, { cause: error });
  }
}

/** A regular expression that stands as a value. */
export function regexOf(regex: Value, name: string): CompiledRegex {
  const [pattern, options] = partsOf(regex);
  return compile(pattern, options, name);
}

/** What is asked of a text and its regular expression. */
interface Question {
  /** If the text or the pattern is null. */
  readonly ifNull: Value;
  answer(regex: CompiledRegex, input: Value): Value;
}

class RegexExpression extends Expression {
  private readonly compiled: CompiledRegex | null | undefined;

  constructor(
    private readonly input: Expression,
    private readonly regex: Expression,
    private readonly options: Expression | undefined,
    private readonly question: Question,
    private readonly name: string,
  ) {
    super();
    const constant = regex.constant;
    const constantOptions = options?.constant;
    if (constant !== undefined && (options === undefined || constantOptions !== undefined))
      this.compiled = this.compile(constant, constantOptions) ?? null;
  }

  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    const compiled =
      this.compiled === undefined
        ? this.compile(this.regex.evaluate(frame), this.options?.evaluate(frame))
        : this.compiled;
    if (!input.isNullish && input.type !== STRING)
      throw new ElmoError(51104, `${this.name} needs 'input' to be of type string`);
    if (input.isNullish || compiled === undefined || compiled === null) return this.question.ifNull;
    return this.question.answer(compiled, input);
  }

  /** @returns undefined if there is no pattern */
  private compile(regex: Value, options: Value | undefined): CompiledRegex | undefined {
    const { name } = this;
    let pattern: string | undefined;
    let flags = '';
    if (regex.type === REGEX) [pattern, flags] = partsOf(regex);
    else if (regex.type === STRING) pattern = regex.text;
    else if (!regex.isNullish)
      throw new ElmoError(51105, `${name} needs 'regex' to be of type string or regex`);
    if (pattern?.includes('\0') === true)
      throw new ElmoError(51109, `${name}: regular expression cannot contain an embedded null byte`);
    if (options !== undefined && !options.isNullish) {
      if (options.type !== STRING) throw new ElmoError(51106, `${name} needs 'options' to be of type string`);
      if (flags !== '')
        throw new ElmoError(
          51107,
          `${name}: found regex option(s) specified in both 'regex' and 'option' fields`,
        );
      flags = options.text;
      if (flags.includes('\0'))
        throw new ElmoError(
          51110,
          `${name}: regular expression options cannot contain an embedded null byte`,
        );
    }
    return pattern === undefined ? undefined : compile(pattern, flags, name);
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.regex.addDependencies(into);
    this.options?.addDependencies(into);
  }
}

const writer = new BsonWriter();
const MATCH = utf8Of('match');
const INDEX = utf8Of('idx');
const CAPTURES = utf8Of('captures');

/** @param codePoints  before the match */
function matchValue(match: RegexMatch, codePoints: number): Value {
  writer.clear();
  const start = writer.beginDocument();
  writer.writeName(STRING, MATCH);
  writer.writeText(match.text);
  writer.writeName(INT32, INDEX);
  writer.writeInt32(codePoints);
  writer.writeName(ARRAY, CAPTURES);
  const captures = writer.beginDocument();
  match.captures.forEach((capture, i) => {
    if (capture === undefined) writer.writeIndex(NULL, i);
    else {
      writer.writeIndex(STRING, i);
      writer.writeText(capture);
    }
  });
  writer.endDocument(captures);
  writer.endDocument(start);
  return new Value(OBJECT, writer.toBytes(), 0);
}

function codePointsIn(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += text.codePointAt(at)! > 0xffff ? 2 : 1) count++;
  return count;
}

const MATCHES: Question = {
  ifNull: FALSE_VALUE,
  answer: (regex, input) => boolValue(regex.testBytes(input.bytes, input.at + 4, input.end - 1)),
};

const FIND: Question = {
  ifNull: NULL_VALUE,
  answer: (regex, input) => {
    const { text } = input;
    const match = regex.exec(text, 0);
    return match === undefined ? NULL_VALUE : matchValue(match, codePointsIn(text, 0, match.index));
  },
};

const FIND_ALL: Question = {
  ifNull: EMPTY_ARRAY,
  answer: (regex, input) => {
    const { text } = input;
    const found: Value[] = [];
    let from = 0;
    let counted = 0;
    let codePoints = 0;
    do {
      const match = regex.exec(text, from);
      if (match === undefined) break;
      codePoints += codePointsIn(text, counted, match.index);
      counted = match.index;
      found.push(matchValue(match, codePoints));
      from = match.index + match.text.length;
      if (match.text === '') from += text.codePointAt(from)! > 0xffff ? 2 : 1;
    } while (from < text.length);
    return arrayOf(found);
  },
};

function regexOperator(question: Question): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(
          51103,
          `${name} expects an object of named arguments but found: ${typeNameOf(argument)}`,
        );
      const given = namedArguments(argument, name, {
        required: ['input', 'regex'],
        optional: ['options'],
        notObject: 51103,
        unknown: 31024,
        missing: { input: 31022, regex: 31023 },
      });
      const input = scope.parse(given.get('input')!);
      const regex = scope.parse(given.get('regex')!);
      const options = given.has('options') ? scope.parse(given.get('options')!) : undefined;
      return new RegexExpression(input, regex, options, question, name); // the reference folds none
    },
  };
}

export const regexOperators: ExpressionOperators = {
  $regexFind: regexOperator(FIND),
  $regexFindAll: regexOperator(FIND_ALL),
  $regexMatch: regexOperator(MATCHES),
};

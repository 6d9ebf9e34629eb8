/**
 * Regular expressions as MongoDB takes them: PCRE2 patterns in UTF mode with the options `imsxu`, run by JavaScript's
 * engine after translation. Compiled ones are kept, since `$regexMatch` may bring a new pattern with each document.
 */
import { ElmoError } from '../errors.js';
import { readText } from '../bson/read.js';
import { lateParsePattern } from './late-parse-pattern.js';
import { lateTranslate } from './late-translate.js';
import { PatternError, type PatternOptions } from './pattern.js';
import { findLiteral, type Literal } from './literal.js';

/** What one search found. */
export interface RegexMatch {
  readonly text: string;
  /** In UTF-16 code units. */
  readonly index: number;
  /** By number of the group, less 1; undefined if the group took no part. */
  readonly captures: readonly (string | undefined)[];
}

export interface CompiledRegex {
  readonly groupCount: number;
  test(text: string): boolean;
  /** The same for UTF-8 text [start, end): without decoding it where the pattern is a plain text. */
  testBytes(bytes: Uint8Array, start: number, end: number): boolean;
  /** The first match at or after `from`, which counts UTF-16 code units. */
  exec(text: string, from: number): RegexMatch | undefined;
}

const KEPT_REGEXES = 256;
/** A pattern may not be longer. */
const MOST_PATTERN_BYTES = 16 * 1024;
const kept = new Map<string, CompiledRegex>();

/** @throws PatternError */
export function patternOptions(options: string): PatternOptions {
  for (const letter of options)
    if (!'imsxu'.includes(letter)) throw new PatternError(`invalid flag in regex options: ${letter}`);
  return {
    isCaseless: options.includes('i'),
    isMultiline: options.includes('m'),
    isDotAll: options.includes('s'),
    isExtended: options.includes('x'),
  };
}

/**
 * @param options  of `imsxu`
 * @throws ElmoError 51091 if the pattern or an option is not valid, or cannot be translated
 */
export function compileRegex(pattern: string, options: string): CompiledRegex {
  try {
    return compilePattern(pattern, options);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new ElmoError(51091, `Regular expression is invalid: ${error.reason}`, { cause: error });
  }
}

/** The same for callers with an error of their own. @throws PatternError */
export function compilePattern(pattern: string, options: string): CompiledRegex {
  const key = `${options}/${pattern}`;
  let regex = kept.get(key);
  if (regex !== undefined) {
    kept.delete(key); // the last in a map is the one used last
    kept.set(key, regex);
    return regex;
  }
  if (Buffer.byteLength(pattern) > MOST_PATTERN_BYTES)
    throw new PatternError('regular expression is too large');
  const tree = lateParsePattern().parsePattern(pattern, patternOptions(options));
  const { source, flags, groups } = lateTranslate().translate(tree);
  let native: RegExp;
  try {
    native = new RegExp(source, `g${flags}`);
  } catch (cause) {
    throw new PatternError(`regular expression is too large (${String(cause)})`);
  }
  const literal = findLiteral(tree.root);
  const isPlain = literal.isWhole && literal.text !== '';
  regex = isPlain ? new PlainText(native, groups, literal) : new TranslatedRegex(native, groups);
  if (kept.size >= KEPT_REGEXES) kept.delete(kept.keys().next().value!);
  kept.set(key, regex);
  return regex;
}

class TranslatedRegex implements CompiledRegex {
  constructor(
    protected readonly native: RegExp,
    private readonly groups: readonly number[],
  ) {}

  get groupCount(): number {
    return this.groups.length;
  }

  test(text: string): boolean {
    this.native.lastIndex = 0;
    return this.native.test(text);
  }

  testBytes(bytes: Uint8Array, start: number, end: number): boolean {
    return this.test(readText(bytes, start, end));
  }

  exec(text: string, from: number): RegexMatch | undefined {
    this.native.lastIndex = from;
    const found = this.native.exec(text);
    if (found === null) return undefined;
    return { text: found[0], index: found.index, captures: this.groups.map((group) => found[group]) };
  }
}

/** A pattern without any but plain characters, maybe tied to the start: found in the bytes as they are. */
class PlainText extends TranslatedRegex {
  private readonly needle: Uint8Array;
  private readonly isAnchored: boolean;

  constructor(native: RegExp, groups: readonly number[], literal: Literal) {
    super(native, groups);
    this.needle = new TextEncoder().encode(literal.text);
    this.isAnchored = literal.isAnchored;
  }

  override testBytes(bytes: Uint8Array, start: number, end: number): boolean {
    const { needle } = this;
    const length = needle.length;
    const last = this.isAnchored ? Math.min(start, end - length) : end - length;
    const first = needle[0]!;
    for (let at = start; at <= last; at++) {
      if (bytes[at] !== first) continue;
      let i = 1;
      while (i < length && bytes[at + i] === needle[i]) i++;
      if (i === length) return true;
    }
    return false;
  }
}

/** What every match of a pattern starts with. */
export interface LiteralPrefix {
  /** '' if nothing is known. */
  readonly text: string;
  /** Whether every text that starts so matches, and no other. */
  readonly isExact: boolean;
}

/**
 * What a text has to start with to match, for the bounds of an index: `^abc` gives abc, exactly; `^abc.*d` gives abc.
 * A pattern that is not valid gives nothing.
 */
export function literalPrefix(pattern: string, options: string): LiteralPrefix {
  try {
    const literal = findLiteral(lateParsePattern().parsePattern(pattern, patternOptions(options)).root);
    if (literal.isAnchored) return { text: literal.text, isExact: literal.isWhole };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
  }
  return { text: '', isExact: false };
}

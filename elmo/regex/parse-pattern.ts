/**
 * Reads a PCRE pattern in UTF mode, as the reference gives patterns to PCRE2. What JavaScript cannot do at all
 * (recursion, conditions, `\K`, verbs) is refused by name; everything PCRE refuses is refused with its own text.
 * Source: pcre2pattern(3).
 */
import { ESCAPED_PLACES, SetBuilder, UNICODE_PLACES } from './escapes.js';
import { PatternError, widthOf, type Pattern, type PatternNode, type PatternOptions } from './pattern.js';
import { PatternReader } from './pattern-reader.js';

const MOST_REPEATS = 65535;
const START_SETTINGS =
  /^\(\*(UTF8|UTF|UCP|LF|NO_START_OPT|NO_AUTO_POSSESS|NO_DOTSTAR_ANCHOR|NO_JIT|NOTEMPTY_ATSTART)\)/;
const UNSUPPORTED_ESCAPES = 'GKXC';

interface Mode {
  isCaseless: boolean;
  isMultiline: boolean;
  isDotAll: boolean;
  isExtended: boolean;
  /** `(?xx)`: blanks count for nothing within brackets too. */
  isExtendedMore: boolean;
  /** `(?U)` swaps the meaning of `*` and `*?`. */
  isUngreedy: boolean;
  /** `(?J)` */
  allowsSameNames: boolean;
  /** `(?n)` */
  capturesNamedOnly: boolean;
}

/** @throws PatternError */
export function parsePattern(text: string, options: PatternOptions): Pattern {
  return new PatternParser(text, options).parse();
}

function unsupported(what: string): PatternError {
  return new PatternError(`${what} is not supported`);
}

class PatternParser extends PatternReader {
  private groupCount = 0;
  private readonly names = new Map<string, number[]>();
  private readonly pendingReferences: { groups: number[]; number: number; name: string | undefined }[] = [];
  private mode: Mode;

  constructor(text: string, options: PatternOptions) {
    super(text);
    this.mode = {
      ...options,
      isExtendedMore: false,
      isUngreedy: false,
      allowsSameNames: false,
      capturesNamedOnly: false,
    };
  }

  parse(): Pattern {
    for (;;) {
      const setting = START_SETTINGS.exec(this.text.slice(this.at));
      if (setting === null) break;
      if (setting[1] === 'UCP') this.isUnicode = true;
      this.at += setting[0].length;
    }
    const root = this.choice();
    if (this.at < this.text.length) throw new PatternError('unmatched closing parenthesis');
    for (const reference of this.pendingReferences) {
      const groups = reference.name === undefined ? [reference.number] : this.names.get(reference.name);
      if (groups === undefined || groups.some((group) => group > this.groupCount))
        throw new PatternError('reference to non-existent subpattern');
      reference.groups.push(...groups);
    }
    return { root, groupCount: this.groupCount };
  }

  /** Branches up to a closing parenthesis or the end. Options set within last as long as this. */
  private choice(): PatternNode {
    const outer = this.mode;
    this.mode = { ...outer };
    const branches = [this.sequence()];
    while (this.take('|')) branches.push(this.sequence());
    this.mode = outer;
    return branches.length === 1 ? branches[0]! : { kind: 'choice', branches };
  }

  private sequence(): PatternNode {
    const items: PatternNode[] = [];
    let isRepeatable = false; // whether a quantifier may follow
    for (;;) {
      this.skipIgnored();
      if (this.isAtEnd || this.peek('|') || this.peek(')')) break;
      if (this.take('\\Q')) {
        isRepeatable = this.quoted(items) || isRepeatable;
        continue;
      }
      const quantifier = this.quantifier();
      if (quantifier !== undefined) {
        if (!isRepeatable) throw new PatternError('quantifier does not follow a repeatable item');
        items.push({ kind: 'repeat', child: items.pop()!, ...quantifier });
        isRepeatable = false;
        continue;
      }
      const atom = this.atom();
      if (atom === undefined) {
        isRepeatable = false; // options were set
        continue;
      }
      items.push(atom);
      isRepeatable = atom.kind !== 'place' && atom.kind !== 'fail';
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  /** Comments, `\E` without `\Q`, and blanks in extended mode. */
  private skipIgnored(): void {
    for (;;) {
      if (this.take('(?#')) {
        const end = this.text.indexOf(')', this.at);
        if (end < 0) throw new PatternError('missing ) after (?# comment');
        this.at = end + 1;
      } else if (this.take('\\E')) continue;
      else if (
        this.mode.isExtended &&
        !this.isAtEnd &&
        /[\t-\r \u0085\u200e\u200f\u2028\u2029]/.test(this.text[this.at]!)
      )
        this.at++;
      else if (this.mode.isExtended && this.peek('#')) {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end + 1;
      } else return;
    }
  }

  /** @returns whether anything was quoted */
  private quoted(items: PatternNode[]): boolean {
    const end = this.text.indexOf('\\E', this.at);
    const stop = end < 0 ? this.text.length : end;
    const isEmpty = this.at === stop;
    while (this.at < stop) items.push(this.character(this.nextCode()));
    this.at = end < 0 ? stop : end + 2;
    return !isEmpty;
  }

  private character(code: number): PatternNode {
    return { kind: 'character', code, isCaseless: this.mode.isCaseless };
  }

  private quantifier(): { min: number; max: number; mode: 'greedy' | 'lazy' | 'possessive' } | undefined {
    let min = 0;
    let max = Infinity;
    if (this.take('+')) min = 1;
    else if (this.take('?')) max = 1;
    else if (!this.take('*')) {
      const counts = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.text.slice(this.at, this.at + 64));
      if (counts === null) return undefined;
      this.at += counts[0].length;
      min = Number(counts[1]);
      if (counts[2] === undefined) max = min;
      else if (counts[3] !== '') max = Number(counts[3]);
      if (min > MOST_REPEATS || (max > MOST_REPEATS && max !== Infinity))
        throw new PatternError('number too big in {} quantifier');
      if (max < min) throw new PatternError('numbers out of order in {} quantifier');
    }
    if (this.take('+')) return { min, max, mode: 'possessive' };
    const isLazy = this.take('?') !== this.mode.isUngreedy;
    return { min, max, mode: isLazy ? 'lazy' : 'greedy' };
  }

  private atom(): PatternNode | undefined {
    const first = this.text[this.at]!;
    if (first === '(') return this.parenthesis();
    if (first === '[') return this.bracket();
    if (first === '\\') return this.escape();
    if (first === '.') {
      this.at++;
      return { kind: 'any', includesNewline: this.mode.isDotAll };
    }
    if (first === '^' || first === '$') {
      this.at++;
      const { isMultiline } = this.mode;
      const place =
        first === '^'
          ? isMultiline
            ? 'lineStart'
            : 'subjectStart'
          : isMultiline
            ? 'lineEnd'
            : 'subjectEndOrLastNewline';
      return { kind: 'place', place };
    }
    return this.character(this.nextCode());
  }

  private parenthesis(): PatternNode | undefined {
    this.at++;
    if (this.peek('*')) return this.verb();
    if (!this.take('?')) {
      if (this.mode.capturesNamedOnly) return this.group(0, false);
      return this.group(++this.groupCount, false);
    }
    if (this.isAtEnd) throw new PatternError('missing closing parenthesis');
    if (this.take(':')) return this.group(0, false);
    if (this.take('>')) return this.group(0, true);
    if (this.take('=')) return this.look(false, false);
    if (this.take('!')) return this.look(false, true);
    if (this.take('<=')) return this.look(true, false);
    if (this.take('<!')) return this.look(true, true);
    if (this.take('P=')) return this.reference(this.name(')'));
    if (this.take('P<') || this.take('<')) return this.namedGroup('>');
    if (this.take("'")) return this.namedGroup("'");
    this.refuseRecursion();
    return this.optionSetting();
  }

  private refuseRecursion(): void {
    const rest = this.text.slice(this.at);
    if (/^(R|P>|&|[+-]?\d)/.test(rest)) throw unsupported('recursion in a regular expression');
    if (rest.startsWith('(')) throw unsupported('a conditional group in a regular expression');
    if (rest.startsWith('|')) throw unsupported('a branch reset group in a regular expression');
    if (rest.startsWith('C')) throw unsupported('a callout in a regular expression');
  }

  private verb(): PatternNode {
    const verb = /^\*([A-Za-z_]*)(:[^)]*)?\)/.exec(this.text.slice(this.at));
    if (verb === null) throw new PatternError('(*VERB) not recognized or malformed');
    if (verb[1] !== 'FAIL' && verb[1] !== 'F') throw unsupported(`(*${verb[1]}) in a regular expression`);
    this.at += verb[0].length;
    return { kind: 'fail' };
  }

  private group(capture: number, isAtomic: boolean): PatternNode {
    const child = this.choice();
    this.close();
    return { kind: 'group', capture, isAtomic, child };
  }

  private close(): void {
    if (!this.take(')')) throw new PatternError('missing closing parenthesis');
  }

  private look(isBehind: boolean, isNegative: boolean): PatternNode {
    const child = this.choice();
    this.close();
    if (isBehind) {
      const branches = child.kind === 'choice' ? child.branches : [child];
      if (branches.some((branch) => widthOf(branch) < 0))
        throw new PatternError('lookbehind assertion is not fixed length');
    }
    return { kind: 'look', isBehind, isNegative, child };
  }

  private name(closing: string): string {
    const start = this.at;
    while (!this.isAtEnd && /[\p{L}\p{N}_]/u.test(this.text[this.at]!)) this.at++;
    const name = this.text.slice(start, this.at);
    if (name === '') throw new PatternError('subpattern name expected');
    if (/^\p{Nd}/u.test(name)) throw new PatternError('subpattern name must start with a non-digit');
    if (name.length > 32) throw new PatternError('subpattern name is too long (maximum 32 code units)');
    if (!this.take(closing)) throw new PatternError('syntax error in subpattern name (missing terminator?)');
    return name;
  }

  private namedGroup(closing: string): PatternNode {
    const name = this.name(closing);
    const number = ++this.groupCount;
    const same = this.names.get(name);
    if (same === undefined) this.names.set(name, [number]);
    else if (this.mode.allowsSameNames) same.push(number);
    else throw new PatternError('two named subpatterns have the same name (PCRE2_DUPNAMES not set)');
    return this.group(number, false);
  }

  private reference(target: string | number): PatternNode {
    const groups: number[] = [];
    const isName = typeof target === 'string';
    this.pendingReferences.push({ groups, number: isName ? 0 : target, name: isName ? target : undefined });
    return { kind: 'reference', groups, isCaseless: this.mode.isCaseless };
  }

  /** `(?i)`, or `(?i:…)`; the `(?` is behind. */
  private optionSetting(): PatternNode | undefined {
    const mode = { ...this.mode };
    const isReset = this.take('^');
    if (isReset)
      mode.isCaseless =
        mode.isMultiline =
        mode.isDotAll =
        mode.isExtended =
        mode.isExtendedMore =
        mode.capturesNamedOnly =
          false;
    let isOn = true;
    for (;;) {
      if (this.isAtEnd) throw new PatternError('missing closing parenthesis');
      const letter = this.text[this.at++]!;
      if (letter === ')') {
        this.mode = mode;
        return undefined;
      }
      if (letter === ':') {
        const outer = this.mode;
        this.mode = mode;
        const group = this.group(0, false);
        this.mode = outer;
        return group;
      }
      if (letter === '-' && isOn && !isReset) isOn = false;
      else if (letter === 'i') mode.isCaseless = isOn;
      else if (letter === 'm') mode.isMultiline = isOn;
      else if (letter === 's') mode.isDotAll = isOn;
      else if (letter === 'x') {
        mode.isExtended = isOn;
        mode.isExtendedMore = isOn && this.take('x');
      } else if (letter === 'U') mode.isUngreedy = isOn;
      else if (letter === 'J') mode.allowsSameNames = isOn;
      else if (letter === 'n') mode.capturesNamedOnly = isOn;
      else throw new PatternError('unrecognized character after (? or (?-');
    }
  }

  private escape(): PatternNode {
    const start = this.at++;
    if (this.isAtEnd) throw new PatternError('\\ at end of pattern');
    const letter = this.text[this.at]!;
    const place = ESCAPED_PLACES.get(letter);
    if (place !== undefined) {
      this.at++;
      return { kind: 'place', place: (this.isUnicode ? UNICODE_PLACES.get(place) : undefined) ?? place };
    }
    if (letter === 'R') {
      this.at++;
      return { kind: 'newlineSequence' };
    }
    if (letter === 'N' && !this.text.startsWith('N{U+', this.at)) {
      this.at++;
      if (this.peek('{') && !/^\{\d+(?:,\d*)?\}/.test(this.text.slice(this.at)))
        throw new PatternError('PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u');
      return { kind: 'any', includesNewline: false };
    }
    if (letter === 'g' || letter === 'k') return this.namedReference(letter);
    if (letter >= '1' && letter <= '9') {
      const digits = /^\d+/.exec(this.text.slice(this.at))![0];
      const number = Number(digits);
      if (number < 10 || letter >= '8' || number <= this.groupCount) {
        this.at += digits.length;
        return this.reference(number);
      }
    }
    if (UNSUPPORTED_ESCAPES.includes(letter)) throw unsupported(`\\${letter} in a regular expression`);
    this.at = start;
    const set = new SetBuilder();
    const code = this.escapedInSet(set);
    return code >= 0 ? this.character(code) : set.build(false, this.mode.isCaseless);
  }

  private namedReference(letter: 'g' | 'k'): PatternNode {
    this.at++;
    if (letter === 'k') {
      if (this.take('{')) return this.reference(this.name('}'));
      if (this.take('<')) return this.reference(this.name('>'));
      if (this.take("'")) return this.reference(this.name("'"));
      throw new PatternError('\\k is not followed by a braced, angle-bracketed, or quoted name');
    }
    if (this.peek('<') || this.peek("'")) throw unsupported('recursion in a regular expression');
    const number = /^(?:\{([+-]?)(\d+)\}|([+-]?)(\d+))/.exec(this.text.slice(this.at));
    if (number !== null) {
      this.at += number[0].length;
      const sign = number[1] ?? number[3] ?? '';
      const count = Number(number[2] ?? number[4]);
      const target =
        sign === '' ? count : sign === '+' ? this.groupCount + count : this.groupCount + 1 - count;
      if (count === 0 || target < 1) throw new PatternError('reference to non-existent subpattern');
      return this.reference(target);
    }
    if (this.take('{')) return this.reference(this.name('}'));
    throw new PatternError('a numbered reference must not be zero');
  }

  private bracket(): PatternNode {
    const edge = /^\[\[:([<>]):\]\]/.exec(this.text.slice(this.at, this.at + 7));
    if (edge !== null) {
      this.at += 7;
      return { kind: 'place', place: edge[1] === '<' ? 'wordStart' : 'wordEnd' };
    }
    if (/^\[([:.=])(?:(?!\1\])[^\]\\])*\1\]/.test(this.text.slice(this.at)))
      throw new PatternError('POSIX named classes are supported only within a class');
    this.at++;
    const isNegated = this.take('^');
    const set = new SetBuilder();
    let isFirst = true;
    let isQuoting = false;
    for (; ; isFirst = false) {
      if (this.isAtEnd) throw new PatternError('missing terminating ] for character class');
      if (isQuoting && this.take('\\E')) isQuoting = false;
      else if (!isQuoting && this.take('\\Q')) isQuoting = true;
      else if (!isQuoting && this.take('\\E')) continue;
      else if (!isQuoting && !isFirst && this.take(']')) break;
      else if (!isQuoting && this.mode.isExtendedMore && /[ \t]/.test(this.text[this.at]!)) this.at++;
      else this.setItem(set, isQuoting, this.mode.isCaseless);
    }
    return set.build(isNegated, this.mode.isCaseless);
  }
}

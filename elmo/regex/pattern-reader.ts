/**
 * Goes through the text of a pattern and reads what stands for characters: themselves, escapes, and the members of a set
 * in brackets. Source: pcre2pattern(3), "Backslash", "Square brackets and character classes".
 */
import {
  complementOf,
  ESCAPED_CLASSES,
  LAST_CODE,
  POSIX_CLASSES,
  propertyText,
  UNICODE_CLASSES,
} from './character-classes.js';
import { SIMPLE_ESCAPES, type SetBuilder } from './escapes.js';
import { PatternError } from './pattern.js';

export class PatternReader {
  protected at = 0;
  /** `(*UCP)`: classes and places go by the properties of Unicode. */
  protected isUnicode = false;

  constructor(protected readonly text: string) {}

  protected peek(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  protected take(text: string): boolean {
    if (!this.peek(text)) return false;
    this.at += text.length;
    return true;
  }

  protected get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The code point at hand, stepping over it. */
  protected nextCode(): number {
    const code = this.text.codePointAt(this.at)!;
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }

  /**
   * An escape that is a character or a class, in and out of brackets.
   * @returns the character, or -1 after a class was added to `set`
   */
  protected escapedInSet(set: SetBuilder): number {
    this.at++;
    if (this.isAtEnd) throw new PatternError('\\ at end of pattern');
    const letter = this.text[this.at]!;
    const simple = SIMPLE_ESCAPES.get(letter);
    if (simple !== undefined) {
      this.at++;
      return simple;
    }
    if (letter >= '0' && letter <= '7') {
      const digits = /^[0-7]{1,3}/.exec(this.text.slice(this.at))![0];
      this.at += digits.length;
      return parseInt(digits, 8);
    }
    const lower = letter.toLowerCase();
    const named = ESCAPED_CLASSES.get(lower);
    if (named !== undefined) {
      this.at++;
      const unicode = this.isUnicode ? UNICODE_CLASSES.get(lower) : undefined;
      const isNegated = letter !== lower;
      if (unicode !== undefined) set.properties.push(isNegated ? `[^${unicode}]` : unicode);
      else set.classes.push(...(isNegated ? complementOf(named) : named));
      return -1;
    }
    if (lower === 'p') {
      this.at++;
      set.properties.push(this.property(letter === 'P'));
      return -1;
    }
    if (letter === 'x') return this.hexadecimal();
    if (letter === 'o') return this.braced(/^o\{([0-7]+)\}/, 8, 'missing opening brace after \\o');
    if (letter === 'N' && this.text.startsWith('N{U+', this.at))
      return this.braced(
        /^N\{U\+([0-9a-fA-F]+)\}/,
        16,
        'non-hex character in \\x{} (closing brace missing?)',
      );
    if (letter === 'c') return this.control();
    if ('FLlUu'.includes(letter))
      throw new PatternError('PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u');
    if (/[A-Za-z0-9]/.test(letter)) throw new PatternError('unrecognized character follows \\');
    return this.nextCode();
  }

  private hexadecimal(): number {
    if (this.text.startsWith('x{', this.at))
      return this.braced(/^x\{([0-9a-fA-F]+)\}/, 16, 'non-hex character in \\x{} (closing brace missing?)');
    const digits = /^x([0-9a-fA-F]{0,2})/.exec(this.text.slice(this.at))!;
    this.at += digits[0].length;
    return digits[1] === '' ? 0 : parseInt(digits[1]!, 16);
  }

  private braced(form: RegExp, base: number, reason: string): number {
    const digits = form.exec(this.text.slice(this.at));
    if (digits === null) throw new PatternError(reason);
    this.at += digits[0].length;
    const code = parseInt(digits[1]!, base);
    if (code > LAST_CODE) throw new PatternError('character code point value in \\x{} or \\o{} is too large');
    if (code >= 0xd800 && code <= 0xdfff)
      throw new PatternError('disallowed Unicode code point (>= 0xd800 && <= 0xdfff)');
    return code;
  }

  private control(): number {
    this.at++;
    if (this.isAtEnd) throw new PatternError('\\c at end of pattern');
    const code = this.nextCode();
    if (code < 0x20 || code > 0x7e)
      throw new PatternError('\\c must be followed by a printable ASCII character');
    return String.fromCharCode(code).toUpperCase().charCodeAt(0) ^ 0x40;
  }

  private property(isCapital: boolean): string {
    let name = '';
    if (this.take('{')) {
      const end = this.text.indexOf('}', this.at);
      if (end < 0) throw new PatternError('malformed \\P or \\p sequence');
      name = this.text.slice(this.at, end);
      this.at = end + 1;
    } else {
      name = this.text.charAt(this.at++);
      if (!/^[A-Za-z]$/.test(name)) throw new PatternError('malformed \\P or \\p sequence');
    }
    let isNegated = isCapital;
    name = name.trim();
    if (name.startsWith('^')) {
      isNegated = !isNegated;
      name = name.slice(1);
    }
    const text = propertyText(name);
    if (text === undefined) throw new PatternError('unknown property after \\P or \\p');
    return isNegated ? `[^${text}]` : text;
  }

  /** A character, a range or a class within brackets. */
  protected setItem(set: SetBuilder, isQuoting: boolean, isCaseless: boolean): void {
    const low = isQuoting ? this.nextCode() : this.setMember(set, isCaseless);
    const isRange =
      !isQuoting && this.peek('-') && !this.text.startsWith('-]', this.at) && this.at + 1 < this.text.length;
    if (!isRange) {
      if (low >= 0) set.ranges.push({ low, high: low });
      return;
    }
    if (low < 0) throw new PatternError('invalid range in character class');
    this.at++;
    const high = this.setMember(set, isCaseless);
    if (high < 0) throw new PatternError('invalid range in character class');
    if (high < low) throw new PatternError('range out of order in character class');
    set.ranges.push({ low, high });
  }

  /** @returns the character, or -1 after a class was added to `set` */
  private setMember(set: SetBuilder, isCaseless: boolean): number {
    const rest = this.text.slice(this.at, this.at + 16);
    const posix = /^\[:(\^?)([a-z]*):\]/.exec(rest);
    if (posix !== null) {
      this.at += posix[0].length;
      const name = isCaseless && (posix[2] === 'upper' || posix[2] === 'lower') ? 'alpha' : posix[2]!;
      const named = POSIX_CLASSES.get(name);
      if (named === undefined) throw new PatternError('unknown POSIX class name');
      set.classes.push(...(posix[1] === '^' ? complementOf(named) : named));
      return -1;
    }
    if (/^\[([.=])[^\]]*\1\]/.test(rest))
      throw new PatternError('POSIX collating elements are not supported');
    if (!this.peek('\\')) return this.nextCode();
    const letter = this.text.charAt(this.at + 1);
    if (letter === 'b') {
      this.at += 2;
      return 0x08;
    }
    if ('RXBN'.includes(letter) && letter !== '' && !rest.startsWith('\\N{U+'))
      throw new PatternError('escape sequence is invalid in character class');
    return this.escapedInSet(set);
  }
}

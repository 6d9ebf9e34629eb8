/**
 * A pattern's tree in JavaScript's syntax (flag `v`). What differs between the two, and what is done about it:
 *
 *   `.` `^` `$`       know only \n as a newline: spelt out
 *   `$` and `\Z`      match before a newline that ends the text as well
 *   (?i) within       JavaScript has one flag for all: if only parts are caseless, letters become sets of their forms
 *   `\w` `\b` under i stay ASCII, where JavaScript's `i` would add the Kelvin sign: so again sets of forms
 *   (?>…) and x*+     a look-ahead that captures, and a reference to what it captured
 */
import { LAST_CODE } from './character-classes.js';
import { formsOf, withAllForms } from './letter-case.js';
import {
  PatternError,
  type CharacterSet,
  type CodeRange,
  type Pattern,
  type PatternNode,
  type Place,
} from './pattern.js';

export interface Translation {
  readonly source: string;
  readonly flags: string;
  /** By number of the pattern's group, less 1: the group of the translation; 0 if it is never there. */
  readonly groups: readonly number[];
}

/** @throws PatternError for what JavaScript cannot do */
export function translate(pattern: Pattern): Translation {
  const letters = new LetterCensus();
  letters.count(pattern.root);
  const usesFlag =
    letters.areCaseless && !letters.areCaseful && (!letters.areClassed || letters.areReferredTo);
  if (letters.areReferredTo && !usesFlag)
    throw new PatternError('a reference whose case alone is ignored is not supported');
  const writer = new Writer(usesFlag);
  writer.write(pattern.root);
  const numbers = new Map<number, number>();
  for (const piece of writer.pieces)
    if (typeof piece !== 'string' && piece.opens) numbers.set(piece.group, numbers.size + 1);
  const source = writer.pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      return piece.opens ? '(' : `(?:\\${numbers.get(piece.group)!})`;
    })
    .join('');
  const groups: number[] = [];
  for (let group = 1; group <= pattern.groupCount; group++) groups.push(numbers.get(group) ?? 0);
  return { source, flags: usesFlag ? 'iv' : 'v', groups };
}

/** Whether JavaScript's own `i` says what the pattern says. */
class LetterCensus {
  areCaseless = false;
  areCaseful = false;
  /** Caseless sets hold classes that would grow under `i`, or word edges are asked for. */
  areClassed = false;
  /** References ignore case, which only the flag can do. */
  areReferredTo = false;

  count(node: PatternNode): void {
    switch (node.kind) {
      case 'character':
        if (formsOf(node.code).length > 1) this.add(node.isCaseless);
        break;
      case 'set':
        this.add(node.isCaseless);
        if (node.classes.length + node.properties.length > 0) this.areClassed = true;
        break;
      case 'reference':
        this.add(node.isCaseless);
        if (node.isCaseless) this.areReferredTo = true;
        break;
      case 'place':
        if (WORD_EDGES.has(node.place)) this.areClassed = true;
        break;
      case 'sequence':
        for (const item of node.items) this.count(item);
        break;
      case 'choice':
        for (const branch of node.branches) this.count(branch);
        break;
      case 'group':
      case 'look':
      case 'repeat':
        this.count(node.child);
        break;
      default:
    }
  }

  private add(isCaseless: boolean): void {
    if (isCaseless) this.areCaseless = true;
    else this.areCaseful = true;
  }
}

const UNICODE_WORD = '[\\p{L}\\p{N}_]';
const WORD_EDGES: ReadonlySet<Place> = new Set<Place>(['wordEdge', 'noWordEdge', 'wordStart', 'wordEnd']);

const PLACES: Readonly<Record<Place, string>> = {
  subjectStart: '^',
  subjectEnd: '$',
  subjectEndOrLastNewline: '(?=\\n?$)',
  // not after a newline that ends the text
  lineStart: '(?:^|(?<=\\n)(?!$))',
  lineEnd: '(?=\\n|$)',
  wordEdge: '\\b',
  noWordEdge: '\\B',
  wordStart: '\\b(?=\\w)',
  wordEnd: '\\b(?<=\\w)',
  unicodeWordEdge: `(?:(?<=${UNICODE_WORD})(?!${UNICODE_WORD})|(?<!${UNICODE_WORD})(?=${UNICODE_WORD}))`,
  noUnicodeWordEdge: `(?:(?<=${UNICODE_WORD})(?=${UNICODE_WORD})|(?<!${UNICODE_WORD})(?!${UNICODE_WORD}))`,
};

/** A group that opens, or a reference to one; their numbers are known when all is written. Negative ones are our own. */
interface Mark {
  readonly opens: boolean;
  readonly group: number;
}

class Writer {
  readonly pieces: (string | Mark)[] = [];
  private ownGroups = 0;
  /** Within a look-behind JavaScript goes backwards, so that a capture comes after the reference to it. */
  private isBehind = false;
  private repeats = 0;
  private readonly closed = new Set<number>();

  constructor(private readonly usesFlag: boolean) {}

  write(node: PatternNode): void {
    const { pieces } = this;
    switch (node.kind) {
      case 'character':
        pieces.push(this.character(node.code, node.isCaseless));
        break;
      case 'set':
        pieces.push(this.set(node));
        break;
      case 'any':
        pieces.push(node.includesNewline ? '[^]' : '[^\\n]');
        break;
      case 'newlineSequence':
        pieces.push('(?:\\r\\n|(?!\\r\\n)[\\n-\\r\\u{85}\\u{2028}\\u{2029}])');
        break;
      case 'sequence':
        for (const item of node.items) this.write(item);
        break;
      case 'choice':
        node.branches.forEach((branch, i) => {
          if (i > 0) pieces.push('|');
          this.write(branch);
        });
        break;
      case 'group':
        if (node.isAtomic) this.atomic(node.child);
        else {
          pieces.push(node.capture > 0 ? { opens: true, group: node.capture } : '(?:');
          this.write(node.child);
          pieces.push(')');
          this.closed.add(node.capture);
        }
        break;
      case 'look': {
        const outer = this.isBehind;
        this.isBehind = node.isBehind;
        pieces.push(`(?${node.isBehind ? '<' : ''}${node.isNegative ? '!' : '='}`);
        this.write(node.child);
        pieces.push(')');
        this.isBehind = outer;
        break;
      }
      case 'repeat':
        this.repeats++;
        if (node.mode === 'possessive') this.atomic({ ...node, mode: 'greedy' });
        else {
          pieces.push('(?:');
          this.write(node.child);
          pieces.push(`)${countsOf(node.min, node.max)}${node.mode === 'lazy' ? '?' : ''}`);
        }
        this.repeats--;
        break;
      case 'reference':
        this.reference(node.groups);
        break;
      case 'place':
        pieces.push(PLACES[node.place]);
        break;
      case 'fail':
        pieces.push('(?!)');
        break;
    }
  }

  private atomic(child: PatternNode): void {
    if (this.isBehind) {
      // of fixed width, so there is little to come back for
      this.pieces.push('(?:');
      this.write(child);
      this.pieces.push(')');
      return;
    }
    const group = --this.ownGroups;
    this.pieces.push('(?=', { opens: true, group });
    this.write(child);
    this.pieces.push('))', { opens: false, group });
  }

  /** A group that cannot have matched yet fails, where JavaScript would take it for empty. */
  private reference(groups: readonly number[]): void {
    const set = groups.filter((group) => this.repeats > 0 || this.isBehind || this.closed.has(group));
    if (set.length === 0) {
      this.pieces.push('(?!)');
      return;
    }
    this.pieces.push('(?:');
    set.forEach((group, i) => {
      if (i > 0) this.pieces.push('|');
      this.pieces.push({ opens: false, group });
    });
    this.pieces.push(')');
  }

  private character(code: number, isCaseless: boolean): string {
    if (isCaseless && !this.usesFlag) {
      const forms = formsOf(code);
      if (forms.length > 1) return `[${forms.map(codeText).join('')}]`;
    }
    return codeText(code);
  }

  private set(set: CharacterSet): string {
    const isWidened = set.isCaseless && !this.usesFlag;
    const ranges = [...(isWidened ? withAllForms(set.ranges) : set.ranges), ...set.classes];
    const inside = ranges.map(rangeText).join('') + set.properties.join('');
    if (inside === '') return set.isNegated ? '[^]' : '[]';
    return `[${set.isNegated ? '^' : ''}${inside}]`;
  }
}

function countsOf(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

/** The same in and out of brackets. */
function codeText(code: number): string {
  const isAlphanumeric = (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a);
  if (isAlphanumeric || code === 0x20) return String.fromCharCode(code);
  return `\\u{${Math.min(code, LAST_CODE).toString(16)}}`;
}

function rangeText({ low, high }: CodeRange): string {
  return low === high ? codeText(low) : `${codeText(low)}-${codeText(high)}`;
}

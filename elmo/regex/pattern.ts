/**
 * A PCRE pattern as a tree: what `parse-pattern.ts` makes and `translate.ts` turns into JavaScript's own syntax. Options
 * that change within a pattern, as `(?i)` does, are resolved: each node says how it matches.
 */

/** Code points [low, high], both ends included. */
export interface CodeRange {
  readonly low: number;
  readonly high: number;
}

export interface CharacterSet {
  readonly kind: 'set';
  /** What was written out; these alone know upper and lower case. */
  readonly ranges: readonly CodeRange[];
  /** Classes like `\w` and `[:alpha:]`. */
  readonly classes: readonly CodeRange[];
  /** `\p{…}` in JavaScript's syntax. */
  readonly properties: readonly string[];
  readonly isNegated: boolean;
  readonly isCaseless: boolean;
}

export type Place =
  | 'subjectStart'
  | 'subjectEnd'
  | 'subjectEndOrLastNewline'
  | 'lineStart'
  | 'lineEnd'
  | 'wordEdge'
  | 'noWordEdge'
  | 'wordStart'
  | 'wordEnd'
  | 'unicodeWordEdge'
  | 'noUnicodeWordEdge';

export type PatternNode =
  | { readonly kind: 'character'; readonly code: number; readonly isCaseless: boolean }
  | CharacterSet
  | { readonly kind: 'any'; readonly includesNewline: boolean }
  | { readonly kind: 'newlineSequence' }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly PatternNode[] }
  /** @property capture  the group's number, 0 if it captures nothing */
  | {
      readonly kind: 'group';
      readonly capture: number;
      readonly isAtomic: boolean;
      readonly child: PatternNode;
    }
  | {
      readonly kind: 'look';
      readonly isBehind: boolean;
      readonly isNegative: boolean;
      readonly child: PatternNode;
    }
  | {
      readonly kind: 'repeat';
      readonly child: PatternNode;
      readonly min: number;
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    }
  | { readonly kind: 'reference'; readonly groups: readonly number[]; readonly isCaseless: boolean }
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'fail' };

export interface Pattern {
  readonly root: PatternNode;
  readonly groupCount: number;
}

/** Options of a regular expression, as written beside it. */
export interface PatternOptions {
  readonly isCaseless: boolean;
  readonly isMultiline: boolean;
  readonly isDotAll: boolean;
  readonly isExtended: boolean;
}

/** Why a pattern is no pattern. `reason` is PCRE's text where PCRE has one. */
export class PatternError extends Error {
  override readonly name = 'PatternError';

  constructor(readonly reason: string) {
    super(reason);
  }
}

/**
 * How many characters a node matches.
 * @returns -1 if not always the same number
 */
export function widthOf(node: PatternNode): number {
  switch (node.kind) {
    case 'character':
    case 'set':
    case 'any':
      return 1;
    case 'sequence': {
      let sum = 0;
      for (const item of node.items) {
        const width = widthOf(item);
        if (width < 0) return -1;
        sum += width;
      }
      return sum;
    }
    case 'choice': {
      const width = widthOf(node.branches[0]!);
      return node.branches.every((branch) => widthOf(branch) === width) ? width : -1;
    }
    case 'group':
      return widthOf(node.child);
    case 'repeat': {
      const width = widthOf(node.child);
      if (width === 0) return 0;
      return node.min === node.max && width >= 0 ? width * node.min : -1;
    }
    case 'newlineSequence':
    case 'reference':
      return -1;
    default:
      return 0; // places
  }
}

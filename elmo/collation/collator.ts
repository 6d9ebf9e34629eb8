/**
 * Comparing strings by the rules of a language, on the runtime's `Intl.Collator` (ICU). What that interface cannot be
 * asked for is composed of what it can:
 *
 *   strength 1, 2, 3      base, accent, variant; with caseLevel the case is compared in its place between them
 *   strength 4, shifted   as 3 without punctuation; then the punctuation, by where it stands
 *   strength 5            as 4; then the code points of the canonical decomposition
 *   maxVariable: 'space'  white space is taken out before, the rest compared as it is
 *   backwards             base first, then accents from the end, then the rest
 *
 * Compositions are exact for text that falls into letters one to one; expansions (ß under `backwards`) are compared by
 * whole letters. `normalization` has no effect: the runtime always compares as if normalized.
 */
import type { Collation } from '../bson/compare.js';
import { cacheKeyOf, type CollationSpec } from './collation.js';
import { languageTagOf } from './locales.js';

const MOST_CACHED = 64;
const cache = new Map<string, Collation>();

/** The order that a collation asks for. */
export function collatorOf(spec: CollationSpec): Collation {
  const key = cacheKeyOf(spec);
  let collator = cache.get(key);
  if (collator === undefined) {
    if (cache.size >= MOST_CACHED) cache.clear();
    collator = compose(spec);
    cache.set(key, collator);
  }
  return collator;
}

function compose(spec: CollationSpec): Collation {
  const levels: Collation[] = [];
  if (spec.backwards && spec.strength > 1) levels.push(plain(spec, 'base'), backwardsAccents(spec));
  else if (spec.strength === 1) levels.push(plain(spec, spec.caseLevel ? 'case' : 'base'));
  else if (spec.strength === 2 || spec.caseLevel) levels.push(plain(spec, 'accent'));
  if (spec.caseLevel && spec.strength > 1) levels.push(plain(spec, 'case'));
  if (spec.strength > 2) levels.push(plain(spec, 'variant'));
  let compare = inTurn(levels);
  const isShifted = spec.alternate === 'shifted';
  if (isShifted && spec.maxVariable === 'space') compare = onStripped(compare);
  if (isShifted && spec.strength > 3) compare = inTurn([compare, punctuation(spec)]);
  if (spec.strength === 5) compare = inTurn([compare, codePoints]);
  return compare;
}

type Sensitivity = 'base' | 'accent' | 'case' | 'variant';

function plain(spec: CollationSpec, sensitivity: Sensitivity, isShiftable = true): Collation {
  const locale = languageTagOf(spec.backwards ? spec.locale : withoutBackwards(spec.locale));
  return new Intl.Collator(locale, {
    usage: spec.locale.endsWith('@collation=search') ? 'search' : 'sort',
    sensitivity,
    numeric: spec.numericOrdering,
    caseFirst: spec.caseFirst === 'off' ? 'false' : spec.caseFirst,
    ignorePunctuation: isShiftable && spec.alternate === 'shifted' && spec.maxVariable === 'punct',
  }).compare;
}

/** Canadian French reads accents backwards by itself. */
function withoutBackwards(locale: string): string {
  return locale === 'fr_CA' ? 'fr' : locale;
}

function inTurn(levels: readonly Collation[]): Collation {
  const [first, second, ...rest] = levels;
  if (second === undefined) return first!;
  if (rest.length > 0) return inTurn([first!, inTurn([second, ...rest])]);
  return (a, b) => first!(a, b) || second(a, b);
}

const WHITE_SPACE = /[\s\u0085]+/gu;

function onStripped(compare: Collation): Collation {
  return (a, b) => compare(a.replace(WHITE_SPACE, ''), b.replace(WHITE_SPACE, ''));
}

const LETTERS = /\P{M}\p{M}*/gu;
const LETTERS_AND_NUMBERS = /\p{Nd}+|\P{M}\p{M}*/gu;

/** The letters of a text, without those a collator has no opinion on. */
function lettersOf(text: string, { numericOrdering }: CollationSpec, collator: Collation): string[] {
  const letters = text.match(numericOrdering ? LETTERS_AND_NUMBERS : LETTERS) ?? [];
  return letters.filter((letter) => collator(letter, '') !== 0);
}

function backwardsAccents(spec: CollationSpec): Collation {
  const accent = plain(spec, 'accent');
  return (a, b) => {
    const aLetters = lettersOf(a, spec, accent);
    const bLetters = lettersOf(b, spec, accent);
    for (let i = 1; i <= aLetters.length && i <= bLetters.length; i++) {
      const difference = accent(aLetters.at(-i)!, bLetters.at(-i)!);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** The fourth level: punctuation by itself, everything else above it. */
function punctuation(spec: CollationSpec): Collation {
  const plainOrder = plain(spec, 'variant', false);
  const isVariable =
    spec.maxVariable === 'space'
      ? (letter: string) => letter.search(WHITE_SPACE) === 0
      : (() => {
          const shifted = plain(spec, 'variant');
          return (letter: string) => shifted(letter, '') === 0 && plainOrder(letter, '') !== 0;
        })();
  return (a, b) => {
    const aLetters = lettersOf(a, spec, plainOrder);
    const bLetters = lettersOf(b, spec, plainOrder);
    for (let i = 0; i < aLetters.length && i < bLetters.length; i++) {
      const aVariable = isVariable(aLetters[i]!);
      const bVariable = isVariable(bLetters[i]!);
      if (aVariable !== bVariable) return aVariable ? -1 : 1;
      const difference = aVariable ? plainOrder(aLetters[i]!, bLetters[i]!) : 0;
      if (difference !== 0) return difference;
    }
    return aLetters.length - bLetters.length;
  };
}

function codePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a.normalize('NFD')), Buffer.from(b.normalize('NFD')));
}

/**
 * A form of a string that is the same for strings a collation calls equal: for groups, distinct values, unique indexes.
 *
 * The runtime has a comparison but no sort keys, so the form is found letter by letter: simpler spellings of the letter
 * (nothing at all, without marks, without case, decomposed) are tried, simplest first, and the first that the collation
 * calls equal to it is taken. How exact that is: two strings with the same key are always equal to the collation, letter
 * by letter. Two that the collation calls equal have the same key if they are spelt with letters that differ by case,
 * marks, width, ligature, ignorable signs, punctuation (shifted) or leading zeros (numericOrdering), which is what
 * occurs; a letter that a language equates with another by a rule of its own keeps a key of its own.
 */
import type { Collation } from '../bson/compare.js';
import { cacheKeyOf, type CollationSpec } from './collation.js';
import { collatorOf } from './collator.js';

const MOST_CACHED = 64;
/** Letters whose form is remembered, for each collation. */
const MOST_LETTERS = 4096;
const cache = new Map<string, (text: string) => string>();

export function collationKey(spec: CollationSpec): (text: string) => string {
  const cacheKey = cacheKeyOf(spec);
  let key = cache.get(cacheKey);
  if (key === undefined) {
    if (cache.size >= MOST_CACHED) cache.clear();
    key = new KeyMaker(spec).key;
    cache.set(cacheKey, key);
  }
  return key;
}

const LETTERS = /\P{M}\p{M}*|\p{M}+/gu;
const MARKS = /\p{M}+/gu;
const LEADING_ZEROS = /\p{Nd}+/gu;

class KeyMaker {
  private readonly forms = new Map<string, string>();
  private readonly compare: Collation;
  private readonly isNumeric: boolean;
  private readonly isIdentical: boolean;

  constructor(spec: CollationSpec) {
    this.compare = collatorOf(spec);
    this.isNumeric = spec.numericOrdering;
    this.isIdentical = spec.strength === 5;
  }

  readonly key = (text: string): string => {
    if (this.isIdentical) return text.normalize('NFD');
    let key = '';
    for (const letter of text.match(LETTERS) ?? []) key += this.formOf(letter);
    return this.isNumeric ? key.replace(LEADING_ZEROS, withoutZeros) : key;
  };

  private formOf(letter: string): string {
    let form = this.forms.get(letter);
    if (form === undefined) {
      form = this.simplest(letter);
      if (this.forms.size >= MOST_LETTERS) this.forms.clear();
      this.forms.set(letter, form);
    }
    return form;
  }

  private simplest(letter: string): string {
    const decomposed = letter.normalize('NFKD');
    const bare = decomposed.replace(MARKS, '');
    const plain = plainSpelling(bare.toLowerCase());
    const candidates = [
      '',
      plain,
      plainSpelling(decomposed.toLowerCase()),
      bare.toUpperCase().toLowerCase(),
      bare.toLowerCase(),
      bare,
      decomposed.toUpperCase().toLowerCase(),
      decomposed.toLowerCase(),
      decomposed,
      letter.toUpperCase().toLowerCase(),
      letter.toLowerCase(),
    ];
    for (const candidate of candidates)
      if (candidate !== letter && this.compare(candidate, letter) === 0) return candidate;
    return letter.normalize('NFD');
  }
}

/** Letters that are others with a stroke or a bow, which decomposing leaves as they are. */
const PLAIN_SPELLINGS: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ß: 'ss',
  þ: 'th',
  ŧ: 't',
};
const FIRST_KATAKANA = 0x30a1;
const LAST_KATAKANA = 0x30f6;
/** From a letter of katakana to the same one of hiragana. */
const TO_HIRAGANA = -0x60;

function plainSpelling(letters: string): string {
  let plain = '';
  for (const letter of letters) {
    const code = letter.codePointAt(0)!;
    plain +=
      code >= FIRST_KATAKANA && code <= LAST_KATAKANA
        ? String.fromCodePoint(code + TO_HIRAGANA)
        : (PLAIN_SPELLINGS[letter] ?? letter);
  }
  return plain;
}

function withoutZeros(digits: string): string {
  let plainDigits = '';
  for (const digit of digits) plainDigits += digit.normalize('NFKD');
  return plainDigits.replace(/^0+(?=.)/u, '');
}

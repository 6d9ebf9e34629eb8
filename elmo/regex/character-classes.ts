/**
 * The named classes of PCRE as ranges of code points. Without `(*UCP)` they know ASCII alone (except `\h` and `\v`, which
 * always knew more). Source: pcre2pattern(3).
 */
import type { CodeRange } from './pattern.js';

export const LAST_CODE = 0x10ffff;

/** @param pairs  low, high, low, high … ascending */
function ranges(...pairs: number[]): readonly CodeRange[] {
  const list: CodeRange[] = [];
  for (let i = 0; i < pairs.length; i += 2) list.push({ low: pairs[i]!, high: pairs[i + 1]! });
  return list;
}

/** What is not in the list. @param list  ascending, disjoint */
export function complementOf(list: readonly CodeRange[]): readonly CodeRange[] {
  const rest: CodeRange[] = [];
  let next = 0;
  for (const { low, high } of list) {
    if (low > next) rest.push({ low: next, high: low - 1 });
    next = high + 1;
  }
  if (next <= LAST_CODE) rest.push({ low: next, high: LAST_CODE });
  return rest;
}

const DIGIT = ranges(0x30, 0x39);
const UPPER = ranges(0x41, 0x5a);
const LOWER = ranges(0x61, 0x7a);
const ALPHA = [...UPPER, ...LOWER];
const ALNUM = [...DIGIT, ...ALPHA];
const WORD = [...DIGIT, ...UPPER, ...ranges(0x5f, 0x5f), ...LOWER];
const SPACE = ranges(0x09, 0x0d, 0x20, 0x20);
const HORIZONTAL = ranges(
  ...[0x09, 0x09, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x180e, 0x180e],
  ...[0x2000, 0x200a, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000],
);
const VERTICAL = ranges(0x0a, 0x0d, 0x85, 0x85, 0x2028, 0x2029);

/** By the letter after the backslash; its capital is the complement. */
export const ESCAPED_CLASSES: ReadonlyMap<string, readonly CodeRange[]> = new Map([
  ['d', DIGIT],
  ['w', WORD],
  ['s', SPACE],
  ['h', HORIZONTAL],
  ['v', VERTICAL],
]);

/** The same under `(*UCP)`, in JavaScript's syntax inside brackets. */
export const UNICODE_CLASSES: ReadonlyMap<string, string> = new Map([
  ['d', '\\p{Nd}'],
  ['w', '[\\p{L}\\p{N}_]'],
  ['s', '[\\p{Z}\\t-\\r]'],
]);

export const POSIX_CLASSES: ReadonlyMap<string, readonly CodeRange[]> = new Map([
  ['alnum', ALNUM],
  ['alpha', ALPHA],
  ['ascii', ranges(0x00, 0x7f)],
  ['blank', ranges(0x09, 0x09, 0x20, 0x20)],
  ['cntrl', ranges(0x00, 0x1f, 0x7f, 0x7f)],
  ['digit', DIGIT],
  ['graph', ranges(0x21, 0x7e)],
  ['lower', LOWER],
  ['print', ranges(0x20, 0x7e)],
  ['punct', ranges(0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e)],
  ['space', SPACE],
  ['upper', UPPER],
  ['word', WORD],
  ['xdigit', ranges(0x30, 0x39, 0x41, 0x46, 0x61, 0x66)],
]);

/** Properties PCRE has of its own, in JavaScript's syntax inside brackets. */
const OWN_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['any', '[\\u{0}-\\u{10ffff}]'],
  ['l&', '[\\p{Lu}\\p{Ll}\\p{Lt}]'],
  ['xan', '[\\p{L}\\p{N}]'],
  ['xwd', '[\\p{L}\\p{N}_]'],
  ['xsp', '[\\p{Z}\\t-\\r]'],
  ['xps', '[\\p{Z}\\t-\\r]'],
  ['xuc', '[$@`\\u{a0}-\\u{d7ff}\\u{e000}-\\u{10ffff}]'],
]);

const CATEGORIES =
  'C Cc Cf Cn Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs'.split(
    ' ',
  );

function isProperty(text: string): boolean {
  try {
    return new RegExp(`\\p{${text}}`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

/** 'old italic' and 'OLD_ITALIC' are 'Old_Italic' in JavaScript. */
function capitalised(name: string): string {
  return name
    .toLowerCase()
    .split(/[\s_-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('_');
}

/**
 * `\p{name}` in JavaScript's syntax inside brackets.
 * @returns undefined if there is no property of that name
 */
export function propertyText(name: string): string | undefined {
  const loose = name.toLowerCase().replace(/[\s_-]+/g, '');
  const own = OWN_PROPERTIES.get(loose);
  if (own !== undefined) return own;
  const category = CATEGORIES.find((known) => known.toLowerCase() === loose);
  if (category !== undefined) return `\\p{${category}}`;
  const separator = name.search(/[:=]/);
  const script = capitalised(name.slice(separator + 1).trim());
  const key = loose.slice(0, Math.max(loose.search(/[:=]/), 0));
  const candidates =
    key === 'script' || key === 'sc'
      ? [`Script=${script}`]
      : key === 'scriptextensions' || key === 'scx'
        ? [`Script_Extensions=${script}`]
        : key === ''
          ? [`Script_Extensions=${script}`, script, name.trim()]
          : [];
  const known = candidates.find(isProperty);
  return known === undefined ? undefined : `\\p{${known}}`;
}

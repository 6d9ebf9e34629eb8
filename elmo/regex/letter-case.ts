/**
 * Which letters are one letter in different case: Unicode's simple case folding, which both PCRE and JavaScript's `v`
 * flag follow. Made of the runtime's own tables when it is first asked about more than ASCII.
 */
import type { CodeRange } from './pattern.js';

const DOTLESS_I = 0x131; // its capital is I, but it folds to itself
const LONG_S = 0x17f;
const KELVIN = 0x212a;
const LAST_CASED = 0x1e943;

function isAsciiLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** The forms of an ASCII letter but for itself. */
function otherAsciiForms(code: number): readonly number[] {
  const forms = [code ^ 0x20];
  if ((code | 0x20) === 0x73) forms.push(LONG_S);
  else if ((code | 0x20) === 0x6b) forms.push(KELVIN);
  return forms;
}

function single(text: string, otherwise: number): number {
  const code = text.codePointAt(0)!;
  return text.length === (code > 0xffff ? 2 : 1) ? code : otherwise;
}

let forms: ReadonlyMap<number, readonly number[]> | undefined;

/** All letters that have more than one form, each with all its forms. */
function allForms(): ReadonlyMap<number, readonly number[]> {
  if (forms !== undefined) return forms;
  const byFold = new Map<number, number[]>();
  for (let code = 0x41; code <= LAST_CASED; code++) {
    if (code === DOTLESS_I || (code >= 0xd800 && code <= 0xdfff)) continue;
    const upper = single(String.fromCodePoint(code).toUpperCase(), code);
    const fold = single(String.fromCodePoint(upper).toLowerCase(), upper);
    if (fold === code && upper === code) continue;
    const same = byFold.get(fold);
    if (same === undefined) byFold.set(fold, fold === code ? [code] : [fold, code]);
    else if (!same.includes(code)) same.push(code);
  }
  const byLetter = new Map<number, readonly number[]>();
  for (const same of byFold.values()) if (same.length > 1) for (const code of same) byLetter.set(code, same);
  forms = byLetter;
  return byLetter;
}

/** The forms of a letter, itself first; of anything else, itself alone. */
export function formsOf(code: number): readonly number[] {
  if (isAsciiLetter(code)) return [code, ...otherAsciiForms(code)];
  if (code < 0x80) return [code];
  return [code, ...(allForms().get(code) ?? []).filter((form) => form !== code)];
}

/** Ranges with all forms of their letters. */
export function withAllForms(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const all = [...ranges];
  for (const { low, high } of ranges) {
    if (high < 0x80) {
      for (let code = low; code <= high; code++)
        if (isAsciiLetter(code))
          for (const form of otherAsciiForms(code)) all.push({ low: form, high: form });
      continue;
    }
    for (const [code, same] of allForms())
      if (code >= low && code <= high) for (const form of same) all.push({ low: form, high: form });
  }
  return all;
}

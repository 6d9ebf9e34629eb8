/** Functions made from text at run time (decision 0016). */

/**
 * @param code  the body of a function of `given`'s names; strict
 * @returns what the body returns; undefined: the runtime makes no code from text
 */
export function resultOf<T>(code: string, given: Readonly<Record<string, unknown>>): T | undefined {
  try {
    const make = new Function(...Object.keys(given), `'use strict'; ${code}`) as (...values: unknown[]) => T;
    return make(...Object.values(given));
  } catch {
    return undefined;
  }
}

/**
 * Assertions about our own code; never about input or about bytes on disk (those are typed errors).
 * `CHECKED=1` in the environment turns on the costly ones: see `checked`.
 */

/** Whether the costly checks are on: key order, all levels after each merge, scribbling over expired bytes. */
export const checked: boolean = process.env['CHECKED'] === '1';

/** Throws if a thing that must hold does not: a bug of ours. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

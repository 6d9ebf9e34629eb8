/** The paths that operators of an update name: fields, indexes of arrays, and `$`, `$[]`, `$[name]` for elements. */
import { ElmoError } from '../errors.js';
import { MAX_PATH_PARTS } from './limits.js';

export const POSITIONAL = '$';

/** The name inside `$[name]`, '' of `$[]`; undefined if the part is none of these. */
export function arrayFilterName(part: string): string | undefined {
  return part.startsWith('$[') && part.endsWith(']') ? part.slice(2, -1) : undefined;
}

export function isDynamic(part: string): boolean {
  return part === POSITIONAL || arrayFilterName(part) !== undefined;
}

/** @throws ElmoError EmptyFieldName, 10396001 if it is too long */
export function splitUpdatePath(path: string): string[] {
  if (path === '') throw new ElmoError('EmptyFieldName', 'An empty update path is not valid.');
  const parts = path.split('.');
  if (parts.length > MAX_PATH_PARTS)
    throw new ElmoError(10396001, `Field paths cannot contain more than ${MAX_PATH_PARTS} '.'`);
  if (parts.includes(''))
    throw new ElmoError(
      'EmptyFieldName',
      `The update path '${path}' contains an empty field name, which is not allowed.`,
    );
  return parts;
}

/** @throws ElmoError EmptyFieldName; BadValue if elements are named where there can be none */
export function parseUpdatePath(path: string): string[] {
  const parts = splitUpdatePath(path);
  const [first] = parts;
  if (first === POSITIONAL)
    throw new ElmoError(
      'BadValue',
      `Cannot have positional (i.e. '$') element in the first position in path '${path}'`,
    );
  if (parts.indexOf(POSITIONAL) !== parts.lastIndexOf(POSITIONAL))
    throw new ElmoError('BadValue', `Too many positional (i.e. '$') elements found in path '${path}'`);
  if (arrayFilterName(first!) !== undefined)
    throw new ElmoError(
      'BadValue',
      `Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '${path}'`,
    );
  return parts;
}

const DIGITS = /^[0-9]+$/;
const NUMBER = /^(?:0|[1-9][0-9]*)$/;
/** The first code unit that is half of a surrogate pair. */
const FIRST_HALF = 0xd800;

/** The index of an array that a part of a path stands for; -1 if it cannot be one. */
export function arrayIndexOf(part: string, most: number): number {
  if (!DIGITS.test(part)) return -1;
  const index = Number(part);
  return index <= most ? index : -1;
}

/** The order in which the fields of one document are changed: two numbers by their value, others as UTF-8 bytes. */
export function compareParts(a: string, b: string): number {
  if (a.length !== b.length && NUMBER.test(a) && NUMBER.test(b)) return a.length - b.length;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // halves of pairs are below the last code units, and what they stand for is above them
    return x < FIRST_HALF && y < FIRST_HALF ? x - y : Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return a.length - b.length;
}

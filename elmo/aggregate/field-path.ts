/** Paths of fields in the arguments of stages. */
import { checkFieldName, parsePath } from '../expression/field-names.js';

/** @throws ElmoError of the reference's code if `path` is none. @returns the path */
export function checkedFieldPath(path: string): string {
  parsePath(path, 0);
  return path;
}

/** A name of one component. */
export function checkedFieldName(name: string): string {
  checkFieldName(name);
  return name;
}

/**
 * Whether a change of `a` can change what is at `b`: one leads through the other, or both through what may be an array,
 * whose elements the one may change and the other name by their place.
 */
export function pathsOverlap(a: string, b: string): boolean {
  return a === '' || b === '' || firstName(a) === firstName(b);
}

export function firstName(path: string): string {
  const end = path.indexOf('.');
  return end < 0 ? path : path.slice(0, end);
}

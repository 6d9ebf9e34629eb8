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

/** Whether a change of `a` can change what is at `b`: one leads through the other. */
export function pathsOverlap(a: string, b: string): boolean {
  return a === b || a === '' || b === '' || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

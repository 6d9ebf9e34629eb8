/**
 * Which names of fields, paths and variables an expression may write.
 * Source: the reference engine's own refusals.
 */
import { ElmoError } from '../errors.js';

/** Components of a path, the variable it starts from included. */
export const MAX_PATH_COMPONENTS = 200;

/** One component to which nothing can be objected. */
const PLAIN_NAME = /^\w+$/;

const HINT =
  "Consider using $getField or $setField for a field path with '.' or '$'. :: caused by :: FieldPath field names may not";

/** @throws ElmoError unless `name` can be a component of a path */
export function checkFieldName(name: string): void {
  if (name === '') throw new ElmoError(15998, `${HINT} be empty strings.`);
  if (name.startsWith('$')) throw new ElmoError(16410, `${HINT} start with '$', given '${name}'.`);
  if (name.includes('\0')) throw new ElmoError(16411, `${HINT} contain '\0'.`);
  if (name.includes('.')) throw new ElmoError(16412, `${HINT} contain '.', given '${name}'.`);
}

/**
 * The components of a dotted path.
 * @param path  without dollars
 * @param before  components that stand before them
 * @throws ElmoError
 */
export function parsePath(path: string, before: number): string[] {
  if (before === 0 && PLAIN_NAME.test(path)) return [path];
  if (path === '') throw new ElmoError(40352, 'FieldPath cannot be constructed with empty string');
  if (path.endsWith('.')) throw new ElmoError(40353, "FieldPath must not end with a '.'.");
  const components = path.split('.');
  for (const component of components) checkFieldName(component);
  if (components.length + before > MAX_PATH_COMPONENTS)
    throw new ElmoError('Overflow', 'FieldPath is too long');
  return components;
}

const VARIABLE_REST = /[^a-zA-Z0-9_\u0080-\uffff]/;
const READ_START = /^[a-zA-Z\u0080-\uffff]/;
const WRITE_START = /^[a-z\u0080-\uffff]/;

/** @throws ElmoError unless a variable that is read can have this name */
export function checkVariableRead(name: string): void {
  checkVariable(name, READ_START);
}

/** @throws ElmoError unless a variable that is defined can have this name: those of the engine are in capitals */
export function checkVariableWrite(name: string): void {
  if (name !== 'CURRENT') checkVariable(name, WRITE_START);
}

function checkVariable(name: string, start: RegExp): void {
  if (name === '') throw new ElmoError('FailedToParse', 'empty variable names are not allowed');
  if (!start.test(name))
    throw new ElmoError(
      'FailedToParse',
      `'${name}' starts with an invalid character for a user variable name`,
    );
  const wrong = VARIABLE_REST.exec(name);
  if (wrong !== null)
    throw new ElmoError(
      'FailedToParse',
      `'${name}' contains an invalid character for a variable name: '${wrong[0]}'`,
    );
}

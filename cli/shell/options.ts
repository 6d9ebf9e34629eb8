/** Arguments of the shell's methods as fields of commands. */
import type { Document } from '../../elmo/values.js';
import { invalid } from './errors.js';

/** Of these fields those that are given. */
export function pick(options: Document | undefined, fields: readonly string[]): Document {
  const found: Document = {};
  for (const field of fields) if (options?.[field] !== undefined) found[field] = options[field] as unknown;
  return found;
}

/** A sort as people write it: a document, pairs, a map, the name of a field. */
export function sortDocument(sort: unknown): Document {
  if (typeof sort === 'string') return { [sort]: 1 };
  if (Array.isArray(sort)) {
    const pairs: unknown[] = sort.every((entry) => typeof entry === 'string')
      ? sort.map((field) => [field, 1])
      : sort;
    return Object.fromEntries(pairs.map((pair) => pair as [string, unknown]));
  }
  if (isDocument(sort)) return sort;
  throw invalid('a sort is a document: {field: 1}, or -1 for the other way round');
}

export function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param method  for the message. @throws ShellError if it is missing */
export function needDocument(value: unknown, what: string, method: string): Document {
  if (isDocument(value)) return value;
  const hint = what === 'filter' ? '; {} means every document' : '';
  throw invalid(`${method}() needs a ${what}${hint}`);
}

/** Whether it says what to change, not what to become: {$set: …} or stages. */
export function hasOperators(update: unknown): boolean {
  if (Array.isArray(update)) return true;
  const [first] = Object.keys(update as object);
  return first?.startsWith('$') === true;
}

export const WRITE_FIELDS = ['writeConcern', 'maxTimeMS', 'comment', 'let'] as const;
export const READ_FIELDS = ['readConcern', 'maxTimeMS', 'comment', 'collation', 'hint', 'let'] as const;

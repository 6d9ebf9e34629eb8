/**
 * Filters, projections and sorts typed as text, the way the shell takes them: `{_id: ObjectId('…'), n: {$gt: NumberLong(5)}}`.
 * The one import of the package `mongodb-query-parser`, which evaluates no code. It is loaded when it is first needed; users get it
 * joined into one file beside this one.
 */
import { createRequire } from 'node:module';
import { Encoder } from '../bson/encode.js';
import { ElmoError } from '../errors.js';

interface QueryParser {
  parseFilter(text: string): unknown;
}

let parser: QueryParser | undefined;
const PACKAGE = 'mongodb-query-parser';
const encoder = new Encoder();

/**
 * A value in the shell's notation; nothing but white space stands for an empty document.
 * @throws Error of the package, if it is none
 */
export function parseShellText(text: string): unknown {
  if (text.trim() === '') return {};
  parser ??= createRequire(import.meta.url)(PACKAGE) as QueryParser;
  return parser.parseFilter(text);
}

/**
 * @param text  a document in the shell's notation; nothing but white space stands for an empty document
 * @returns the document, raw; values keep the types the text gives them
 * @throws ElmoError FailedToParse if it is no such document
 */
export function parseFilterText(text: string): Uint8Array {
  let document: unknown;
  try {
    document = parseShellText(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ElmoError('FailedToParse', `the filter is not a document: ${reason}`, { cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ElmoError('FailedToParse', `the filter is not a document: ${text}`);
  return encoder.encode(document);
}

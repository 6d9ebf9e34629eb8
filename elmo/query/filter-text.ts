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
 * @throws SyntaxError with its place in the text, if it is none; other errors of the package
 */
export function parseShellText(text: string): unknown {
  if (text.trim() === '') return {};
  parser ??= createRequire(import.meta.url)(PACKAGE) as QueryParser;
  try {
    return parser.parseFilter(text);
  } catch (error) {
    throw placed(error, text);
  }
}

/** The package puts parentheses around the text, in lines of their own, and shows all of it. */
const WITH_PLACE = /^(.*) \((\d+):(\d+)\) in \(\n/;

/** The same error with its place in the text as it was given. */
function placed(error: unknown, text: string): unknown {
  const [, reason, line, column] = (error instanceof SyntaxError && WITH_PLACE.exec(error.message)) || [];
  if (reason === undefined) return error;
  const isAtEnd = Number(line) - 1 > text.split('\n').length;
  const place = isAtEnd ? 'the text ends too soon' : `line ${Number(line) - 1}, column ${Number(column) + 1}`;
  return new SyntaxError(`${reason}: ${place}`, { cause: error });
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

/**
 * A refusal by the document layer, with the number and name a MongoDB server answers with. The embedded interface shows
 * it as the driver's `MongoServerError`, the wire protocol as `{ok: 0, code, codeName, errmsg}`.
 */
import { codeNameOf, ERROR_CODES, type ErrorCodeName } from './error-codes.js';

/** What an error may carry besides its number and text; names as the server's replies have them. */
export interface ErrorDetails {
  /** Raw BSON documents. */
  readonly keyPattern?: Uint8Array;
  readonly keyValue?: Uint8Array;
  /** Why a validator refused a document. Raw BSON. */
  readonly errInfo?: Uint8Array;
  readonly errorLabels?: readonly string[];
  readonly cause?: unknown;
}

export class ElmoError extends Error {
  override readonly name: string = 'ElmoError';
  readonly code: number;
  readonly details: ErrorDetails;

  /**
   * @param code  a name of `ERROR_CODES`, or a number the reference uses without a name
   * @param message  for people: what was expected, what was got, where
   */
  constructor(code: ErrorCodeName | number, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = typeof code === 'number' ? code : ERROR_CODES[code];
    this.details = details;
  }

  get codeName(): string {
    return codeNameOf(this.code);
  }
}

/** Errors as replies. */
import { LsmError } from '../../lsm/index.js';
import { BsonError } from '../bson/errors.js';
import { ERROR_CODES, codeNameOf } from '../error-codes.js';
import { ElmoError } from '../errors.js';
import type { ReplyWriter } from './reply.js';

/** Whatever was thrown, as an error with a number. */
export function asElmoError(thrown: unknown): ElmoError {
  if (thrown instanceof ElmoError) return thrown;
  if (thrown instanceof BsonError) return new ElmoError(thrown.code, thrown.message, { cause: thrown });
  if (thrown instanceof LsmError && thrown.code === 'ReadOnly')
    return new ElmoError('IllegalOperation', thrown.message, { cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ElmoError(ERROR_CODES.InternalError, message, { cause: thrown });
}

/** What an element of `writeErrors` says of its error. */
export function writeErrorFields(reply: ReplyWriter, error: ElmoError): void {
  reply.int32('code', error.code);
  reply.text('errmsg', error.message);
  writeDetails(reply, error);
}

function writeDetails(reply: ReplyWriter, { details }: ElmoError): void {
  if (details.keyPattern !== undefined) reply.document('keyPattern', details.keyPattern);
  if (details.keyValue !== undefined) reply.document('keyValue', details.keyValue);
  if (details.errInfo !== undefined) reply.document('errInfo', details.errInfo);
}

/** The fields of a reply that says no. */
export function writeError(reply: ReplyWriter, error: ElmoError, labels: readonly string[] = []): void {
  const errorLabels = [...new Set([...(error.details.errorLabels ?? []), ...labels])];
  if (errorLabels.length > 0) reply.texts('errorLabels', errorLabels);
  reply.double('ok', 0).text('errmsg', error.message);
  reply.int32('code', error.code).text('codeName', codeNameOf(error.code));
  writeDetails(reply, error);
}

/** The write went well, its concern was not met. */
export function writeConcernErrorField(reply: ReplyWriter, error: ElmoError): void {
  reply.object('writeConcernError', (into) =>
    into.int32('code', error.code).text('codeName', error.codeName).text('errmsg', error.message),
  );
}

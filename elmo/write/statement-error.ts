/** Errors of single documents: those that a statement reports and goes on, and those that end everything. */
import { BsonError } from '../bson/errors.js';
import { ERROR_CODES } from '../error-codes.js';
import { ElmoError } from '../errors.js';

/** Errors after which no further document can be written: the operation is over. */
const FATAL = new Set(['MaxTimeMSExpired', 'Interrupted', 'InterruptedAtShutdown', 'InternalError']);

/** @throws what is no error of one document */
export function asStatementError(thrown: unknown): ElmoError {
  if (thrown instanceof ElmoError && !FATAL.has(thrown.codeName)) return thrown;
  if (thrown instanceof BsonError) return new ElmoError(thrown.code, thrown.message, { cause: thrown });
  throw thrown;
}

/** An error that met a statement at work says which: 'update', 'delete', 'findAndModify'. */
export function duringStatement(command: string, thrown: unknown): unknown {
  if (thrown instanceof BsonError) return duringStatement(command, asStatementError(thrown));
  if (
    !(thrown instanceof ElmoError) ||
    FATAL.has(thrown.codeName) ||
    thrown.code === ERROR_CODES.WriteConflict
  )
    return thrown;
  const message = `Plan executor error during ${command} :: caused by :: ${thrown.message}`;
  return new ElmoError(thrown.code, message, { ...thrown.details, cause: thrown });
}

/** Errors of single documents: those that a statement reports and goes on, and those that end everything. */
import { BsonError } from '../bson/errors.js';
import { ERROR_CODES } from '../error-codes.js';
import { ElmoError } from '../errors.js';
import { TRANSIENT } from '../operation/write-unit.js';

/** Errors after which a transaction may be tried again. */
const PASSING = new Set([
  'WriteConflict',
  'SnapshotUnavailable',
  'SnapshotTooOld',
  'NoSuchTransaction',
  'LockTimeout',
]);

/** Errors after which no further document can be written: the operation is over. */
const FATAL = new Set(['MaxTimeMSExpired', 'Interrupted', 'InterruptedAtShutdown', 'InternalError']);

/**
 * @param isInTransaction  an error that passes is then one of the whole transaction
 * @throws what is no error of one document
 */
export function asStatementError(thrown: unknown, isInTransaction = false): ElmoError {
  if (isInTransaction && thrown instanceof ElmoError && isTransient(thrown)) throw thrown;
  if (thrown instanceof ElmoError && !FATAL.has(thrown.codeName)) return thrown;
  if (thrown instanceof BsonError) return new ElmoError(thrown.code, thrown.message, { cause: thrown });
  throw thrown;
}

/** Whether the transaction may be tried again as a whole. */
function isTransient({ codeName, details }: ElmoError): boolean {
  return PASSING.has(codeName) || details.errorLabels?.includes(TRANSIENT) === true;
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

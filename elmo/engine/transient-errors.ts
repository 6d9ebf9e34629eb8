/** Errors that end a transaction for a passing reason. */
import { ElmoError } from '../errors.js';
import { TRANSIENT } from '../operation/write-unit.js';

/** Of a write that met another. */
const WRITE_CONFLICT = 112;

/** The error for who runs the transaction: where it may be tried again, it says so. */
export function labelled(error: unknown, isInTransaction: boolean): unknown {
  if (!isInTransaction || !(error instanceof ElmoError) || error.code !== WRITE_CONFLICT) return error;
  if (error.details.errorLabels?.includes(TRANSIENT) === true) return error;
  return new ElmoError(error.code, error.message, { ...error.details, errorLabels: [TRANSIENT] });
}

/**
 * A refusal by the engine. `code` is stable, branch on it; `message` is for people.
 */

/** Every code an `LsmError` can carry, and what it means. */
export const LSM_ERROR_CODES = {
  BadKey: 'a key is empty, too long, or not bytes',
  BadValue: 'a value is too long, or not bytes',
  BadRange: 'a range is reversed, or its bounds are not bytes',
  BadOptions: 'an option is unknown, out of its range, or contradicts the file',
  Closed: 'the store, transaction, snapshot or cursor was used after its end',
  Locked: 'another process, or this one, has the file open',
  NotAStore: 'the file is not a store of this engine',
  NewerFormat: 'the file was written by a newer version of this engine',
  Corrupt: 'bytes on disk do not pass their checks',
  WrongKey:
    'the file is encrypted and the key is absent or not the right one; or it is not encrypted and a key was given',
  ReadOnly: 'a write to a store that was opened read-only, or that became read-only after a failed sync',
  NotFound: 'the file, or the thing asked for, does not exist',
  DiskFull: 'no space left on the device, or the quota is used up',
  Io: 'the operating system refused a file operation',
  WriteConflict: 'another transaction committed a change to what this one wrote or declared as read',
  TransactionTooOld: 'a transaction cannot be checked for conflicts any more',
  TooLarge: 'a limit of the engine was passed',
  Aborted: 'the work was cancelled, because the store is closing or the caller asked for it',
} as const;

export type LsmErrorCode = keyof typeof LSM_ERROR_CODES;

/** A place in a file: all that the dump tool needs to show it. */
export interface FilePosition {
  readonly file: string;
  /** Byte offset from the start of the file. */
  readonly offset?: number;
}

export class LsmError extends Error {
  override readonly name = 'LsmError';

  constructor(
    message: string,
    readonly code: LsmErrorCode,
    readonly at?: FilePosition,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** Damage on disk: says what was expected, and where. */
export function corrupt(what: string, file: string, offset: number, cause?: unknown): LsmError {
  return new LsmError(`${file} is damaged at byte ${offset}: ${what}`, 'Corrupt', { file, offset }, cause);
}

/** Turns a failed file operation of the operating system into our error, keeping the cause. */
export function ioError(operation: string, file: string, cause: unknown, offset?: number): LsmError {
  if (cause instanceof LsmError) return cause;
  const system = (cause as { code?: string }).code ?? '';
  const why = cause instanceof Error ? cause.message : String(cause);
  const at = { file, offset };
  if (system === 'ENOSPC' || system === 'EDQUOT') {
    return new LsmError(`cannot ${operation} ${file}: no space left on the device`, 'DiskFull', at, cause);
  }
  if (system === 'ENOENT' && operation === 'create')
    return new LsmError(
      `cannot create ${file}: its folder is not there, or takes no files`,
      'NotFound',
      at,
      cause,
    );
  if (system === 'ENOENT') return new LsmError(`${file} does not exist`, 'NotFound', at, cause);
  if (system === 'EROFS' || system === 'EACCES' || system === 'EPERM') {
    return new LsmError(`cannot ${operation} ${file}: not permitted (${system})`, 'ReadOnly', at, cause);
  }
  return new LsmError(`cannot ${operation} ${file}: ${why}`, 'Io', at, cause);
}

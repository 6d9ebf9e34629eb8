/**
 * Errors as the operating system names them. Files that are not the system's (in memory, in tests) raise the same, so
 * that whoever looks at a cause sees one form.
 */
import { LsmError } from '../errors.js';

const MEANINGS: Readonly<Record<string, string>> = {
  EEXIST: 'file already exists',
  EIO: 'input/output error',
  EISDIR: 'is a directory, expected a file',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  EROFS: 'opened for reading only',
};

/** A failed file operation, in the form Node gives it: `code` is the system's name of the error. */
export class SystemError extends Error {
  override readonly name = 'SystemError';

  constructor(readonly code: string) {
    super(`${code}: ${MEANINGS[code] ?? 'file operation failed'}`);
  }
}

/** The system's name of an error (`EEXIST`, ...), looked for in the error and in its causes; '' when there is none. */
export function systemCode(error: unknown): string {
  for (let e = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    if (e instanceof LsmError) continue;
    const code = (e as { code?: unknown }).code;
    if (typeof code === 'string') return code;
  }
  return '';
}

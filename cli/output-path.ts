/** Paths that commands write to: making folders, and saying in a line why one cannot be written. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'not permitted',
  EEXIST: 'it is a file, expected a folder',
  EISDIR: 'it is a folder, expected a file',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'its folder is not there, or takes no files',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'what it should lie in is no folder',
  EPERM: 'not permitted',
  EROFS: 'the file system is for reading only',
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** What could not be written, by the name it was given with. */
export class OutputError extends Error {
  readonly code: string;

  constructor(path: string, cause: unknown) {
    const code = codeOf(cause);
    super(`cannot write '${path}': ${REASONS[code] ?? (cause as Error).message}`, { cause });
    this.code = code;
  }
}

/** @throws OutputError */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new OutputError(path, error);
  }
}

/**
 * Makes a folder and those it lies in. The runtime's own way (`recursive`) never ends where none can be made although the
 * folder above is there, as in `/proc`.
 * @throws OutputError
 */
export function makeFolder(path: string, mode = 0o777): void {
  writing(path, () => makeWithParents(path, mode));
}

function makeWithParents(path: string, mode: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(path);
  if (!existsSync(parent)) makeWithParents(parent, mode);
  mkdirSync(path, { mode });
}

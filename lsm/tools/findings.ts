/** What looking into a file finds: the problems of the checks, and those that keep a store from being opened at all. */
import type { ProblemCode } from '../check/report.js';
import { LsmError, type FilePosition } from '../errors.js';

/** Codes beside those of `PROBLEM_CODES`, and what they mean. */
export const FILE_PROBLEM_CODES = {
  SlotDamaged: 'a meta slot does not match its checksum, though no write of it can have been under way',
  MetaLost: 'no meta slot can be used',
  KeyWrong: 'the manifest cannot be read without the right encryption key',
  ManifestDamaged: 'the manifest, or a record of it, does not pass its checks',
  FileCut: 'the file ends before what the manifest tells of',
  LogDamaged: 'a log does not pass its checks',
} as const;

export type FileProblemCode = ProblemCode | keyof typeof FILE_PROBLEM_CODES;

export interface FileProblem {
  /** Stable: branch on it. */
  readonly code: FileProblemCode;
  /** For people: what was expected, what was found. */
  readonly message: string;
  readonly at?: FilePosition | undefined;
}

export function fileProblem(code: FileProblemCode, error: LsmError): FileProblem {
  return { code, message: error.message, at: error.at };
}

/**
 * Runs what reads damaged bytes.
 * @returns its result, or undefined and a problem more
 */
export function attempt<T>(code: FileProblemCode, problems: FileProblem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    problems.push(fileProblem(code, error));
    return undefined;
  }
}

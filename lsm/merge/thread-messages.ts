/** What the store and its worker thread say to each other: plain data only. */
import type { Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import { LsmError, type FilePosition, type LsmErrorCode } from '../errors.js';
import type { FlushSpec, JobOutcome, MergeSpec, TableForm } from './job-runner.js';

/** What a worker is started with. */
export interface WorkerSettings {
  readonly path: string;
  /** The file's key, as derived; undefined: the file is not encrypted. */
  readonly cipherKey: Bytes | undefined;
  readonly form: TableForm;
}

/** An `LsmError` on its way between threads. */
export interface ErrorMessage {
  readonly message: string;
  readonly code: LsmErrorCode;
  readonly at: FilePosition | undefined;
  /** What caused it, as text. */
  readonly cause: string | undefined;
}

export type ToWorker =
  /** `tableIds`: as many as a job can use before its first extent comes. */
  | {
      readonly kind: 'flush';
      readonly job: number;
      readonly spec: FlushSpec;
      readonly tableIds: readonly number[];
    }
  | {
      readonly kind: 'merge';
      readonly job: number;
      readonly spec: MergeSpec;
      readonly tableIds: readonly number[];
    }
  /** The answer to the oldest open request; with each extent comes an id for one more table. */
  | { readonly kind: 'extent'; readonly job: number; readonly extent: Extent; readonly tableId: number }
  | { readonly kind: 'refusal'; readonly job: number; readonly error: ErrorMessage }
  | { readonly kind: 'cancel-merges' }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'allocate'; readonly job: number; readonly bytes: number }
  | { readonly kind: 'done'; readonly job: number; readonly outcome: JobOutcome }
  | { readonly kind: 'failed'; readonly job: number; readonly error: ErrorMessage }
  | { readonly kind: 'closed' };

/** A job has at most this many tables begun whose extent has not come. */
export const IDS_AHEAD = 4;

export function toErrorMessage(error: unknown): ErrorMessage {
  if (error instanceof LsmError) {
    const cause = error.cause === undefined ? undefined : String(error.cause);
    return { message: error.message, code: error.code, at: error.at, cause };
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: 'a background job failed unexpectedly', code: 'Io', at: undefined, cause: what };
}

export function fromErrorMessage({ message, code, at, cause }: ErrorMessage): LsmError {
  return new LsmError(message, code, at, cause === undefined ? undefined : new Error(cause));
}

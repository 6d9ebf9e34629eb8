/** What the shell and the thread that holds its database say to each other. Documents travel as BSON. */
import type { MessagePort } from 'node:worker_threads';
import type { OperatorNames } from '../../elmo/index.js';

/** Where the database is, and how it is opened. */
export interface Target {
  /** A file, ':memory:', or the address of a server. */
  readonly address: string;
  readonly isReadOnly: boolean;
  /** The file is used by other processes at the same time. */
  readonly isShared: boolean;
}

export interface WorkerInput {
  readonly target: Target;
  readonly port: MessagePort;
  /** One counter: it moves with every answer, so that whoever sleeps on it wakes. */
  readonly answers: Int32Array;
}

export type Request =
  | { readonly kind: 'command'; readonly id: number; readonly db: string; readonly body: Uint8Array }
  /** Nobody waits for what a command with `id` 0 answers. */
  | { readonly kind: 'operators'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number }
  /** Ends the commands that run. */
  | { readonly kind: 'interrupt' };

/** An error that is no answer of the database: the connection was lost, the file cannot be opened. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

export type Answer =
  | { readonly id: number; readonly body: Uint8Array }
  | { readonly id: number; readonly operators: OperatorNames }
  | { readonly id: number; readonly closed: true }
  | { readonly id: number; readonly failure: Failure };

/** The id of the answer that says how opening went. */
export const OPENED = -1;

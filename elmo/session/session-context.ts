/** Which session a request belongs to, and what it asks of it. */
import type { ClusterTime } from '../operation/operation.js';

/** Who has logged in and uses a session. */
export interface SessionOwner {
  readonly user: string;
  readonly db: string;
  readonly roles: readonly { readonly role: string; readonly db: string }[];
}

/** 'name@db'. */
export function nameOfOwner({ user, db }: SessionOwner): string {
  return `${user}@${db}`;
}

/** A session as it is shown. */
export interface SessionRow {
  /** 16 bytes as 32 hexadecimal digits. */
  readonly lsid: string;
  /** Whose it is, as 'name@db'; undefined: nobody has logged in. */
  readonly user: string | undefined;
  /** When it was used last, in milliseconds since 1970. */
  readonly usedMs: number;
}

/** In which session, and which transaction of it, a request runs. */
export interface SessionContext {
  /** The session's id: 16 bytes as 32 hexadecimal digits. */
  readonly lsid: string;
  /** Of a retryable write or a transaction. */
  readonly txnNumber: bigint | undefined;
  /** False: part of the transaction `txnNumber`. */
  readonly autocommit: boolean | undefined;
  readonly startTransaction: boolean;
  /** Read concern of a transaction that starts. */
  readonly readConcernLevel: string | undefined;
  /** Whether all reads of the session see the moment of the first. */
  readonly isSnapshot?: boolean;
  /** The moment that was opened for a read from outside; undefined: that of the first read. */
  readonly snapshotTime?: ClusterTime;
  /** Number of the first statement of a retryable write. */
  readonly stmtId: number;
  /** Numbers of the statements one by one; undefined: counted on from `stmtId`. */
  readonly stmtIds?: readonly number[] | undefined;
  /** Undefined: nobody has logged in. */
  readonly owner?: SessionOwner | undefined;
}

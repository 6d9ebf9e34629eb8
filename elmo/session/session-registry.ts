/**
 * Sessions of clients and the transaction each may have open. A transaction sees the moment of its first statement and its
 * own writes; it commits as a whole or not at all. Numbers of transactions only grow within a session.
 * Source: MongoDB manual, "Transactions"; drivers' specification "Transactions".
 */
import type { Snapshot } from '../../lsm/index.js';
import { ElmoError } from '../errors.js';
import type { Committer } from '../operation/committer.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import { TRANSIENT } from '../operation/write-unit.js';
import type { ClusterTime } from '../operation/operation.js';
import { Moments } from './moments.js';
import type { RetryableStatement, RetryLog } from './retry-log.js';
import { nameOfOwner, type SessionContext, type SessionOwner, type SessionRow } from './session-context.js';

interface OpenTransaction {
  readonly number: bigint;
  readonly unit: TransactionUnit;
  readonly startedMs: number;
  /** While it commits: whoever asks again waits for the same. */
  committing: Promise<void> | undefined;
}

type Outcome = 'open' | 'committed' | 'aborted';

interface SessionState {
  readonly lsid: string;
  owner: SessionOwner | undefined;
  usedMs: number;
  /** The greatest number seen. */
  lastNumber: bigint;
  outcome: Outcome | undefined;
  transaction: OpenTransaction | undefined;
  /** That of the first read, of sessions inside the process. */
  snapshot?: Snapshot;
  moments?: Moments;
}

export interface SessionOptions {
  /** How long a transaction may stay open. Default 60,000. */
  readonly transactionLifetimeMs?: number;
  /** How long a session that is not used is kept. Default 30 minutes. */
  readonly sessionTimeoutMs?: number;
  /** Where results of retryable writes are kept; those of a session that ends are forgotten. */
  readonly retries?: RetryLog;
  /**
   * Told before a transaction ends, or a session: what reads in it has to stop.
   * @param txnNumber  undefined: all of the session
   */
  readonly beforeEnd?: (lsid: string, txnNumber: bigint | undefined) => void;
}

/** A session as commands about sessions choose it. */
export interface SessionFacts {
  readonly lsid: string;
  readonly owner: SessionOwner | undefined;
}

/** The statement of a retryable write that a request is; undefined if it is none. */
export function retryableStatement(
  context: SessionContext | undefined,
  stmtId = context?.stmtId ?? 0,
): RetryableStatement | undefined {
  if (context?.txnNumber === undefined || context.autocommit !== undefined) return undefined;
  return { lsid: context.lsid, txnNumber: context.txnNumber, stmtId };
}

export class SessionRegistry {
  private readonly sessions = new Map<string, SessionState>();
  /** Transactions since the start. */
  readonly transactions = { started: 0, committed: 0, aborted: 0 };
  /** Transactions that are open for longer are ended. */
  transactionLifetimeMs: number;
  private readonly sessionTimeoutMs: number;

  constructor(
    private readonly committer: Committer,
    private readonly nowMs: () => number,
    private readonly randomHex: (bytes: number) => string,
    private readonly options: SessionOptions = {},
  ) {
    this.transactionLifetimeMs = options.transactionLifetimeMs ?? 60_000;
    this.sessionTimeoutMs = options.sessionTimeoutMs ?? 30 * 60_000;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** How many transactions are open. */
  get openTransactions(): number {
    const { started, committed, aborted } = this.transactions;
    return started - committed - aborted;
  }

  /** Ids of the sessions there are. */
  ids(): string[] {
    return [...this.sessions.keys()];
  }

  /** How long a session that is not used is kept. */
  get timeoutMinutes(): number {
    return Math.trunc(this.sessionTimeoutMs / 60_000);
  }

  /** A fresh id: a random UUID as 32 hexadecimal digits. */
  newId(): string {
    const hex = this.randomHex(16);
    return `${hex.slice(0, 12)}4${hex.slice(13, 16)}8${hex.slice(17)}`;
  }

  /** Notes that a session is used; makes it if there is none. */
  touch(lsid: string, owner?: SessionOwner): SessionState {
    let state = this.sessions.get(lsid);
    if (state === undefined) {
      state = { lsid, owner, usedMs: 0, lastNumber: -1n, outcome: undefined, transaction: undefined };
      this.sessions.set(lsid, state);
    }
    state.usedMs = this.nowMs();
    return state;
  }

  /**
   * The transaction a request belongs to, begun if it is the first.
   * @returns undefined: none
   * @throws ElmoError NoSuchTransaction, TransactionTooOld, TransactionCommitted …
   */
  enter(context: SessionContext | undefined): TransactionUnit | undefined {
    if (context === undefined) return undefined;
    const state = this.touch(context.lsid, context.owner);
    const { txnNumber } = context;
    if (txnNumber === undefined) return undefined;
    checkNotOld(state, txnNumber);
    if (context.autocommit === undefined) {
      if (txnNumber > state.lastNumber) this.newNumber(state, txnNumber);
      return undefined;
    }
    if (context.startTransaction) return this.begin(state, txnNumber);
    return this.continue(state, txnNumber).unit;
  }

  private newNumber(state: SessionState, number: bigint): void {
    this.giveUp(state);
    state.lastNumber = number;
    state.outcome = undefined;
  }

  private begin(state: SessionState, number: bigint): TransactionUnit {
    if (number === state.lastNumber && state.outcome !== undefined)
      throw new ElmoError(
        50911,
        `Cannot start a transaction at given transaction number ${number} a transaction with the same number is in state ${state.outcome}`,
      );
    this.newNumber(state, number);
    const unit = this.committer.begin(`session ${state.lsid}`);
    state.transaction = { number, unit, startedMs: this.nowMs(), committing: undefined };
    state.outcome = 'open';
    this.transactions.started++;
    return unit;
  }

  private continue(state: SessionState, number: bigint): OpenTransaction {
    const { transaction } = state;
    if (transaction?.number === number) {
      if (!this.isOverdue(transaction)) return transaction;
      this.giveUp(state);
      state.outcome = 'aborted';
    }
    if (state.lastNumber === number && state.outcome === 'committed')
      throw new ElmoError(
        'TransactionCommitted',
        `Transaction with { txnNumber: ${number} } has been committed.`,
      );
    if (state.lastNumber === number && state.outcome === 'aborted')
      throw new ElmoError(
        'NoSuchTransaction',
        `Transaction with { txnNumber: ${number} } has been aborted.`,
        { errorLabels: [TRANSIENT] },
      );
    throw new ElmoError(
      'NoSuchTransaction',
      `Given transaction number ${number} does not match any in-progress transactions. The active transaction number is ${state.lastNumber}`,
      { errorLabels: [TRANSIENT] },
    );
  }

  /**
   * One that is committed already stays so.
   * @throws ElmoError WriteConflict, NoSuchTransaction …; after WriteConflict it is aborted
   */
  async commit(context: SessionContext, isDurable: boolean): Promise<void> {
    const state = this.touch(context.lsid);
    const number = context.txnNumber!;
    checkNotOld(state, number);
    if (state.lastNumber === number && state.outcome === 'committed') return;
    const transaction = this.continue(state, number);
    transaction.committing ??= this.commitOpen(state, transaction, isDurable);
    await transaction.committing;
  }

  private async commitOpen(
    state: SessionState,
    transaction: OpenTransaction,
    isDurable: boolean,
  ): Promise<void> {
    let outcome: Outcome = 'aborted';
    this.options.beforeEnd?.(state.lsid, transaction.number);
    try {
      await transaction.unit.commit(isDurable);
      outcome = 'committed';
    } finally {
      this.transactions[outcome === 'committed' ? 'committed' : 'aborted']++;
      if (state.transaction === transaction) {
        state.transaction = undefined;
        state.outcome = outcome;
      }
    }
  }

  /** @throws ElmoError NoSuchTransaction, TransactionCommitted */
  async abort(context: SessionContext): Promise<void> {
    const state = this.touch(context.lsid);
    checkNotOld(state, context.txnNumber!);
    const { committing } = this.continue(state, context.txnNumber!);
    if (committing !== undefined) {
      await committing;
      this.continue(state, context.txnNumber!); // tells what has become of it
    }
    this.giveUp(state);
    state.outcome = 'aborted';
  }

  /** A statement failed so that its transaction cannot go on. */
  abortAfter(context: SessionContext): void {
    const state = this.sessions.get(context.lsid);
    if (state?.transaction === undefined || state.transaction.number !== context.txnNumber) return;
    this.giveUp(state);
    state.outcome = 'aborted';
  }

  private isOverdue({ committing, startedMs }: OpenTransaction): boolean {
    return committing === undefined && this.nowMs() - startedMs > this.transactionLifetimeMs;
  }

  private giveUp(state: SessionState): void {
    const { transaction } = state;
    if (transaction === undefined || transaction.committing !== undefined) return;
    state.transaction = undefined;
    this.options.beforeEnd?.(state.lsid, transaction.number);
    this.transactions.aborted++;
    transaction.unit.rollback();
  }

  /**
   * Opens a moment that reads of the session can name again.
   * @param asked  undefined: now
   * @throws ElmoError SnapshotTooOld
   */
  openMoment(lsid: string, asked: ClusterTime | undefined, now: ClusterTime): ClusterTime {
    const state = this.touch(lsid);
    state.moments ??= new Moments(this.committer.kv);
    return state.moments.open(asked, now, this.nowMs());
  }

  /** What a reading session sees: the moment it names, or that of its first read. @throws ElmoError SnapshotTooOld */
  snapshotOf({ lsid, snapshotTime }: SessionContext): Snapshot {
    const state = this.touch(lsid);
    if (snapshotTime !== undefined && state.moments !== undefined)
      return state.moments.at(snapshotTime, this.nowMs());
    state.snapshot ??= this.committer.kv.snapshot();
    return state.snapshot;
  }

  /** @returns whether there was one */
  end(lsid: string): boolean {
    const state = this.sessions.get(lsid);
    if (state === undefined) return false;
    this.options.beforeEnd?.(lsid, undefined);
    this.giveUp(state);
    state.snapshot?.release();
    state.moments?.release();
    this.options.retries?.forget(lsid).catch(() => undefined); // what stays is swept later
    return this.sessions.delete(lsid);
  }

  /** Ends transactions that have been open too long, and sessions nobody uses. */
  expire(): void {
    const now = this.nowMs();
    for (const state of [...this.sessions.values()]) {
      if (state.transaction !== undefined && this.isOverdue(state.transaction)) {
        this.giveUp(state);
        state.outcome = 'aborted';
      }
      state.moments?.expire(now);
      if (now - state.usedMs > this.sessionTimeoutMs) this.end(state.lsid);
    }
  }

  /** All sessions, the one that was used last first. @param wallMs  now, in milliseconds since 1970 */
  rows(wallMs: number): SessionRow[] {
    const now = this.nowMs();
    return [...this.sessions.values()]
      .map(({ lsid, owner, usedMs }) => ({
        lsid,
        user: owner === undefined ? undefined : nameOfOwner(owner),
        usedMs: wallMs - (now - usedMs),
      }))
      .sort((a, b) => b.usedMs - a.usedMs);
  }

  /** Ends the sessions that are meant. */
  endWhere(isMeant: (session: SessionFacts) => boolean): void {
    for (const state of [...this.sessions.values()]) if (isMeant(state)) this.end(state.lsid);
  }

  endAll(): void {
    for (const lsid of [...this.sessions.keys()]) this.end(lsid);
  }
}

/** @throws ElmoError TransactionTooOld */
function checkNotOld({ lsid, lastNumber }: SessionState, number: bigint): void {
  if (number < lastNumber)
    throw new ElmoError(
      'TransactionTooOld',
      `Cannot start transaction with { txnNumber: ${number} } on session ${lsid} because a newer transaction with txnNumber { txnNumber: ${lastNumber} } has already started on this session.`,
    );
}

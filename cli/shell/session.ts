/** Sessions and transactions: what they add to each command. Source: MongoDB manual, "Session Methods". */
import { inspect } from 'node:util';
import { Long, UUID, type Document } from '../../elmo/values.js';
import { openDatabase, type Database } from './database.js';
import { ServerError, ShellError } from './errors.js';
import type { CommandSession } from './connection.js';
import type { Mongo } from './mongo.js';

export interface SessionOptions {
  readonly causalConsistency?: boolean;
  readonly snapshot?: boolean;
  readonly defaultTransactionOptions?: TransactionOptions;
}

export interface TransactionOptions {
  readonly readConcern?: Document;
  readonly writeConcern?: Document;
  readonly maxCommitTimeMS?: number;
}

type State = 'none' | 'starting' | 'running' | 'committed' | 'aborted';

/** How often `withTransaction` tries again when it met another writer. */
const MOST_ATTEMPTS = 100;

export class Session implements CommandSession {
  private readonly id = new UUID();
  private txnNumber = 0;
  private state: State = 'none';
  private transaction: TransactionOptions = {};
  private hasEnded_ = false;

  constructor(
    private readonly mongo: Mongo,
    private readonly options: SessionOptions = {},
  ) {}

  [inspect.custom](): string {
    return `session ${this.id.toHexString()}${this.isInTransaction ? ', in a transaction' : ''}`;
  }

  getSessionId(): Document {
    return { id: this.id };
  }

  getDatabase(name: string): Database {
    return openDatabase(this.mongo, name, this);
  }

  hasEnded(): boolean {
    return this.hasEnded_;
  }

  getTxnState(): State {
    return this.state;
  }

  startTransaction(options: TransactionOptions = {}): void {
    this.check();
    if (this.isInTransaction) throw transactionError('Transaction already in progress');
    this.transaction = { ...this.options.defaultTransactionOptions, ...options };
    this.txnNumber++;
    this.state = 'starting';
  }

  commitTransaction(): void {
    this.check();
    if (this.state === 'none') throw transactionError('No transaction started');
    if (this.state === 'aborted')
      throw transactionError('Cannot call commitTransaction after calling abortTransaction');
    const { writeConcern, maxCommitTimeMS } = this.transaction;
    if (this.state !== 'starting')
      this.end({
        commitTransaction: 1,
        ...(writeConcern === undefined ? {} : { writeConcern }),
        ...(maxCommitTimeMS === undefined ? {} : { maxTimeMS: maxCommitTimeMS }),
      });
    this.state = 'committed';
  }

  abortTransaction(): void {
    this.check();
    if (this.state === 'none') throw transactionError('No transaction started');
    if (this.state === 'committed')
      throw transactionError('Cannot call abortTransaction after calling commitTransaction');
    if (this.state === 'aborted') throw transactionError('Cannot call abortTransaction twice');
    const wasRunning = this.state === 'running';
    try {
      if (wasRunning) this.end({ abortTransaction: 1 });
    } finally {
      this.state = 'aborted';
    }
  }

  /** Runs `work` in a transaction, again when it met another writer. */
  withTransaction<T>(work: (session: Session) => T, options?: TransactionOptions): T {
    for (let attempt = 1; ; attempt++) {
      this.startTransaction(options);
      try {
        const result = work(this);
        if (this.isInTransaction) this.commitTransaction();
        return result;
      } catch (error) {
        if (this.isInTransaction) this.abortTransaction();
        const mayRetry = error instanceof ServerError && error.hasErrorLabel('TransientTransactionError');
        if (!mayRetry || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  endSession(): void {
    if (this.hasEnded_) return;
    if (this.isInTransaction) this.abortTransaction();
    this.hasEnded_ = true;
    this.mongo.connection.command('admin', { endSessions: [{ id: this.id }] });
  }

  decorate(command: Document): Document {
    this.check();
    const readConcern = this.state === 'starting' ? this.transaction.readConcern : this.ownReadConcern;
    const isStarting = this.state === 'starting';
    if (isStarting) this.state = 'running';
    return {
      ...command,
      lsid: { id: this.id },
      ...(readConcern === undefined ? {} : { readConcern }),
      ...(this.isInTransaction
        ? {
            txnNumber: Long.fromNumber(this.txnNumber),
            autocommit: false,
            ...(isStarting ? { startTransaction: true } : {}),
          }
        : {}),
    };
  }

  private get ownReadConcern(): Document | undefined {
    return this.options.snapshot === true && !this.isInTransaction ? { level: 'snapshot' } : undefined;
  }

  private get isInTransaction(): boolean {
    return this.state === 'starting' || this.state === 'running';
  }

  private end(command: Document): void {
    this.mongo.connection.command('admin', {
      ...command,
      lsid: { id: this.id },
      txnNumber: Long.fromNumber(this.txnNumber),
      autocommit: false,
    });
  }

  private check(): void {
    if (this.hasEnded_)
      throw new ShellError('MongoExpiredSessionError', 'Cannot use a session that has ended');
  }
}

function transactionError(message: string): ShellError {
  return new ShellError('MongoTransactionError', message);
}

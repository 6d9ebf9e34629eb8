/** Sessions and transactions, as users of the official driver know them. */
import { EventEmitter } from 'node:events';
import type { ApiEngine } from './api-engine.js';
import type { SessionContext } from '../session/session-context.js';
import {
  MongoError,
  MongoExpiredSessionError,
  MongoInvalidArgumentError,
  MongoTransactionError,
  publicError,
} from './errors.js';
import type { ReadConcernLevel, WriteConcernSettings } from './types.js';

export interface TransactionOptions {
  readConcern?: { level: ReadConcernLevel } | ReadConcernLevel;
  writeConcern?: WriteConcernSettings;
  readPreference?: unknown;
  maxCommitTimeMS?: number;
  timeoutMS?: number;
}

export interface ClientSessionOptions {
  causalConsistency?: boolean;
  /** All reads of the session see one moment: that of the first. */
  snapshot?: boolean;
  defaultTransactionOptions?: TransactionOptions;
  defaultTimeoutMS?: number;
}

type TransactionState = 'none' | 'starting' | 'running' | 'committed' | 'aborted';

/** How long `withTransaction` tries again. */
const RETRY_MS = 120_000;

export class ClientSession extends EventEmitter {
  /** 32 hexadecimal digits. */
  readonly lsid: string;
  hasEnded = false;
  private txnNumber = 0n;
  private state: TransactionState = 'none';
  private transactionOptions: TransactionOptions = {};

  constructor(
    private readonly engine: ApiEngine,
    readonly options: ClientSessionOptions = {},
    private readonly whenEnded: (session: ClientSession) => void = () => undefined,
  ) {
    super();
    if (options.snapshot === true && options.causalConsistency === true)
      throw new MongoInvalidArgumentError(
        'Properties "causalConsistency" and "snapshot" are mutually exclusive',
      );
    this.lsid = engine.sessions.newId();
  }

  get id(): { id: string } {
    return { id: this.lsid };
  }

  get snapshotEnabled(): boolean {
    return this.options.snapshot === true;
  }

  inTransaction(): boolean {
    return this.state === 'starting' || this.state === 'running';
  }

  get isTransactionCommitted(): boolean {
    return this.state === 'committed';
  }

  equals(other: ClientSession): boolean {
    return this.lsid === other.lsid;
  }

  startTransaction(options?: TransactionOptions): void {
    this.check();
    if (this.snapshotEnabled)
      throw new MongoTransactionError('Transactions are not supported in snapshot sessions');
    if (this.inTransaction()) throw new MongoTransactionError('Transaction already in progress');
    const merged = { ...this.options.defaultTransactionOptions, ...options };
    if (merged.writeConcern?.w === 0)
      throw new MongoTransactionError('Transactions do not support unacknowledged write concern');
    this.transactionOptions = merged;
    this.txnNumber++;
    this.state = 'starting';
  }

  async commitTransaction(): Promise<void> {
    this.check();
    switch (this.state) {
      case 'none':
        throw new MongoTransactionError('No transaction started');
      case 'aborted':
        throw new MongoTransactionError('Cannot call commitTransaction after calling abortTransaction');
      case 'starting':
        this.state = 'committed'; // nothing was done in it
        return;
      case 'committed':
        return; // again: it is what it was
      case 'running':
        break;
    }
    try {
      await this.engine.sessions.commit(this.context(), this.isDurable);
      this.state = 'committed';
    } catch (error) {
      this.state = 'aborted';
      throw publicError(error);
    }
  }

  async abortTransaction(): Promise<void> {
    this.check();
    if (this.state === 'none') throw new MongoTransactionError('No transaction started');
    if (this.state === 'committed')
      throw new MongoTransactionError('Cannot call abortTransaction after calling commitTransaction');
    if (this.state === 'aborted') throw new MongoTransactionError('Cannot call abortTransaction twice');
    const wasRunning = this.state === 'running';
    this.state = 'aborted';
    if (!wasRunning) return;
    try {
      await this.engine.sessions.abort(this.context());
    } catch {
      // it has ended by itself already, which is what was asked for
    }
  }

  /**
   * Runs `work` in a transaction, again when it met another writer.
   * @returns what `work` returns
   */
  async withTransaction<T>(
    work: (session: ClientSession) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const startedMs = this.engine.clock.nowMs();
    for (let attempt = 0; ; attempt++) {
      this.startTransaction(options);
      try {
        const result = await work(this);
        if (this.inTransaction()) await this.commitTransaction();
        return result;
      } catch (error) {
        if (this.inTransaction()) await this.abortTransaction();
        const mayRetry =
          error instanceof MongoError &&
          error.hasErrorLabel('TransientTransactionError') &&
          this.engine.clock.nowMs() - startedMs < RETRY_MS;
        if (!mayRetry) throw error;
        await this.engine.clock.sleep(Math.min(2 ** Math.min(attempt, 8), 200) * this.engine.random());
      }
    }
  }

  async endSession(): Promise<void> {
    if (this.hasEnded) return;
    if (this.inTransaction()) await this.abortTransaction();
    this.hasEnded = true;
    this.engine.sessions.end(this.lsid);
    this.whenEnded(this);
    this.emit('ended', this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endSession();
  }

  /** What a request of a ClientSession carries. Begins the transaction if one was started. */
  requestContext(): SessionContext {
    this.check();
    if (this.state === 'starting') {
      this.state = 'running';
      return { ...this.context(), startTransaction: true };
    }
    return this.context();
  }

  private get isDurable(): boolean {
    const concern = this.transactionOptions.writeConcern;
    return concern?.j === true || concern?.journal === true;
  }

  private context(): SessionContext {
    const isInTransaction = this.state === 'starting' || this.state === 'running';
    const { readConcern } = this.transactionOptions;
    return {
      lsid: this.lsid,
      txnNumber: isInTransaction ? this.txnNumber : undefined,
      autocommit: isInTransaction ? false : undefined,
      startTransaction: false,
      readConcernLevel: this.snapshotEnabled
        ? 'snapshot'
        : typeof readConcern === 'string'
          ? readConcern
          : readConcern?.level,
      isSnapshot: this.snapshotEnabled,
      stmtId: 0,
    };
  }

  private check(): void {
    if (this.hasEnded) throw new MongoExpiredSessionError('Cannot use a session that has ended');
  }
}

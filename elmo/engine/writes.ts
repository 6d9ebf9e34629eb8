/** Requests that write documents: each statement in its session's transaction, or committed by itself. */
import { checkWritableNamespace } from '../catalog/namespace.js';
import { ElmoError } from '../errors.js';
import type { Operation } from '../operation/operation.js';
import type {
  BulkOutcome,
  BulkWriteRequest,
  CommonRequest,
  DeleteRequest,
  DeleteResult,
  FindAndModifyRequest,
  FindAndModifyResult,
  InsertRequest,
  InsertResult,
  UpdateRequest,
  UpdateResult,
  WritingRequest,
} from '../operation/requests.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { RetryLog } from '../session/retry-log.js';
import type { SessionContext } from '../session/session-context.js';
import type { SessionRegistry } from '../session/session-registry.js';
import { insertDocuments } from '../write/insert.js';
import { StatementRetries } from '../write/retries.js';
import { bulkWrite } from './bulk-writing.js';
import { deleteDocuments } from './deleting.js';
import { findAndModify } from './find-and-modify.js';
import type { WritingContext } from './statement-query.js';
import { labelled } from './transient-errors.js';
import { updateDocuments } from './updating.js';
import type { WriteContexts } from './write-contexts.js';
import type { WriteGate } from './write-gate.js';

/** What the engine lends. */
export interface WritesHost {
  readonly sessions: SessionRegistry;
  readonly retries: RetryLog;
  readonly gate: WriteGate;
  readonly contexts: WriteContexts;
  newOperation(request: CommonRequest): Operation;
}

const hasFailures = ({ failures }: { readonly failures: readonly unknown[] }): boolean => failures.length > 0;

export class Writes {
  private readonly sessions: SessionRegistry;
  private readonly retries: RetryLog;

  constructor(private readonly host: WritesHost) {
    this.sessions = host.sessions;
    this.retries = host.retries;
  }

  /** @throws ElmoError */
  async insert(request: InsertRequest, session?: SessionContext): Promise<InsertResult> {
    if (request.isOwn !== true) checkWritableNamespace(request.namespace);
    return this.writing(request, session, (context) => insertDocuments(request, context), hasFailures);
  }

  /** @throws ElmoError */
  async delete(request: DeleteRequest, session?: SessionContext): Promise<DeleteResult> {
    checkWritableNamespace(request.namespace);
    return this.writing(request, session, (context) => deleteDocuments(request, context), hasFailures);
  }

  /** @throws ElmoError */
  async update(request: UpdateRequest, session?: SessionContext): Promise<UpdateResult> {
    checkWritableNamespace(request.namespace);
    return this.writing(request, session, (context) => updateDocuments(request, context), hasFailures);
  }

  /** Of an ordered one the operations after the first that fails are not tried, and have no outcome. @throws ElmoError */
  async bulkWrite(request: BulkWriteRequest, session?: SessionContext): Promise<readonly BulkOutcome[]> {
    return this.writing(
      request,
      session,
      (context) => bulkWrite(request, context),
      (outcomes) => outcomes.some(({ error }) => error !== undefined),
    );
  }

  /** @throws ElmoError */
  async findAndModify(request: FindAndModifyRequest, session?: SessionContext): Promise<FindAndModifyResult> {
    checkWritableNamespace(request.namespace);
    return this.writing(request, session, (context) => findAndModify(request, context));
  }

  /** Commands have waited before they came here; so does what needs no command. @throws ElmoError UserWritesBlocked */
  whenWritable(db: string | undefined): Promise<void> | undefined {
    const { gate } = this.host;
    if (db !== undefined) gate.checkUser(db);
    return gate.whenOpen();
  }

  /** @param hasFailed  whether a result tells of an error, which ends a transaction */
  private async writing<T>(
    request: WritingRequest,
    session: SessionContext | undefined,
    run: (context: WritingContext) => Promise<T>,
    hasFailed: (result: T) => boolean = () => false,
  ): Promise<T> {
    if (session?.isSnapshot === true)
      throw new ElmoError('InvalidOptions', 'Snapshot sessions can only read');
    const held = request.isOwn === true ? undefined : this.whenWritable(request.namespace?.db);
    if (held !== undefined) await this.host.newOperation(request).waitFor(held);
    const transaction = this.sessions.enter(session);
    const retries = StatementRetries.of(this.retries, session);
    const context = this.contextOf(request, transaction, retries);
    if (retries !== undefined) return this.retries.inTurn(session!.lsid, () => run(context));
    try {
      const result = await run(context);
      if (transaction !== undefined && hasFailed(result)) this.sessions.abortAfter(session!);
      return result;
    } catch (error) {
      if (transaction !== undefined) this.sessions.abortAfter(session!);
      throw labelled(error, transaction !== undefined);
    }
  }

  /** What the statements of a request are given. @param retries  undefined: it is none that may come again */
  contextOf(
    request: CommonRequest,
    transaction: TransactionUnit | undefined,
    retries?: StatementRetries,
  ): WritingContext {
    const isDurable = request.isDurable === true;
    return this.host.contexts.next(this.host.newOperation(request), transaction, isDurable, retries);
  }
}

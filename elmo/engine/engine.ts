/**
 * The document layer as one object: what the embedded interface and the commands call. It opens collections, finds the
 * session's transaction, runs statements, and gives cursors out.
 */
import { LsmError, type Clock, type OrderedKv, type Random, type ReadView } from '../../lsm/index.js';
import { openPipeline, type RunOptions } from '../aggregate/open-pipeline.js';
import { lookAtStages, ownPipelines, parseLookedAt } from '../aggregate/parse-pipeline.js';
import { Catalog, type CatalogEntry } from '../catalog/catalog.js';
import { checkNamespace, checkReadableNamespace, checkWritableNamespace } from '../catalog/namespace.js';
import { ElmoError } from '../errors.js';
import { parseWithFolding } from '../expression/operator-kinds.js';
import { ListCursor, RowCursor, type ElmoCursor } from '../exec/cursor.js';
import { findByKey } from '../exec/find-one.js';
import { keyText } from '../exec/traced-plan.js';
import { OpenCollections } from '../index/open-collection.js';
import { Committer } from '../operation/committer.js';
import { Operation, operationOptions } from '../operation/operation.js';
import type {
  AggregateRequest,
  BulkOutcome,
  BulkWriteRequest,
  CommonRequest,
  CountRequest,
  DeleteRequest,
  DeleteResult,
  DistinctRequest,
  FindAndModifyRequest,
  FindAndModifyResult,
  FindRequest,
  InsertRequest,
  InsertResult,
  Namespace,
  RawDocument,
  UpdateRequest,
  WritingRequest,
  UpdateResult,
} from '../operation/requests.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { ReadDocument, RowSource } from '../operation/row-source.js';
import type { Pipeline } from '../aggregate/stage.js';
import type { NamedValue } from '../catalog/raw-document.js';
import { documentValue, type Value } from '../bson/value.js';
import { copyDocument } from '../bson/writer.js';
import { nameOfOwner, type SessionContext } from '../session/session-context.js';
import { SessionRegistry } from '../session/session-registry.js';
import { RetryLog } from '../session/retry-log.js';
import { insertDocuments } from '../write/insert.js';
import { StatementRetries } from '../write/retries.js';
import { Background, type BackgroundOptions } from './background.js';
import { bulkWrite } from './bulk-writing.js';
import type { PlanTrace } from '../operation/plan-trace.js';
import { filterOfPlainFind, indexOfPoint, pointOf } from './by-id.js';
import { CursorRegistry } from './cursor-registry.js';
import { EngineCollections, type EngineFacts } from './engine-collections.js';
import { countRequest, openFind, prepareFind, rowsRequest, wholeCount, type FindContext } from './find.js';
import { Defining } from './defining.js';
import { countPlanned, countRows, countingPlan } from '../exec/count-rows.js';
import { choose } from '../exec/planned-rows.js';
import { checkKey, checkKeyOfView, collectDistinct, distinctRows, planDistinct } from './distinct.js';
import { lateExplain, type ExplainTarget, type Verbosity } from './late-explain.js';
import { viewRequest } from './find-pipeline.js';
import { labelled } from './transient-errors.js';
import {
  checkViewCollation,
  effectiveCollation,
  releaseOnce,
  requestScope,
  type ReadPlace,
} from './reading.js';
import { findAndModify } from './find-and-modify.js';
import { updateDocuments } from './updating.js';
import { deleteDocuments, type WritingContext } from './writing.js';
import { ServerState } from './server-state.js';
import type { EngineOptions } from './engine-options.js';
import { UserRecords } from './user-records.js';
import { Validators } from './validators.js';
import { WriteContexts } from './write-contexts.js';

const hasFailures = ({ failures }: { readonly failures: readonly unknown[] }): boolean => failures.length > 0;

/** More than any document has. */
const MOST_BYTES = 0x7fff_ffff;

export class Engine {
  readonly catalog: Catalog;
  readonly cursors: CursorRegistry;
  readonly sessions: SessionRegistry;
  readonly state: ServerState;
  readonly users: UserRecords;
  readonly committer: Committer;
  readonly collections: OpenCollections;
  readonly retries: RetryLog;
  /** Collections, views and indexes: making, changing, listing them. */
  readonly defining: Defining;
  private background: Background | undefined;
  private readonly writeContexts: WriteContexts;
  private opened: EngineFacts;
  private readonly idWords = new Uint8Array(8);
  private idCounter = 0;

  constructor(
    readonly kv: OrderedKv,
    readonly clock: Clock,
    private readonly randomSource: Random,
    options: EngineOptions = {},
  ) {
    this.opened = {
      host: options.host ?? 'localhost:27017',
      openedMs: clock.wallMs(),
      operations: () => this.state.activity.facts(clock.nowMs()),
      sessions: () => (this.state.hasClusterTime ? this.sessions.rows(clock.wallMs()) : undefined),
    };
    this.catalog = new Catalog(kv, {
      openCollections: options.openCollections ?? 1000,
      newUuid: () => this.newUuid(),
    });
    this.cursors = new CursorRegistry(
      () => clock.nowMs(),
      () => this.randomLong(),
      options.maxCursors ?? 10_000,
    );
    this.users = new UserRecords(kv);
    this.state =
      options.state ??
      new ServerState(
        () => clock.wallMs(),
        () => clock.nowMs(),
      );
    this.committer = new Committer(kv);
    this.collections = new OpenCollections(this.catalog, options.leastLoaded);
    this.retries = new RetryLog(kv, () => clock.wallMs());
    this.sessions = new SessionRegistry(
      this.committer,
      () => clock.nowMs(),
      (bytes) => Buffer.from(this.randomBytes(bytes)).toString('hex'),
      {
        retries: this.retries,
        beforeEnd: (lsid, txnNumber) => {
          this.cursors.killWhere(
            (facts) => facts.lsid === lsid && (txnNumber === undefined || facts.txnNumber === txnNumber),
          );
        },
      },
    );
    this.defining = new Defining({
      kv,
      catalog: this.catalog,
      committer: this.committer,
      collections: this.collections,
      sessions: this.sessions,
      random: this.random,
      newOperation: (request) => this.newOperation(request),
      newestCollections: () => this.collectionsAt(kv, undefined),
    });
    this.writeContexts = new WriteContexts({
      kv,
      collections: this.collections,
      committer: this.committer,
      validators: new Validators(() => clock.wallMs(), this.random),
      clock,
      random: this.random,
      newObjectId: () => this.newObjectId(),
      nextTimestamp: () => this.state.clusterClock.tick(),
    });
    randomSource.fill(this.idWords);
    this.idCounter = new DataView(this.idWords.buffer).getUint32(0) & 0xffffff;
  }

  /** What stands for 'host:port' in answers. */
  get host(): string {
    return this.opened.host;
  }
  set host(host: string) {
    this.opened = { ...this.opened, host };
  }

  randomBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.randomSource.fill(bytes);
    return bytes;
  }

  /** A random UUID (version 4). */
  private newUuid(): Uint8Array {
    const uuid = this.randomBytes(16);
    uuid[6] = (uuid[6]! & 0x0f) | 0x40;
    uuid[8] = (uuid[8]! & 0x3f) | 0x80;
    return uuid;
  }

  /** In [0, 1). */
  readonly random = (): number => {
    const words = new DataView(this.randomBytes(8).buffer);
    return (words.getUint32(0) * 0x20_0000 + (words.getUint32(4) >>> 11)) / 2 ** 53;
  };

  private randomLong(): bigint {
    return new DataView(this.randomBytes(8).buffer).getBigUint64(0) >> 1n;
  }

  /** Twelve bytes: seconds, five random bytes of this process, a counter. Source: MongoDB manual, "ObjectId". */
  newObjectId(): Uint8Array {
    const id = new Uint8Array(12);
    const seconds = Math.floor(this.clock.wallMs() / 1000);
    this.idCounter = (this.idCounter + 1) & 0xffffff;
    const { idCounter, idWords } = this;
    id[0] = seconds >>> 24;
    id[1] = seconds >>> 16;
    id[2] = seconds >>> 8;
    id[3] = seconds;
    for (let i = 0; i < 5; i++) id[4 + i] = idWords[3 + i]!;
    id[9] = idCounter >>> 16;
    id[10] = idCounter >>> 8;
    id[11] = idCounter;
    return id;
  }

  newOperation(request: CommonRequest): Operation {
    const clusterTime = this.state.hasClusterTime ? this.state.clusterClock.now : undefined;
    return new Operation(this.clock, operationOptions(request, clusterTime, this.state.query));
  }

  private readPlace(session: SessionContext | undefined): ReadPlace {
    const unit = this.sessions.enter(session);
    const asker = session?.owner === undefined ? undefined : nameOfOwner(session.owner);
    if (unit !== undefined) return { view: unit.view, unit, asker, release: () => undefined };
    if (session?.isSnapshot === true)
      return { view: this.sessions.snapshotOf(session), unit, asker, release: () => undefined };
    const view = this.kv.snapshot();
    return { view, unit, asker, release: releaseOnce(view) };
  }

  /** Runs a reading request; whatever it opened is given back if it fails. */
  private reading<T>(session: SessionContext | undefined, run: (place: ReadPlace) => T): T {
    const place = this.readPlace(session);
    try {
      return run(place);
    } catch (error) {
      place.release();
      if (place.unit !== undefined) this.sessions.abortAfter(session!);
      throw labelled(error, place.unit !== undefined);
    }
  }

  /** Tells later whether the name still means that collection. */
  private goneCheck(
    namespace: Namespace,
    entry: CatalogEntry | undefined,
    unit: WriteUnit | undefined,
  ): () => boolean {
    const keyspace = entry?.spec.keyspace;
    return () => keyspace !== undefined && this.catalog.get(namespace, unit)?.spec.keyspace !== keyspace;
  }

  private findContext(request: CommonRequest, namespace: Namespace, place: ReadPlace): FindContext {
    const operation = this.newOperation(request);
    const entry = this.catalog.get(namespace, place.unit);
    const collation = effectiveCollation(request.collation, entry);
    return {
      kv: this.kv,
      clock: this.clock,
      view: place.view,
      release: place.release,
      operation,
      entry,
      collation,
      scope: requestScope(operation, collation, request.let, this.random),
      isGone: this.goneCheck(namespace, entry, place.unit),
    };
  }

  /** @throws ElmoError */
  find(request: FindRequest, session?: SessionContext): Promise<ElmoCursor> {
    return this.promise(() => {
      checkReadableNamespace(request.namespace);
      const filter = filterOfPlainFind(request);
      const found =
        filter === undefined
          ? undefined
          : this.findNow(request.namespace, filter, session, copyDocument, request.trace);
      if (found !== undefined) return new ListCursor(found === null ? [] : [found]);
      return this.reading(session, (place) => {
        const context = this.findContext(request, request.namespace, place);
        if (context.entry?.spec.kind === 'view')
          return this.openAggregate(viewRequest(request, context), place);
        return openFind(request, context);
      });
    });
  }

  /**
   * What `read` makes of the first document that matches, without options: at once where its key is unique.
   * @throws ElmoError
   */
  findOne<T extends object>(
    namespace: Namespace,
    filter: RawDocument,
    read: ReadDocument<T>,
  ): T | undefined | Promise<T | undefined> {
    const found = this.findNow(namespace, filter, undefined, read);
    return found === undefined ? this.findFirst({ namespace, filter, limit: 1 }, read) : (found ?? undefined);
  }

  private async findFirst<T>(request: FindRequest, read: ReadDocument<T>): Promise<T | undefined> {
    const cursor = await this.find(request);
    const { documents } = await cursor.nextBatch(1, MOST_BYTES);
    cursor.close();
    return documents[0] === undefined ? undefined : read(documents[0], 0);
  }

  /**
   * At once what `read` makes of the document of a unique key, for a find that asks for no more than `filter` says; null:
   * there is none.
   * @returns undefined if it needs a plan: nothing was done
   * @throws ElmoError
   */
  findNow<T extends object>(
    namespace: Namespace,
    filter: RawDocument,
    session: SessionContext | undefined,
    read: ReadDocument<T>,
    trace?: PlanTrace,
  ): T | null | undefined {
    if (session?.txnNumber !== undefined || session?.isSnapshot === true) return undefined;
    const point = pointOf(filter);
    if (point === undefined) return undefined;
    checkReadableNamespace(namespace);
    const entry = this.catalog.get(namespace);
    const index = entry === undefined ? undefined : indexOfPoint(entry, point);
    if (index === undefined) return undefined;
    this.sessions.enter(session);
    const found = findByKey(entry!, index, this.kv, point.value, read);
    trace?.addPoint('EXPRESS_IXSCAN', () => keyText(index), found !== undefined);
    return found ?? null;
  }

  /** @throws ElmoError */
  aggregate(request: AggregateRequest, session?: SessionContext): Promise<ElmoCursor> {
    return this.promise(() => {
      if (request.namespace.collection !== '') checkNamespace(request.namespace);
      return this.reading(session, (place) => this.openAggregate(request, place));
    });
  }

  private openAggregate(request: AggregateRequest, place: ReadPlace): ElmoCursor {
    const { rows, operation } = this.openRows(request, place);
    const entry = this.catalog.get(request.namespace, place.unit);
    const isGone = this.goneCheck(request.namespace, entry, place.unit);
    return new RowCursor(rows, operation, place.release, isGone);
  }

  private openRows(
    request: AggregateRequest,
    place: ReadPlace,
  ): { readonly rows: RowSource; readonly operation: Operation } {
    const { pipeline, options } = this.parsedPipeline(request, place);
    return { rows: openPipeline(pipeline, options, request.hint), operation: options.operation };
  }

  private parsedPipeline(
    request: AggregateRequest,
    place: ReadPlace,
  ): { readonly pipeline: Pipeline; readonly options: RunOptions } {
    const stages = request.pipeline.map((stage) => documentValue(stage));
    lookAtStages(stages, request.namespace);
    const context = this.findContext(request, request.namespace, place);
    const { operation, scope } = context;
    checkViewCollation(context.collation, context.entry);
    const collections = this.collectionsAt(place.view, place.unit, place.asker);
    const { namespace } = request;
    const parsing = { scope, namespace, kind: 'command', depth: 0, collections, ...ownPipelines } as const;
    const pipeline = parseWithFolding(() => parseLookedAt(stages, parsing));
    const options = {
      operation,
      allowDiskUse: request.allowDiskUse ?? operation.settings.allowsDisk,
      collections,
      kv: this.kv,
      writing: {
        context: { ...this.writeContext(request, place.unit), operation },
        collectionsAt: (view: ReadView) => this.collectionsAt(view, undefined),
        bypassesValidation: request.bypassDocumentValidation === true,
        whenWritable: (db: string) => this.whenWritable(db),
      },
    };
    return { pipeline, options };
  }

  /** The collections as they are now, outside of transactions. */
  collectionsNow(): EngineCollections {
    return this.collectionsAt(this.kv, undefined);
  }

  private collectionsAt(view: ReadView, unit?: WriteUnit, asker?: string): EngineCollections {
    return new EngineCollections(this.kv, this.catalog, view, unit, { ...this.opened, asker });
  }

  /** Runs a reading request to its end. */
  private async readingToEnd<T>(
    session: SessionContext | undefined,
    run: (place: ReadPlace) => Promise<T>,
  ): Promise<T> {
    const place = this.readPlace(session);
    try {
      return await run(place);
    } catch (error) {
      if (place.unit !== undefined) this.sessions.abortAfter(session!);
      throw labelled(error, place.unit !== undefined);
    } finally {
      place.release();
    }
  }

  /** How many documents match. @throws ElmoError */
  async count(request: CountRequest, session?: SessionContext): Promise<number> {
    const { namespace } = request;
    checkNamespace(namespace);
    return this.readingToEnd(session, async (place) => {
      const context = this.findContext(request, namespace, place);
      const { entry } = context;
      if (entry?.spec.kind === 'view') {
        // counts of views are aggregations, whose `$limit` may not be 0
        if (request.limit === 0) throw new ElmoError(15958, 'the limit must be positive');
        const { rows, operation } = this.openRows(viewRequest(request, context), place);
        return countRows(rows, operation);
      }
      const prepared = prepareFind(request, context);
      if (entry === undefined) return 0;
      const whole = place.unit === undefined ? wholeCount(request, entry) : undefined;
      if (whole !== undefined) return whole;
      const planned = countRequest(rowsRequest(request, context, entry, prepared));
      return countPlanned(countingPlan(choose(planned).best), planned);
    });
  }

  /** The different values of a path. @throws ElmoError */
  async distinct(request: DistinctRequest, session?: SessionContext): Promise<readonly Value[]> {
    const { namespace, key } = request;
    checkReadableNamespace(namespace);
    return this.readingToEnd(session, async (place) => {
      const context = this.findContext(request, namespace, place);
      const { entry, collation, operation } = context;
      if (entry?.spec.kind === 'view') {
        checkKeyOfView(key);
        const opened = this.openRows(viewRequest(request, context), place);
        return collectDistinct(opened.rows, opened.operation, key, collation);
      }
      const prepared = prepareFind(request, context);
      checkKey(key);
      if (entry === undefined) return [];
      const planned = rowsRequest(request, context, entry, prepared);
      const rows = distinctRows(planDistinct(planned, request), planned, key);
      return collectDistinct(rows, operation, key, collation);
    });
  }

  /**
   * What a query would do, or does, as `explain` shows it: fields in their order.
   * @throws ElmoError
   */
  async explain(
    target: ExplainTarget,
    verbosity: Verbosity,
    session?: SessionContext,
  ): Promise<readonly NamedValue[]> {
    const { request } = target;
    if (request.namespace.collection !== '') checkNamespace(request.namespace);
    return this.readingToEnd(session, async (place) => {
      const context = this.findContext(request, request.namespace, place);
      const isView = context.entry?.spec.kind === 'view';
      const { explainQuery, explainPipeline } = lateExplain();
      if (target.kind !== 'aggregate' && !isView) return explainQuery(target, context, verbosity);
      const aggregated = target.kind === 'aggregate' ? target.request : viewRequest(target.request, context);
      const { pipeline, options } = this.parsedPipeline(aggregated, place);
      const collections = this.collectionsAt(place.view, place.unit, place.asker);
      const contextOf = (namespace: Namespace): FindContext => this.findContext(request, namespace, place);
      return explainPipeline(pipeline, options, collections, aggregated.hint, contextOf, verbosity);
    });
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
  private whenWritable(db: string | undefined): Promise<void> | undefined {
    const { writeGate } = this.state;
    if (db !== undefined) writeGate.checkUser(db);
    return writeGate.whenOpen();
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
    if (held !== undefined) await this.newOperation(request).waitFor(held);
    const transaction = this.sessions.enter(session);
    const retries = StatementRetries.of(this.retries, session);
    const context = this.writeContext(request, transaction, retries);
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

  private writeContext(
    request: CommonRequest,
    transaction: TransactionUnit | undefined,
    retries?: StatementRetries,
  ): WritingContext {
    const isDurable = request.isDurable === true;
    return this.writeContexts.next(this.newOperation(request), transaction, isDurable, retries);
  }

  /** Begins what the engine does by itself. */
  startBackground(options: BackgroundOptions = {}): void {
    this.background ??= new Background(this, options);
    this.background.start();
  }

  /** Stores what makes the next open fast, and closes the store. */
  async close(): Promise<void> {
    await this.background?.stop();
    this.cursors.closeAll();
    this.sessions.endAll();
    try {
      await this.keepCounts();
    } finally {
      await this.kv.close();
      this.state.writeGate.close();
    }
  }

  /** A store that takes no writes keeps those it has. */
  private async keepCounts(): Promise<void> {
    const counts = this.catalog.storedCounts();
    if (counts.length === 0) return;
    try {
      const batch = this.kv.batch();
      for (const { key, value } of counts) batch.put(key, value);
      await this.kv.write(batch);
    } catch (error) {
      if (!(error instanceof LsmError && error.code === 'ReadOnly')) throw error;
    }
  }

  /** Errors of a synchronous part reject. */
  private promise<T>(run: () => T): Promise<T> {
    try {
      return Promise.resolve(run());
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }
}

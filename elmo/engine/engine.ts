/**
 * The document layer as one object: what the embedded interface and the commands call. It puts the parts together, and
 * closes them; each kind of request has a part of its own.
 */
import { LsmError, type Clock, type OrderedKv, type Random, type ReadView } from '../../lsm/index.js';
import type { Value } from '../bson/value.js';
import { Catalog } from '../catalog/catalog.js';
import type { ElmoCursor } from '../exec/cursor.js';
import { OpenCollections } from '../index/open-collection.js';
import { Committer } from '../operation/committer.js';
import { Operation, operationOptions } from '../operation/operation.js';
import type {
  AggregateRequest,
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
  UpdateResult,
} from '../operation/requests.js';
import type { ReadDocument } from '../operation/row-source.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { RetryLog } from '../session/retry-log.js';
import type { SessionContext } from '../session/session-context.js';
import { SessionRegistry } from '../session/session-registry.js';
import { Background, type BackgroundOptions } from './background.js';
import { CursorRegistry } from './cursor-registry.js';
import { Defining } from './defining.js';
import { EngineCollections, type EngineFacts } from './engine-collections.js';
import type { EngineOptions } from './engine-options.js';
import { Identifiers } from './identifiers.js';
import { Queries } from './queries.js';
import { ServerState } from './server-state.js';
import { UserRecords } from './user-records.js';
import { Validators } from './validators.js';
import { WriteContexts } from './write-contexts.js';
import { Writes } from './writes.js';

export class Engine {
  readonly catalog: Catalog;
  readonly cursors: CursorRegistry;
  readonly sessions: SessionRegistry;
  readonly state: ServerState;
  readonly users: UserRecords;
  readonly committer: Committer;
  readonly collections: OpenCollections;
  readonly retries: RetryLog;
  /** In [0, 1). */
  readonly random: () => number;
  /** Reading documents, and what commands alone ask of it. */
  readonly queries: Queries;
  /** Writing documents, and what commands alone ask of it. */
  readonly writes: Writes;
  /** Collections, views and indexes: making, changing, listing them. */
  readonly defining: Defining;
  private background: Background | undefined;
  private opened: EngineFacts;

  constructor(
    readonly kv: OrderedKv,
    readonly clock: Clock,
    randomSource: Random,
    options: EngineOptions = {},
  ) {
    const wallMs = (): number => clock.wallMs();
    const nowMs = (): number => clock.nowMs();
    const newOperation = (request: CommonRequest): Operation => this.newOperation(request);
    const identifiers = new Identifiers(randomSource, clock);
    this.random = identifiers.random;
    this.opened = {
      host: options.host ?? 'localhost:27017',
      openedMs: wallMs(),
      operations: () => this.state.activity.facts(nowMs()),
      sessions: () => (this.state.hasClusterTime ? this.sessions.rows(wallMs()) : undefined),
    };
    this.catalog = new Catalog(kv, {
      openCollections: options.openCollections ?? 1000,
      newUuid: identifiers.newUuid,
    });
    this.cursors = new CursorRegistry(nowMs, identifiers.randomLong, options.maxCursors ?? 10_000);
    this.users = new UserRecords(kv);
    this.state = options.state ?? new ServerState(wallMs, nowMs);
    this.committer = new Committer(kv);
    this.collections = new OpenCollections(this.catalog, options.leastLoaded);
    this.retries = new RetryLog(kv, wallMs);
    this.sessions = new SessionRegistry(this.committer, nowMs, identifiers.randomHex, {
      retries: this.retries,
      beforeEnd: (lsid, txnNumber) => {
        this.cursors.killWhere(
          (facts) => facts.lsid === lsid && (txnNumber === undefined || facts.txnNumber === txnNumber),
        );
      },
    });
    this.defining = new Defining({
      kv,
      catalog: this.catalog,
      committer: this.committer,
      collections: this.collections,
      sessions: this.sessions,
      random: this.random,
      newOperation,
      newestCollections: () => this.collectionsNow(),
    });
    const contexts = new WriteContexts({
      kv,
      collections: this.collections,
      committer: this.committer,
      validators: new Validators(wallMs, this.random),
      clock,
      random: this.random,
      newObjectId: identifiers.newObjectId,
      nextTimestamp: () => this.state.clusterClock.tick(),
    });
    this.writes = new Writes({
      sessions: this.sessions,
      retries: this.retries,
      gate: this.state.writeGate,
      contexts,
      newOperation,
    });
    this.queries = new Queries({
      kv,
      clock,
      catalog: this.catalog,
      sessions: this.sessions,
      random: this.random,
      writes: this.writes,
      newOperation,
      collectionsAt: (view, unit, asker) => this.collectionsAt(view, unit, asker),
    });
  }

  /** What stands for 'host:port' in answers. */
  get host(): string {
    return this.opened.host;
  }
  set host(host: string) {
    this.opened = { ...this.opened, host };
  }

  newOperation(request: CommonRequest): Operation {
    const clusterTime = this.state.hasClusterTime ? this.state.clusterClock.now : undefined;
    return new Operation(this.clock, operationOptions(request, clusterTime, this.state.query));
  }

  /** The collections as they are now, outside of transactions. */
  collectionsNow(): EngineCollections {
    return this.collectionsAt(this.kv);
  }

  private collectionsAt(view: ReadView, unit?: WriteUnit, asker?: string): EngineCollections {
    return new EngineCollections(this.kv, this.catalog, view, unit, this.opened, asker);
  }

  /** @throws ElmoError */
  find(request: FindRequest, session?: SessionContext): Promise<ElmoCursor> {
    return this.queries.find(request, session);
  }

  /** As `Queries.findOne`. @throws ElmoError */
  findOne<T extends object>(
    namespace: Namespace,
    filter: RawDocument,
    read: ReadDocument<T>,
  ): T | undefined | Promise<T | undefined> {
    return this.queries.findOne(namespace, filter, read);
  }

  /** @throws ElmoError */
  aggregate(request: AggregateRequest, session?: SessionContext): Promise<ElmoCursor> {
    return this.queries.aggregate(request, session);
  }

  /** How many documents match. @throws ElmoError */
  count(request: CountRequest, session?: SessionContext): Promise<number> {
    return this.queries.count(request, session);
  }

  /** The different values of a path. @throws ElmoError */
  distinct(request: DistinctRequest, session?: SessionContext): Promise<readonly Value[]> {
    return this.queries.distinct(request, session);
  }

  /** @throws ElmoError */
  insert(request: InsertRequest, session?: SessionContext): Promise<InsertResult> {
    return this.writes.insert(request, session);
  }

  /** @throws ElmoError */
  update(request: UpdateRequest, session?: SessionContext): Promise<UpdateResult> {
    return this.writes.update(request, session);
  }

  /** @throws ElmoError */
  delete(request: DeleteRequest, session?: SessionContext): Promise<DeleteResult> {
    return this.writes.delete(request, session);
  }

  /** @throws ElmoError */
  findAndModify(request: FindAndModifyRequest, session?: SessionContext): Promise<FindAndModifyResult> {
    return this.writes.findAndModify(request, session);
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
}

/** Requests that define: collections, views, indexes. Each takes what the engine shares and one write unit. */
import type { OrderedKv } from '../../lsm/index.js';
import type { Value } from '../bson/value.js';
import type { Catalog } from '../catalog/catalog.js';
import type { CollectionSpec } from '../catalog/collection-spec.js';
import {
  createCollection,
  dropCollection,
  dropDatabase,
  renameCollection,
  type DefinitionContext,
  type DropResult,
} from '../catalog/define.js';
import { collectionInfo, collectionSpecs, databaseBytes, indexInfos } from '../catalog/listing.js';
import { checkDatabaseName } from '../catalog/namespace.js';
import { openScope } from '../expression/scope.js';
import { cloneCollectionAsCapped, convertToCapped } from '../index/capped.js';
import {
  createIndexes,
  dropIndexes,
  type CreateIndexesResult,
  type DropIndexesResult,
  type IndexContext,
} from '../index/create-indexes.js';
import { lateModifyCollection } from '../index/late-modify-collection.js';
import type { OpenCollections } from '../index/open-collection.js';
import type { Committer } from '../operation/committer.js';
import type { Operation } from '../operation/operation.js';
import type { CommonRequest, Namespace, RawDocument } from '../operation/requests.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { compileFilter } from '../query/compile.js';
import type { Matcher } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';
import type { SessionContext } from '../session/session-context.js';
import type { SessionRegistry } from '../session/session-registry.js';
import type { EngineCollections } from './engine-collections.js';
import { collectionsOfPipeline } from './view-pipelines.js';

/** What the engine lends. */
export interface DefiningHost {
  readonly kv: OrderedKv;
  readonly catalog: Catalog;
  readonly committer: Committer;
  readonly collections: OpenCollections;
  readonly sessions: SessionRegistry;
  readonly random: () => number;
  newOperation(request: CommonRequest): Operation;
  newestCollections(): EngineCollections;
}

/** Databases that every server has, if only in name. */
const OWN_DATABASES = ['admin', 'config', 'local'];

/** A database in a listing. */
export interface DatabaseInfo {
  readonly name: string;
  readonly bytes: number;
}

export class Defining {
  constructor(private readonly host: DefiningHost) {}

  private context(operation: Operation): DefinitionContext {
    const { host } = this;
    return {
      nowMs: operation.startedMs,
      random: host.random,
      collectionsOf: (view, pipeline) =>
        collectionsOfPipeline(
          view,
          pipeline,
          openScope({ nowMs: operation.startedMs, random: host.random, allowsMeta: () => true }),
          host.newestCollections(),
        ),
    };
  }

  private indexContext(
    request: CommonRequest,
    operation: Operation,
    transaction: TransactionUnit | undefined,
  ): IndexContext {
    const { committer, collections } = this.host;
    return { committer, collections, operation, isDurable: request.isDurable === true, transaction };
  }

  /** Runs in the session's transaction, or commits by itself. */
  private async run<T>(
    request: CommonRequest,
    session: SessionContext | undefined,
    write: (unit: WriteUnit, operation: Operation) => T,
  ): Promise<T> {
    const transaction = this.host.sessions.enter(session);
    const operation = this.host.newOperation(request);
    if (transaction !== undefined) return write(transaction, operation);
    return this.host.committer.run(operation, (unit) => write(unit, operation), request.isDurable);
  }

  /** @param options  those of the command `create` @throws ElmoError */
  async create(
    namespace: Namespace,
    options: RawDocument,
    request: CommonRequest,
    session?: SessionContext,
  ): Promise<void> {
    await this.run(request, session, (unit, operation) =>
      createCollection(this.host.catalog, unit, namespace, options, this.context(operation)),
    );
  }

  drop(namespace: Namespace, request: CommonRequest): Promise<DropResult> {
    return this.run(request, undefined, (unit) => dropCollection(this.host.catalog, unit, namespace));
  }

  /** @returns whether there was one */
  async dropDatabase(db: string, request: CommonRequest): Promise<boolean> {
    checkDatabaseName(db);
    return this.run(request, undefined, (unit) => dropDatabase(this.host.catalog, unit, db));
  }

  async rename(from: Namespace, to: Namespace, dropsTarget: boolean, request: CommonRequest): Promise<void> {
    await this.run(request, undefined, (unit) =>
      renameCollection(this.host.catalog, unit, from, to, dropsTarget),
    );
  }

  /** @param options  those of the command `collMod` @returns what the reply says of changed indexes */
  modify(namespace: Namespace, options: RawDocument, request: CommonRequest): Promise<RawDocument> {
    const operation = this.host.newOperation(request);
    return lateModifyCollection().modifyCollection(
      namespace,
      options,
      this.indexContext(request, operation, undefined),
      this.context(operation),
    );
  }

  convertToCapped(namespace: Namespace, bytes: number, request: CommonRequest): Promise<void> {
    const operation = this.host.newOperation(request);
    return convertToCapped(namespace, bytes, this.indexContext(request, operation, undefined));
  }

  cloneAsCapped(from: Namespace, to: Namespace, bytes: number, request: CommonRequest): Promise<void> {
    const operation = this.host.newOperation(request);
    return cloneCollectionAsCapped(from, to, bytes, this.indexContext(request, operation, undefined));
  }

  async createIndexes(
    namespace: Namespace,
    definitions: readonly RawDocument[],
    request: CommonRequest,
    session?: SessionContext,
  ): Promise<CreateIndexesResult> {
    const transaction = this.host.sessions.enter(session);
    const operation = this.host.newOperation(request);
    return createIndexes(namespace, definitions, this.indexContext(request, operation, transaction));
  }

  dropIndexes(namespace: Namespace, which: Value, request: CommonRequest): Promise<DropIndexesResult> {
    const operation = this.host.newOperation(request);
    return dropIndexes(namespace, which, this.indexContext(request, operation, undefined));
  }

  /** The documents of listCollections that match. */
  listCollections(
    db: string,
    filter: RawDocument | undefined,
    isNameOnly: boolean,
    session?: SessionContext,
  ): RawDocument[] {
    checkDatabaseName(db);
    const unit = this.host.sessions.enter(session);
    const infos = collectionSpecs(this.host.catalog, db, unit).map((spec: CollectionSpec) =>
      collectionInfo(spec, isNameOnly),
    );
    if (filter === undefined) return infos;
    const matcher = this.infoMatcher(filter);
    return infos.filter((info) => matcher.matches(info, 0));
  }

  /** What a filter on the documents of a listing is. */
  infoMatcher(filter: RawDocument): Matcher {
    const nowMs = this.host.newOperation({}).startedMs;
    const scope = openScope({ nowMs, random: this.host.random });
    return compileFilter(parseFilter(filter, { collation: undefined, scope }), {});
  }

  listIndexes(namespace: Namespace, session?: SessionContext): RawDocument[] {
    return indexInfos(this.host.catalog, namespace, this.host.sessions.enter(session));
  }

  listDatabases(): DatabaseInfo[] {
    const { catalog, kv } = this.host;
    return [...new Set([...OWN_DATABASES, ...catalog.databaseNames()])]
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name) => ({ name, bytes: databaseBytes(kv, catalog, name) }));
  }
}

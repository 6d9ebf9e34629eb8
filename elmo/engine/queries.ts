/** Reading requests: find, count, distinct, aggregate, explain. Each reads one moment, and gives it back. */
import type { Clock, OrderedKv, ReadView } from '../../lsm/index.js';
import { openPipeline, type RunOptions } from '../aggregate/open-pipeline.js';
import { lookAtStages, ownPipelines, parseLookedAt } from '../aggregate/parse-pipeline.js';
import type { Pipeline } from '../aggregate/stage.js';
import { documentValue, type Value } from '../bson/value.js';
import { copyDocument } from '../bson/writer.js';
import type { Catalog, CatalogEntry } from '../catalog/catalog.js';
import { checkNamespace, checkReadableNamespace } from '../catalog/namespace.js';
import type { NamedValue } from '../catalog/raw-document.js';
import { ElmoError } from '../errors.js';
import { countPlanned, countingPlan } from '../exec/count-rows.js';
import { ListCursor, RowCursor, type ElmoCursor } from '../exec/cursor.js';
import { findByKey } from '../exec/find-one.js';
import { choose } from '../exec/planned-rows.js';
import { PointLookup } from '../exec/traced-plan.js';
import { parseWithFolding } from '../expression/operator-kinds.js';
import type { Operation } from '../operation/operation.js';
import type { PlanTrace } from '../operation/plan-trace.js';
import type {
  AggregateRequest,
  CommonRequest,
  CountRequest,
  DistinctRequest,
  FindRequest,
  Namespace,
  RawDocument,
} from '../operation/requests.js';
import type { ReadDocument, RowSource } from '../operation/row-source.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { nameOfOwner, type SessionContext } from '../session/session-context.js';
import { parseUnfolded } from '../expression/operator-kinds.js';
import { parseFilter } from '../query/parse.js';
import type { SessionRegistry } from '../session/session-registry.js';
import { filterOfPlainFind, indexOfPoint, pointOf } from './by-id.js';
import { checkKey, checkKeyOfView, collectDistinct, distinctRows, planDistinct } from './distinct.js';
import type { EngineCollections } from './engine-collections.js';
import { readCount, viewRequest, type Wanted } from './find-pipeline.js';
import { countRequest, openFind, prepareFind, rowsRequest, wholeCount, type FindContext } from './find.js';
import { lateExplain, type ExplainTarget, type QueryTarget, type Verbosity } from './late-explain.js';
import {
  checkViewCollation,
  effectiveCollation,
  EMPTY_DOCUMENT_BYTES,
  releaseOnce,
  requestScope,
  type ReadPlace,
} from './reading.js';
import { labelled } from './transient-errors.js';
import type { Writes } from './writes.js';

/** What of the rows of a view a query that is explained wants. */
function wantedOf({ kind, key = '' }: QueryTarget): Wanted {
  return kind === 'distinct' ? { kind, key } : { kind: kind === 'count' ? kind : 'documents' };
}

/** More than any document has. */
const MOST_BYTES = 0x7fff_ffff;

/** What the engine lends. */
export interface QueriesHost {
  readonly kv: OrderedKv;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly sessions: SessionRegistry;
  readonly random: () => number;
  /** For pipelines that write. */
  readonly writes: Writes;
  newOperation(request: CommonRequest): Operation;
  collectionsAt(view: ReadView, unit?: WriteUnit, asker?: string): EngineCollections;
}

export class Queries {
  private readonly kv: OrderedKv;
  private readonly catalog: Catalog;
  private readonly sessions: SessionRegistry;

  constructor(private readonly host: QueriesHost) {
    this.kv = host.kv;
    this.catalog = host.catalog;
    this.sessions = host.sessions;
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
    const operation = this.host.newOperation(request);
    const entry = this.catalog.get(namespace, place.unit);
    const collation = effectiveCollation(request.collation, entry);
    return {
      kv: this.kv,
      clock: this.host.clock,
      view: place.view,
      release: place.release,
      operation,
      entry,
      collation,
      scope: requestScope(operation, collation, request.let, this.host.random),
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
          return this.openAggregate(viewRequest(request, context, { kind: 'documents' }), place);
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
    trace?.add(new PointLookup('EXPRESS_IXSCAN', index, found !== undefined));
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
    const { writes } = this.host;
    const stages = request.pipeline.map((stage) => documentValue(stage));
    const joined: Namespace[] = [];
    const looked = lookAtStages(stages, request.namespace, (each) => joined.push(each));
    const context = this.findContext(request, request.namespace, place);
    const { operation, scope } = context;
    checkViewCollation(context.collation, context.entry);
    const collections = this.host.collectionsAt(place.view, place.unit, place.asker);
    const { namespace } = request;
    const parsing = { scope, namespace, kind: 'command', depth: 0, collections, ...ownPipelines } as const;
    const pipeline = parseWithFolding(() => {
      const parsed = parseLookedAt(looked, parsing);
      for (const each of joined) checkViewCollation(context.collation, this.catalog.get(each, place.unit));
      return parsed;
    });
    const options = {
      operation,
      allowDiskUse: request.allowDiskUse ?? operation.settings.allowsDisk,
      collections,
      kv: this.kv,
      writing: {
        context: { ...writes.contextOf(request, place.unit), operation },
        collectionsAt: (view: ReadView) => this.host.collectionsAt(view),
        bypassesValidation: request.bypassDocumentValidation === true,
        whenWritable: (db: string) => writes.whenWritable(db),
      },
    };
    return { pipeline, options };
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
        // what cannot be parsed is told before the collation, constants that cannot be after it
        parseUnfolded(() => parseFilter(request.filter ?? EMPTY_DOCUMENT_BYTES, context));
        checkViewCollation(context.collation, entry);
        const { rows, operation } = this.openRows(viewRequest(request, context, { kind: 'count' }), place);
        return readCount(rows, operation);
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
        prepareFind(request, context); // for the errors of the filter, which come first
        checkKeyOfView(key);
        const opened = this.openRows(viewRequest(request, context, { kind: 'distinct', key }), place);
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
      if (target.kind === 'count') checkViewCollation(context.collation, context.entry);
      const aggregated =
        target.kind === 'aggregate' ? target.request : viewRequest(target.request, context, wantedOf(target));
      const { pipeline, options } = this.parsedPipeline(aggregated, place);
      const collections = this.host.collectionsAt(place.view, place.unit, place.asker);
      const contextOf = (namespace: Namespace): FindContext => this.findContext(request, namespace, place);
      return explainPipeline(pipeline, options, collections, aggregated.hint, contextOf, verbosity);
    });
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

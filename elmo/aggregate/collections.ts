/**
 * What pipelines want of collections: their rows through the planner, and what is known of them. The engine knows
 * both; tests put documents of their own in their place.
 */
import type { ReadView } from '../../lsm/index.js';
import type { Value } from '../bson/value.js';
import type { CollectionSpec, Namespace } from '../catalog/collection-spec.js';
import type { SortField } from '../exec/sort-key.js';
import type { ParseScope } from '../expression/expression.js';
import type { Operation } from '../operation/operation.js';
import type { ReadDocument, RowSource } from '../operation/row-source.js';
import type { FilterNode } from '../query/filter.js';
import type { SessionRow } from '../session/session-context.js';
import type { WriteContext } from '../write/write-context.js';

/** The part of a pipeline that the planner takes over. Documents are raw. */
export interface LeadingQuery {
  readonly filter: Uint8Array | undefined;
  /** The filter, parsed but not normalized; undefined: that is still to be done. */
  readonly parsedFilter?: FilterNode | undefined;
  readonly sort: Uint8Array | undefined;
  /** The sort, parsed; undefined: that is still to be done. */
  readonly parsedSort?: readonly SortField[] | undefined;
  readonly skip: number;
  /** 0: all. */
  readonly limit: number;
  /** Paths that are enough, for a covered plan; undefined: whole documents. */
  readonly needs: readonly string[] | undefined;
  /** Paths at which the values of all rows are wanted, instead of the rows, where they are at hand; undefined: the rows are. */
  readonly coded?: readonly string[] | undefined;
  /** Names of `{$meta: …}` that the rows are asked for; undefined: none. */
  readonly metadata?: ReadonlySet<string>;
  readonly hint: Value | undefined;
}

/** Figures of one collection. */
export interface CollectionFigures {
  readonly documents: number;
  /** Of the documents. */
  readonly bytes: number;
  /** On disk, about. */
  readonly storedBytes: number;
  readonly indexBytes: ReadonlyMap<string, number>;
  /** How often plans have used each index since the store was opened. */
  readonly indexUses: ReadonlyMap<string, number>;
  readonly collectionScans: number;
}

/** A command that runs. */
export interface OperationFacts {
  readonly id: number;
  /** 'insert', 'query', 'update', 'remove', 'getmore' or 'command'. */
  readonly kind: string;
  /** 'db.collection'; 'db.$cmd' of what is for no collection. */
  readonly namespace: string;
  /** 'IXSCAN { a: 1 }'; undefined: nothing was planned until now. */
  readonly planSummary: string | undefined;
  /** Hexadecimal digits of its session. */
  readonly lsid: string | undefined;
  /** The command's document. */
  readonly body: Uint8Array;
  /** 0: inside the process. */
  readonly clientId: number;
  readonly remote: string;
  readonly appName: string | undefined;
  readonly elapsedMs: number;
}

/** What stages that tell of the store are told. */
export interface StoreFacts {
  /** 'host:port', or what stands for it. */
  readonly host: string;
  readonly openedMs: number;
  figures(namespace: Namespace): CollectionFigures | undefined;
  /** Sessions that are kept; undefined: clients see a server of its own, which keeps none. */
  sessions(): readonly SessionRow[] | undefined;
  /** Who runs the pipeline, as 'name@db'; undefined: nobody has logged in. */
  readonly asker: string | undefined;
  databases(): readonly string[];
  /** Collections and views of a database. */
  names(db: string): readonly string[];
  /** Commands that run, the oldest first. */
  operations(): readonly OperationFacts[];
}

export interface Collections {
  readonly facts: StoreFacts;
  /** What the catalog says; undefined if there is none of that name. */
  describe(namespace: Namespace): CollectionSpec | undefined;
  /**
   * Rows of a collection (not of a view); none if it does not exist.
   * @param scope  of the variables in the filter
   */
  open(namespace: Namespace, query: LeadingQuery, scope: ParseScope, run: ReadOptions): RowSource;
  /**
   * Shows the document of a collection that has `value` at `path`, compared without a collation, where an index that knows
   * only one of each tells.
   * @returns what `read` makes of it; null: there is none; undefined: it needs a plan
   */
  findUnique?<T>(
    namespace: Namespace,
    path: string,
    value: Value,
    read: ReadDocument<T>,
  ): T | null | undefined;
}

export interface ReadOptions {
  readonly operation: Operation;
  readonly allowDiskUse: boolean;
}

/** What stages that write are given. */
export interface PipelineWriting {
  readonly context: WriteContext;
  /** The collections as another view has them: the newest state, not that of the pipeline's start. */
  collectionsAt(view: ReadView): Collections;
  readonly bypassesValidation: boolean;
  /** Until when writes to a database are held back; undefined: they are not. @throws ElmoError UserWritesBlocked */
  whenWritable(db: string): Promise<void> | undefined;
}

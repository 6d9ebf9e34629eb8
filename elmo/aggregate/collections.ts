/**
 * What pipelines want of collections: their rows through the planner, and what is known of them. The engine knows
 * both; tests put documents of their own in their place.
 */
import type { ReadView } from '../../lsm/index.js';
import type { Value } from '../bson/value.js';
import type { CollectionSpec, Namespace } from '../catalog/collection-spec.js';
import type { ParseScope } from '../expression/expression.js';
import type { Operation } from '../operation/operation.js';
import type { RowSource } from '../operation/row-source.js';
import type { WriteContext } from '../write/write-context.js';

/** The part of a pipeline that the planner takes over. Documents are raw. */
export interface LeadingQuery {
  readonly filter: Uint8Array | undefined;
  readonly sort: Uint8Array | undefined;
  readonly skip: number;
  /** 0: all. */
  readonly limit: number;
  /** Paths that are enough, for a covered plan; undefined: whole documents. */
  readonly needs: readonly string[] | undefined;
  readonly hint: Value | undefined;
}

export interface Collections {
  /** What the catalog says; undefined if there is none of that name. */
  describe(namespace: Namespace): CollectionSpec | undefined;
  /**
   * Rows of a collection (not of a view); none if it does not exist.
   * @param scope  of the variables in the filter
   */
  open(namespace: Namespace, query: LeadingQuery, scope: ParseScope, run: ReadOptions): RowSource;
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
}

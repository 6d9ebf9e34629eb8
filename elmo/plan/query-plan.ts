/** How a query will be run: decided from the filter, the sort and the indexes, before a document is touched. */
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { KeyBounds } from '../keys/key-layout.js';
import type { FilterNode } from '../query/filter.js';
import type { Intervals } from './interval.js';

export interface IndexScanPlan {
  readonly kind: 'ixscan';
  readonly index: IndexSpec;
  /** For each field, in ascending order of values whatever the field's direction. */
  readonly fieldIntervals: readonly Intervals[];
  /** Byte ranges of keys. */
  readonly ranges: readonly KeyBounds[];
  readonly direction: 'forward' | 'backward';
  /** Whether what is found matches the whole filter, without a look at the document. */
  readonly isExact: boolean;
  /** Entries it will probably look at. */
  readonly estimate: number;
}

export interface CollectionScanPlan {
  readonly kind: 'collscan';
  readonly direction: 'forward' | 'backward';
  readonly estimate: number;
}

export interface UnionPlan {
  readonly kind: 'or';
  readonly branches: readonly { readonly scan: IndexScanPlan; readonly filter: FilterNode }[];
  readonly estimate: number;
}

export interface NothingPlan {
  readonly kind: 'eof';
}

export type AccessPlan = IndexScanPlan | CollectionScanPlan | UnionPlan | NothingPlan;

export interface QueryPlan {
  readonly access: AccessPlan;
  /** Whether rows come in the order that was asked for. */
  readonly isSorted: boolean;
}

/** How a query will be run: decided from the filter, the sort and the indexes, before a document is touched. */
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { KeyBounds } from '../keys/key-layout.js';
import type { FilterNode } from '../query/filter.js';
import type { CollatedRange } from './collated-range.js';
import type { Intervals } from './interval.js';
import type { CheckedField } from './key-ranges.js';

/** How many entries or documents a plan will probably look at: asked of the view once, and only to compare plans. */
export class Estimate {
  private known = -1;

  constructor(private readonly ask: () => number) {}

  static of(count: number): Estimate {
    return new Estimate(() => count);
  }

  get count(): number {
    if (this.known < 0) this.known = this.ask();
    return this.known;
  }
}

export type ScanDirection = 'forward' | 'backward';

export interface IndexScanPlan {
  readonly kind: 'ixscan';
  /** As it is scanned: a wildcard index has a field for the path and one for the value. */
  readonly index: IndexSpec;
  /** For each field, in ascending order of values whatever the field's direction. */
  readonly fieldIntervals: readonly Intervals[];
  /** Byte ranges of keys, ascending. */
  readonly ranges: readonly KeyBounds[];
  /** Of each range, how many bytes all its keys share. */
  readonly prefixLengths: readonly number[];
  /** What is checked of each entry besides. */
  readonly checked: readonly CheckedField[] | undefined;
  readonly direction: ScanDirection;
  /** Whether it may meet a record several times. */
  readonly hasDuplicates: boolean;
  /** What is asked of the entry's values before its document is read. */
  readonly keyFilter: FilterNode | undefined;
  /** What is left to be asked of the document; undefined: nothing. */
  readonly filter: FilterNode | undefined;
  /** Bounds given by min and max, in the words of the request. */
  readonly given: { readonly min: Uint8Array | undefined; readonly max: Uint8Array | undefined } | undefined;
  /** What documents are asked whose entries lie in no order of the collation; undefined: nothing. */
  readonly collated: CollatedRange | undefined;
  readonly estimate: Estimate;
}

export interface CollectionScanPlan {
  readonly kind: 'collscan';
  readonly direction: ScanDirection;
  readonly filter: FilterNode | undefined;
  readonly estimate: Estimate;
}

/** Scans of indexes, one after another, each record once. */
export interface UnionPlan {
  readonly kind: 'or';
  readonly scans: readonly IndexScanPlan[];
  readonly filter: FilterNode | undefined;
  readonly estimate: Estimate;
}

/** The ranges of one scan side by side: the values of `fields` fixed, sorted by what follows. */
export interface MergePlan {
  readonly kind: 'merge';
  readonly scan: IndexScanPlan;
  readonly filter: FilterNode | undefined;
  readonly estimate: Estimate;
}

/** Records that all of several scans have; each scan gives them in the order of their ids. */
export interface IntersectionPlan {
  readonly kind: 'and';
  readonly scans: readonly IndexScanPlan[];
  readonly filter: FilterNode | undefined;
  readonly estimate: Estimate;
}

export interface NothingPlan {
  readonly kind: 'eof';
  readonly filter: undefined;
  readonly estimate: Estimate;
}

export type AccessPlan =
  IndexScanPlan | CollectionScanPlan | UnionPlan | MergePlan | IntersectionPlan | NothingPlan;

export interface QueryPlan {
  readonly access: AccessPlan;
  /** Whether rows come in the order that was asked for. */
  readonly isSorted: boolean;
  /** Whether the index has all that is wanted of the documents, so that none is read. */
  readonly isCovered: boolean;
}

/** The plan, and those it was preferred to. */
export interface PlanChoice {
  readonly best: QueryPlan;
  readonly others: readonly QueryPlan[];
}

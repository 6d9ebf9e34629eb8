/** What a plan is chosen for. */
import type { ReadView } from '../../lsm/index.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import type { CollationSpec } from '../collation/collation.js';
import type { FilterNode } from '../query/filter.js';
import type { ScanDirection } from './query-plan.js';
import type { PlanSortField } from './sort-order.js';

export interface PlanRequest {
  readonly collection: CollectionSpec;
  readonly view: ReadView;
  readonly filter: FilterNode;
  /** Of the query; an index is of use for strings only if it has the same. */
  readonly collation: CollationSpec | undefined;
  /** Undefined: any order will do. */
  readonly sort: readonly PlanSortField[] | undefined;
  /** skip + limit; 0: all rows are wanted. */
  readonly wanted: number;
  /** The only index to look at. */
  readonly hint: IndexSpec | undefined;
  /** Whether plans may use an index; undefined: all of them. */
  readonly allows?: ((index: IndexSpec) => boolean) | undefined;
  /** Records as they lie, that way. */
  readonly natural: ScanDirection | undefined;
  /** All that is wanted of the documents; undefined: all of them. */
  readonly requiredPaths: readonly string[] | undefined;
  /** Whether documents of a wildcard index have had an array at the path, by the name it has in the index. */
  readonly hasArrayAt: (index: IndexSpec, path: string) => boolean;
  readonly documentCount: number;
}

/** What the catalog says of a collection and its indexes. Immutable: a change makes a new one. */
import type { CollationSpec } from '../collation/collation.js';
import type { Namespace } from '../operation/requests.js';

export type { Namespace };

export type IndexKind = 'ordered' | 'hashed' | 'wildcard' | 'text' | '2dsphere' | '2d';

export interface IndexField {
  /** Dotted path; of a wildcard field without its `.$**` ('' for all). */
  readonly path: string;
  readonly direction: 1 | -1;
  readonly kind: IndexKind;
}

export interface IndexSpec {
  readonly name: string;
  /** Where its entries lie. */
  readonly keyspace: number;
  /** The raw key pattern, as given: {a: 1, b: -1}. */
  readonly key: Uint8Array;
  /** The raw definition as listIndexes shows it: {v, key, name, …options}. */
  readonly definition: Uint8Array;
  readonly fields: readonly IndexField[];
  /** The kind of its special field, or 'ordered'. */
  readonly kind: IndexKind;
  readonly isUnique: boolean;
  /** Not unique yet, but refuses new duplicates. */
  readonly isPreparingUnique: boolean;
  readonly isSparse: boolean;
  readonly isHidden: boolean;
  /** Raw filter. */
  readonly partialFilter: Uint8Array | undefined;
  readonly expireAfterSeconds: number | undefined;
  readonly collation: CollationSpec | undefined;
  /** Raw. */
  readonly wildcardProjection: Uint8Array | undefined;
  /**
   * For each field, which components of its path (0 …) have met an array. Empty sets: not multikey. Of a wildcard field:
   * ARRAYS_MET, ARRAYS_NOTED, DOTS_MET (array-paths.ts).
   */
  readonly multikeyComponents: readonly ReadonlySet<number>[];
  readonly isMultikey: boolean;
  /** Whether it may be read: built to its end. */
  readonly isReady: boolean;
}

/** As listCollections calls it. */
export type CollectionKind = 'collection' | 'view' | 'timeseries';

export interface CollectionSpec {
  readonly namespace: Namespace;
  readonly kind: CollectionKind;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /** Where its records lie. */
  readonly keyspace: number;
  /** Raw options as listCollections shows them. */
  readonly options: Uint8Array;
  readonly isCapped: boolean;
  readonly cappedBytes: number;
  /** 0: no limit. */
  readonly cappedDocuments: number;
  /** Natural order is that of `_id`; the index on it is the clustered index. */
  readonly isClustered: boolean;
  readonly clusteredName: string | undefined;
  readonly expireAfterSeconds: number | undefined;
  readonly collation: CollationSpec | undefined;
  readonly validator: Uint8Array | undefined;
  readonly validationLevel: 'off' | 'strict' | 'moderate';
  readonly validationAction: 'error' | 'warn' | 'errorAndLog';
  /** Of a view: what it is on, and its pipeline (a raw array). */
  readonly viewOn: string | undefined;
  readonly pipeline: Uint8Array | undefined;
  /** That on `_id` first. */
  readonly indexes: readonly IndexSpec[];
}

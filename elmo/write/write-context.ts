/** What write statements are given by the engine. */
import type { OrderedKv } from '../../lsm/index.js';
import type { Catalog, CatalogEntry } from '../catalog/catalog.js';
import type { Namespace } from '../catalog/collection-spec.js';
import type { OpenCollection } from '../index/open-collection.js';
import type { Operation } from '../operation/operation.js';
import type { DirectUnit } from '../operation/direct-unit.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { StatementRetries } from './retries.js';
import type { TimestampParts } from '../update/timestamps.js';

export interface WriteContext {
  readonly kv: OrderedKv;
  readonly catalog: Catalog;
  readonly operation: Operation;
  /** The session's transaction; undefined: each statement commits by itself. */
  readonly transaction: TransactionUnit | undefined;
  readonly isDurable: boolean;
  /** What of the write was done before; undefined: it is none that may come again. */
  readonly retries: StatementRetries | undefined;
  /** Twelve bytes of a new ObjectId. */
  newObjectId(): Uint8Array;
  /** The collection, opened for writing; undefined if there is none. @throws ElmoError if it is a view */
  collection(namespace: Namespace, unit: WriteUnit): OpenCollection | undefined;
  /** The collection, made if there is none. */
  collectionOrNew(namespace: Namespace, unit: WriteUnit): OpenCollection;
  /**
   * Checks a document against the collection's validator.
   * @throws ElmoError DocumentValidationFailure
   */
  validate(entry: CatalogEntry, document: Uint8Array): void;
  /**
   * The same for a change of a document; with level 'moderate' one that did not pass before need not pass now.
   * @throws ElmoError DocumentValidationFailure
   */
  validateChange(entry: CatalogEntry, old: Uint8Array, oldAt: number, document: Uint8Array): void;
  newUnit(): DirectUnit;
  /** One for all: empty whenever others may run. Who puts into it commits it, or rolls it back, in the same stretch. */
  readonly sharedUnit: DirectUnit;
  /** The time of one more write. */
  nextTimestamp(): TimestampParts;
}

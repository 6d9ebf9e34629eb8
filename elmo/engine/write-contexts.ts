/** What write statements are given: most of it is the same for all, and made once. */
import type { Clock, OrderedKv } from '../../lsm/index.js';
import { collectionForInsert, viewRefusal } from '../catalog/define.js';
import type { OpenCollections } from '../index/open-collection.js';
import type { Committer } from '../operation/committer.js';
import type { Operation } from '../operation/operation.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { TimestampParts } from '../update/timestamps.js';
import type { StatementRetries } from '../write/retries.js';
import type { Validators } from './validators.js';
import type { WritingContext } from './statement-query.js';

export interface WriteContextParts {
  readonly kv: OrderedKv;
  readonly collections: OpenCollections;
  readonly committer: Committer;
  readonly validators: Validators;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newObjectId: () => Uint8Array;
  readonly nextTimestamp: () => TimestampParts;
}

type Shared = Omit<WritingContext, 'operation' | 'transaction' | 'isDurable' | 'retries'>;

export class WriteContexts {
  private readonly shared: Shared;

  constructor({ collections, committer, validators, ...parts }: WriteContextParts) {
    const { catalog } = collections;
    this.shared = {
      kv: parts.kv,
      catalog,
      newObjectId: parts.newObjectId,
      collection: (namespace, unit) => {
        const entry = catalog.get(namespace, unit);
        if (entry?.spec.kind === 'view') throw viewRefusal(namespace);
        return entry === undefined ? undefined : collections.of(entry);
      },
      collectionOrNew: (namespace, unit) => collections.of(collectionForInsert(catalog, unit, namespace)),
      validate: (entry, document) => validators.check(entry.spec, document),
      validateChange: (entry, old, oldAt, document) =>
        validators.checkChange(entry.spec, old, oldAt, document),
      newUnit: () => committer.direct(),
      sharedUnit: committer.direct(),
      nextTimestamp: parts.nextTimestamp,
      clock: parts.clock,
      random: parts.random,
    };
  }

  /** @param retries  what of the write was done before; undefined: it is none that may come again */
  next(
    operation: Operation,
    transaction: TransactionUnit | undefined,
    isDurable: boolean,
    retries: StatementRetries | undefined,
  ): WritingContext {
    const { shared } = this;
    return {
      kv: shared.kv,
      catalog: shared.catalog,
      operation,
      transaction,
      isDurable,
      retries,
      newObjectId: shared.newObjectId,
      collection: shared.collection,
      collectionOrNew: shared.collectionOrNew,
      validate: shared.validate,
      validateChange: shared.validateChange,
      newUnit: shared.newUnit,
      sharedUnit: shared.sharedUnit,
      nextTimestamp: shared.nextTimestamp,
      clock: shared.clock,
      random: shared.random,
    };
  }
}

/**
 * What a write statement writes through. It reads the newest state and its own changes; everything it puts becomes visible
 * at once, or not at all. Two kinds: a batch of its own, committed in the synchronous stretch that made it
 * (direct-unit.ts), and the open transaction of a client's session (transaction-unit.ts).
 */
import type { ReadView } from '../../lsm/index.js';
import { ElmoError } from '../errors.js';
import type { KeyBounds } from '../keys/key-layout.js';

/** Follows how many documents a collection has. */
export interface CountTarget {
  add(documents: number, bytes: number): void;
}

export interface WriteUnit {
  /**
   * What plans read: for a transaction its snapshot and its own writes; else the newest state of the store, without what
   * this unit has put and not committed.
   */
  readonly view: ReadView;
  readonly isTransaction: boolean;
  /** Sequence number of the newest commit it sees; Infinity if it sees all. */
  readonly snapshotSeq: number;
  /** The newest value; own changes that were put by `put` or `putUnique` included. A copy. */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * A key that others may write too: a record, an entry of the catalog.
   * @throws MustWait, ElmoError WriteConflict if another open transaction has written it
   */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** As `put`: the key is `key[0, keyLength)`. */
  putRecord(key: Uint8Array, keyLength: number, document: Uint8Array): void;
  /**
   * As `put` and `delete`, for keys that this unit asks for again by `get`: entries of unique indexes. Here and below the
   * key is `bytes[start, valueStart)`, or `bytes[start, end)` where there is no value, the value `bytes[valueStart, end)`.
   */
  putUnique(bytes: Uint8Array, start: number, valueStart: number, end: number): void;
  deleteUnique(bytes: Uint8Array, start: number, end: number): void;
  /** Of a key that belongs to a record this unit has put or deleted, so that nobody else can have written it. */
  putEntry(key: Uint8Array, value: Uint8Array): void;
  deleteEntry(key: Uint8Array): void;
  putEntryPart(bytes: Uint8Array, start: number, valueStart: number, end: number): void;
  deleteEntryPart(bytes: Uint8Array, start: number, end: number): void;
  /** Only of keyspaces that no other open transaction uses: see `claimKeyspace`. */
  deleteRange(bounds: KeyBounds): void;
  /**
   * Notes that the unit reads or writes a collection. Until its end nobody else may change what the catalog says of it.
   * @param keyspace  of its records
   */
  useKeyspace(keyspace: number): void;
  /**
   * Before a change of what the catalog says of a collection.
   * @throws MustWait, ElmoError WriteConflict if another open transaction uses it
   */
  claimKeyspace(keyspace: number): void;
  /** Adds to the counts of a collection when all of it has become visible. */
  count(target: CountTarget, documents: number, bytes: number): void;
  /** Runs when all of it has become visible; not if it is given up. */
  afterCommit(run: () => void): void;
  /** Runs if it is given up, or rolled back to before this call. */
  afterRollback(run: () => void): void;
}

export const TRANSIENT = 'TransientTransactionError';

export function writeConflict(cause?: unknown): ElmoError {
  return new ElmoError(
    'WriteConflict',
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
    { errorLabels: [TRANSIENT], cause },
  );
}

/**
 * A write outside of transactions has met what an open transaction has written, or a store that holds writes back. It is
 * given up and done again when that has ended: `Committer.run` does so.
 */
export class MustWait extends Error {
  override readonly name = 'MustWait';

  /** @param ended  resolves when the transaction has ended, either way, or when the store has applied what it held back */
  constructor(readonly ended: Promise<void>) {
    super('an open transaction has written the same, or the store holds writes back');
  }
}

/** The bytes of a key as a text, for maps. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

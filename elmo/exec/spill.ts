/**
 * Rows that do not fit into memory, kept in order on disk: the entries of a transaction that nobody will commit. Its
 * overlay, its pending tables and their merging do the sorting; giving it up frees the space.
 */
import type { Cursor, OrderedKv, Transaction } from '../../lsm/index.js';
import { KEYSPACE_SPILL } from '../catalog/keyspaces.js';
import { keyspaceBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Operation } from '../operation/operation.js';

/** Longer keys are cut: rows that differ only behind are then in the order they came. */
const MAX_KEY_BYTES = 60_000;
/** Bytes put between two looks at whether the transaction wants to flush. */
const SETTLE_EVERY_BYTES = 1 << 20;
/** After so many bytes it is worth while to wait until they are merged, and to do without the thread that did it. */
const REST_BYTES = 96 << 20;

export class Spill {
  private readonly transaction: Transaction;
  private readonly key = new KeyWriter();
  private unsettled = 0;
  private addedBytes = 0;
  private cursor: Cursor | undefined;

  constructor(
    kv: OrderedKv,
    private readonly operation: Operation,
  ) {
    this.transaction = kv.begin({ label: 'spill', isLarge: true });
  }

  /**
   * Adds a row. Rows of equal keys are in the order of their numbers.
   * @param sequence  whole, below 2^48, another for each row
   * When it returns true the caller pauses before it adds more (`Operation.pending` is set).
   */
  add(key: Uint8Array, row: Uint8Array, sequence: number): boolean {
    const writer = this.key;
    writer.clear();
    writer.appendVarint(KEYSPACE_SPILL);
    writer.appendBytes(key, 0, Math.min(key.length, MAX_KEY_BYTES));
    // not a varint: the numbers have to sort behind keys of any bytes
    writer.reserve(6);
    for (let shift = 40; shift >= 0; shift -= 8)
      writer.bytes[writer.length++] = Math.floor(sequence / 2 ** shift) & 0xff;
    this.transaction.put(writer.bytes.subarray(0, writer.length), row);
    this.unsettled += row.length + writer.length;
    if (this.unsettled < SETTLE_EVERY_BYTES) return false;
    this.addedBytes += this.unsettled;
    this.unsettled = 0;
    this.operation.pending = this.transaction.settle();
    return true;
  }

  /** To be called when all rows are added. @returns whether to pause, as `add` does */
  complete(): boolean {
    if (this.addedBytes < REST_BYTES) return false;
    this.addedBytes = 0;
    this.operation.pending = this.transaction.rest();
    return true;
  }

  /** The rows whose keys start with `prefix`, once all are added. The caller closes the cursor. */
  scan(prefix: Uint8Array): Cursor {
    const writer = this.key;
    writer.clear();
    writer.appendVarint(KEYSPACE_SPILL);
    writer.appendBytes(prefix, 0, prefix.length);
    return this.transaction.scanPrefix(writer.toBytes());
  }

  /** Moves to the next row in order; it is at `bytes[at, at + length)` until the next step. */
  next(): boolean {
    this.cursor ??= this.transaction.scan(keyspaceBounds(KEYSPACE_SPILL));
    if (!this.cursor.next()) return false;
    this.cursor.loadValue();
    return true;
  }

  get bytes(): Uint8Array {
    return this.cursor!.valueBytes;
  }
  get at(): number {
    return this.cursor!.valueOffset;
  }
  get place(): Cursor {
    return this.cursor!;
  }

  close(): void {
    this.cursor?.close();
    this.transaction.rollback();
  }
}

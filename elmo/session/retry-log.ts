/**
 * Results of retryable writes, so that a statement that a client sends again, not knowing whether it was done, is not done
 * twice. A result is put into the batch of the write it belongs to.
 *
 *   KEYSPACE_RETRIES | session id, 16 bytes | statement (ordered-varint.ts)
 *     → transaction number, 8 bytes big-endian | milliseconds since 1970, double big-endian | raw document of the result
 *
 * A session has one write under way at a time, so a later one of it takes the place of the earlier: what is kept is
 * bounded by the statements of the largest write. On disk since format 1.
 */
import type { OrderedKv } from '../../lsm/index.js';
import { KEYSPACE_RETRIES } from '../catalog/keyspaces.js';
import { keyspaceBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Committer } from '../operation/committer.js';
import type { WriteUnit } from '../operation/write-unit.js';

const HEAD_BYTES = 16;
/** Entries that one sweep looks at. */
const SWEPT_AT_ONCE = 1000;
const NO_KEY: Uint8Array = new Uint8Array(0);

/** One statement of a retryable write. */
export interface RetryableStatement {
  /** The session's id: 32 hexadecimal digits. */
  readonly lsid: string;
  readonly txnNumber: bigint;
  readonly stmtId: number;
}

function keyOf(lsid: string, stmtId: number | undefined): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_RETRIES);
  const id = Buffer.from(lsid, 'hex');
  writer.appendBytes(id, 0, id.length);
  if (stmtId !== undefined) writer.appendVarint(stmtId);
  return writer.toBytes();
}

export class RetryLog {
  /** For each session the number of the last write that was recorded by this process. */
  private readonly numbers = new Map<string, bigint>();
  /** For each session the write that is under way. */
  private readonly underWay = new Map<string, Promise<unknown>>();
  private sweptTo = NO_KEY;

  /** @param nowMs  milliseconds since 1970 */
  constructor(
    private readonly kv: OrderedKv,
    private readonly nowMs: () => number,
  ) {}

  /** Runs a write when those of the same session before it are done: the client may send one again while it still runs. */
  async inTurn<T>(lsid: string, run: () => Promise<T>): Promise<T> {
    const before = this.underWay.get(lsid);
    const own = before === undefined ? run() : before.then(run, run);
    this.underWay.set(lsid, own);
    try {
      return await own;
    } finally {
      if (this.underWay.get(lsid) === own) this.underWay.delete(lsid);
    }
  }

  /** The result of a statement that was done before. A copy. */
  find({ lsid, txnNumber, stmtId }: RetryableStatement): Uint8Array | undefined {
    const last = this.numbers.get(lsid);
    if (last !== undefined && last < txnNumber) return undefined;
    const stored = this.kv.get(keyOf(lsid, stmtId));
    if (stored === undefined || viewOf(stored).getBigInt64(0) !== txnNumber) return undefined;
    return stored.slice(HEAD_BYTES);
  }

  /** Records a result, in the unit of the write. @param result  a raw document */
  record(unit: WriteUnit, { lsid, txnNumber, stmtId }: RetryableStatement, result: Uint8Array): void {
    const value = new Uint8Array(HEAD_BYTES + result.length);
    const view = viewOf(value);
    view.setBigInt64(0, txnNumber);
    view.setFloat64(8, this.nowMs());
    value.set(result, HEAD_BYTES);
    unit.putEntry(keyOf(lsid, stmtId), value);
    unit.afterCommit(() => this.numbers.set(lsid, txnNumber));
  }

  /** Forgets a session that has ended. */
  async forget(lsid: string): Promise<void> {
    if (!this.numbers.delete(lsid)) return;
    const low = keyOf(lsid, undefined);
    const high = new Uint8Array(low.length + 1).fill(0xff);
    high.set(low);
    await this.kv.deleteRange({ low, high });
  }

  /** Deletes some of the results that nobody will ask for any more; goes on where the last sweep stopped. */
  async sweep(committer: Committer, olderThanMs: number): Promise<void> {
    const bounds = keyspaceBounds(KEYSPACE_RETRIES);
    const limitMs = this.nowMs() - olderThanMs;
    const unit = committer.direct();
    const cursor = this.kv.scan(this.sweptTo === NO_KEY ? bounds : { ...bounds, low: this.sweptTo });
    let left = SWEPT_AT_ONCE;
    this.sweptTo = NO_KEY;
    while (cursor.next()) {
      const key = cursor.key();
      if (left-- === 0) {
        this.sweptTo = key;
        break;
      }
      cursor.loadValue();
      const { valueBytes, valueOffset } = cursor;
      const writtenMs = new DataView(valueBytes.buffer, valueBytes.byteOffset + valueOffset).getFloat64(8);
      if (writtenMs < limitMs) unit.deleteEntry(key);
    }
    cursor.close();
    await unit.commit();
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Cursors that clients come back to, by number. Those nobody asks for are closed after a while. */
import type { Namespace } from '../catalog/collection-spec.js';
import { ElmoError } from '../errors.js';
import type { ElmoCursor } from '../exec/cursor.js';
import type { PlanTrace } from '../operation/plan-trace.js';
import type { SessionContext } from '../session/session-context.js';

export interface CursorFacts {
  readonly namespace: Namespace;
  /** The session it was opened in; only that one may go on. */
  readonly lsid: string | undefined;
  readonly txnNumber: bigint | undefined;
  readonly hasTimeout: boolean;
  /** `maxTimeMS` of the command that opened it, in force for all batches together. */
  readonly maxTimeMs?: number;
  /** Of the command that opened it. */
  readonly trace?: PlanTrace;
}

export interface CursorEntry extends CursorFacts {
  readonly id: bigint;
  readonly cursor: ElmoCursor;
  isInUse: boolean;
  isKilled: boolean;
  usedAtMs: number;
}

export class CursorRegistry {
  /** Cursors since the start that were closed because nobody asked for them. */
  timedOut = 0;
  private readonly entries = new Map<bigint, CursorEntry>();

  /**
   * @param nowMs  a clock that never goes back
   * @param randomId  a fresh positive number of 63 bits
   * @param limit  most cursors at a time
   */
  constructor(
    private readonly nowMs: () => number,
    private readonly randomId: () => bigint,
    private readonly limit: number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  add(cursor: ElmoCursor, facts: CursorFacts): bigint {
    if (this.entries.size >= this.limit)
      throw new ElmoError('ExceededMemoryLimit', `too many open cursors; the limit is ${this.limit}`);
    let id = this.randomId();
    while (id === 0n || this.entries.has(id)) id = this.randomId();
    this.entries.set(id, { ...facts, id, cursor, isInUse: false, isKilled: false, usedAtMs: this.nowMs() });
    return id;
  }

  /** @throws ElmoError CursorNotFound, CursorInUse, Unauthorized */
  checkOut(id: bigint, namespace: Namespace, session: SessionContext | undefined): CursorEntry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new ElmoError('CursorNotFound', `cursor id ${id} not found`);
    const { db, collection } = entry.namespace;
    if (db !== namespace.db || collection !== namespace.collection)
      throw new ElmoError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace.db}.${namespace.collection}', but cursor belongs to a different namespace ${db}.${collection}`,
      );
    if (entry.lsid !== session?.lsid)
      throw new ElmoError(
        50738,
        entry.lsid === undefined
          ? `Cannot run getMore on cursor ${id}, which was not created in a session, in session ${session?.lsid}`
          : `Cannot run getMore on cursor ${id}, which was created in session ${entry.lsid}, ${
              session === undefined ? 'without an lsid' : `in session ${session.lsid}`
            }`,
      );
    const txnNumber = session?.autocommit === false ? session.txnNumber : undefined;
    if (entry.txnNumber !== txnNumber)
      throw new ElmoError(
        50740,
        `Cannot run getMore on cursor ${id}, which was ${
          entry.txnNumber === undefined
            ? 'not created in a transaction'
            : `created in transaction ${entry.txnNumber}`
        }, ${txnNumber === undefined ? 'without a txnNumber' : `in transaction ${txnNumber}`}`,
      );
    if (entry.isInUse) throw new ElmoError('CursorInUse', `cursor id ${id} is already in use`);
    entry.isInUse = true;
    return entry;
  }

  checkIn(entry: CursorEntry): void {
    entry.isInUse = false;
    entry.usedAtMs = this.nowMs();
    if (entry.isKilled) this.end(entry);
  }

  /** @returns whether there was one */
  kill(id: bigint): boolean {
    const entry = this.entries.get(id);
    if (entry === undefined) return false;
    this.end(entry);
    return true;
  }

  killWhere(isMeant: (facts: CursorFacts) => boolean): number {
    let count = 0;
    for (const entry of [...this.entries.values()])
      if (isMeant(entry)) {
        this.end(entry);
        count++;
      }
    return count;
  }

  /** Closes those not used for that long. */
  closeIdle(idleMs: number): void {
    const before = this.nowMs() - idleMs;
    for (const entry of [...this.entries.values()])
      if (!entry.isInUse && entry.hasTimeout && entry.usedAtMs < before) {
        this.end(entry);
        this.timedOut++;
      }
  }

  closeAll(): void {
    this.killWhere(() => true);
  }

  private end(entry: CursorEntry): void {
    entry.isKilled = true;
    this.entries.delete(entry.id);
    entry.cursor.close();
  }
}

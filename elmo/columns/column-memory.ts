/** The memory that the columns of all collections of a store take: the one unused for longest goes first. */
import type { OrderedKv, WorkMemory } from '../../lsm/index.js';
import type { PageColumn } from './page-column.js';

/** All columns together. */
export const MOST_COLUMN_BYTES: number = 16 << 20;
/** What is beyond counts against the budget of the store's cache; the rest would make it lose what it just holds. */
const FREE_BYTES = 8 << 20;
/** The store is told of changes of so many bytes. */
const STEP_BYTES = 1 << 20;

/** Whose column it is. */
export interface ColumnOwner {
  /** The column is to go; its memory was given back. */
  drop(column: PageColumn): void;
}

interface Held {
  readonly owner: ColumnOwner;
  bytes: number;
}

export class ColumnMemory {
  private readonly held = new Map<PageColumn, Held>();
  private bytes = 0;
  private told = 0;
  private memory: WorkMemory | undefined;
  private uses = 0;

  /** @param most  bytes of all columns together */
  constructor(
    private readonly kv: OrderedKv,
    private readonly most: number = MOST_COLUMN_BYTES,
  ) {}

  get heldBytes(): number {
    return this.bytes;
  }

  touch(column: PageColumn): void {
    column.lastUse = ++this.uses;
  }

  /**
   * Memory for a column; others go to make room.
   * @returns false: there is none
   */
  take(owner: ColumnOwner, column: PageColumn, bytes: number): boolean {
    while (this.bytes + bytes > this.most) if (!this.dropOldest(column)) return false;
    const held = this.held.get(column);
    if (held === undefined) this.held.set(column, { owner, bytes });
    else held.bytes += bytes;
    this.add(bytes);
    return true;
  }

  /** A column takes nothing any more. Safe to call twice. */
  give(column: PageColumn): void {
    const held = this.held.get(column);
    if (held === undefined) return;
    this.held.delete(column);
    this.add(-held.bytes);
  }

  private dropOldest(except: PageColumn): boolean {
    let oldest: PageColumn | undefined;
    for (const column of this.held.keys())
      if (column !== except && (oldest === undefined || column.lastUse < oldest.lastUse)) oldest = column;
    if (oldest === undefined) return false;
    const { owner } = this.held.get(oldest)!;
    this.give(oldest);
    owner.drop(oldest);
    return true;
  }

  private add(bytes: number): void {
    this.bytes += bytes;
    const beyond = Math.max(0, this.bytes - FREE_BYTES);
    const change = beyond - this.told;
    if (change < STEP_BYTES && change > -STEP_BYTES && beyond > 0) return;
    if (change === 0) return;
    this.memory ??= this.kv.workMemory();
    this.memory.set(beyond);
    this.told = beyond;
  }
}

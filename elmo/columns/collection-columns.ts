/**
 * What is kept in memory of the values that the records of a collection have at paths by which queries look through many of
 * them: a code for each record (codes.ts), by its id, so that a record need not be looked up to be left out.
 *
 * Codes tell what the newest commit shows. A page tells from which sequence number on: views that are older ask the
 * store, and views between the first step of a write and the moment in which it has become visible do so too. A write
 * takes away the codes of the records it changes; the next query that reads such a record puts one in again.
 *
 * Nothing is kept until queries have looked at many records by a path. Writes of transactions are counted before that as
 * well: pages are begun when none is open, so that none can change what a page holds without saying so.
 */
import type { OrderedKv } from '../../lsm/index.js';
import { WIDE_BYTES } from '../operation/row-source.js';
import type { WriteUnit } from '../operation/write-unit.js';
import {
  ABSENT,
  FEW_VALUES,
  FIRST_CODE,
  LAST_ID,
  MOST_VALUES,
  PAGE_BITS,
  PAGE_BYTES,
  PAGE_IDS,
  UNKNOWN,
  WIDE_PAGE_BYTES,
} from './codes.js';
import { Column } from './column.js';
import type { ColumnMemory, ColumnOwner } from './column-memory.js';
import { isPlain } from './plain-path.js';

/** So many records are looked at by a path before it gets a column, or a quarter of those there are if these are more. */
const WORTH = 4096;
/** Paths of which such is known; when there are more, it is forgotten. */
const MOST_PATHS = 64;
/** A column takes a place in each page. */
const MOST_COLUMNS = 32;

/** Records of neighbouring ids. */
export class ColumnPage {
  /** Writes that are not yet visible, or given up. */
  writers = 0;
  /** Counts all writes. */
  changes = 0;
  /** By the slot of the column: WIDE_BYTES for each record, if it is wide. */
  readonly wide: (Uint8Array | undefined)[] = [];
  /** By the slot of the column. */
  readonly codes: (Uint16Array | undefined)[] = [];
  /** By the slot: whether codes tell of each record whether it is there, unless it has changed since. */
  readonly isWhole: boolean[] = [];

  /** @param readableFrom  sequence number from which on views see what the codes tell; Infinity: none does */
  constructor(public readableFrom: number) {}
}

export class CollectionColumns implements ColumnOwner {
  /** By id >>> PAGE_BITS. */
  pages: (ColumnPage | undefined)[] = [];
  private readonly columns = new Map<string, Column>();
  /** By path: records that were looked at; Infinity: it can have no column. */
  private readonly looks = new Map<string, number>();
  /** Paths that can have a wide column alone. */
  private readonly wide = new Set<string>();
  private readonly freeSlots: number[] = [];
  private slots = 0;
  /** Of transactions, and of all others while there are pages. */
  private writers = 0;
  private isActive = false;
  private activeFrom = 0;

  constructor(
    private readonly kv: OrderedKv,
    private readonly memory: ColumnMemory,
  ) {}

  /** That of a path, or undefined. */
  column(path: string): Column | undefined {
    const column = this.columns.get(path);
    if (column !== undefined) this.memory.touch(column);
    return column;
  }

  get isEmpty(): boolean {
    return this.columns.size === 0;
  }

  /**
   * Whether a path may ever have a column.
   * @param isWide  whether a wide one will do, in which values cannot be told apart by their codes
   */
  canHold(path: string, isWide: boolean): boolean {
    return isPlain(path) && (this.wide.has(path) ? isWide : this.looks.get(path) !== Infinity);
  }

  /**
   * A query has looked at records by a path.
   * @param documents  the records there are, about
   */
  noteLooks(path: string, records: number, documents: number): void {
    if (this.columns.has(path)) return;
    const looks = (this.looks.get(path) ?? 0) + records;
    if (this.looks.size >= MOST_PATHS && !this.looks.has(path)) {
      this.looks.clear();
      this.wide.clear();
    }
    this.looks.set(path, looks);
    if (looks >= Math.max(WORTH, documents / 4)) this.open(path, documents);
  }

  private open(path: string, documents: number): void {
    if (this.columns.size === MOST_COLUMNS || !this.canHold(path, true)) return;
    if (!this.isActive) {
      if (this.writers > 0 || !this.kv.isUpToDate) return;
      this.isActive = true;
      this.activeFrom = this.kv.seq;
    }
    const most = Math.min(MOST_VALUES, Math.max(FEW_VALUES, documents >>> 2));
    const column = new Column(path, this.freeSlots.pop() ?? this.slots++, most, this.wide.has(path));
    this.columns.set(path, column);
    this.memory.touch(column);
  }

  /** The page of these ids, made if there is none. */
  page(number: number): ColumnPage {
    return (this.pages[number] ??= new ColumnPage(this.activeFrom));
  }

  /**
   * The codes of a page, to be written into by who has just seen that its view may.
   * @returns undefined: there is no memory for them, or the column is gone
   */
  codesOf(page: ColumnPage, column: Column): Uint16Array | undefined {
    if (!column.isOpen) return undefined;
    const { slot } = column;
    const codes = page.codes[slot];
    if (codes !== undefined) return codes;
    const bytes = PAGE_BYTES + (column.isWide ? WIDE_PAGE_BYTES : column.takeGrowth());
    if (!this.memory.take(this, column, bytes)) return undefined;
    if (column.isWide) page.wide[slot] = new Uint8Array(WIDE_PAGE_BYTES);
    return (page.codes[slot] = new Uint16Array(PAGE_IDS));
  }

  /** Notes what a record has. @param page  one that the view may write into */
  note(page: ColumnPage, column: Column, id: number, bytes: Uint8Array | undefined, at: number): void {
    const codes = this.codesOf(page, column);
    const n = id & (PAGE_IDS - 1);
    if (codes === undefined || codes[n] !== UNKNOWN) return;
    codes[n] = bytes === undefined ? ABSENT : column.codeOf(bytes, at);
    if (column.isFull) this.replace(column);
    else if (column.isWide && codes[n]! >= FIRST_CODE) {
      const wide = page.wide[column.slot]!;
      for (let i = 0, to = n * WIDE_BYTES; i < column.wideLength; i++)
        wide[to + i] = bytes![column.wideAt + i]!;
    }
  }

  /** A column has met too many values. */
  private replace(column: Column): void {
    const { path, shouldBeWide } = column;
    this.memory.give(column);
    this.drop(column);
    this.looks.set(path, Infinity);
    if (shouldBeWide) this.wide.add(path);
  }

  drop(column: Column): void {
    const { path, slot } = column;
    if (!column.isOpen) return;
    column.isOpen = false;
    this.columns.delete(path);
    this.looks.delete(path);
    if (this.columns.size === 0) {
      this.isActive = false;
      this.pages = [];
    } else
      for (const page of this.pages) {
        if (page === undefined) continue;
        page.codes[slot] = page.wide[slot] = undefined;
        page.isWhole[slot] = false;
      }
    this.freeSlots.push(slot);
  }

  /** Nothing is kept any more: the collection is gone. */
  clear(): void {
    for (const column of [...this.columns.values()]) {
      this.memory.give(column);
      this.drop(column);
    }
  }

  /** A write changes a record, or makes or deletes it. */
  noteWrite(unit: WriteUnit, id: number): void {
    if (!this.isActive) {
      if (unit.isTransaction) this.countWriter(unit, undefined);
      return;
    }
    if (id > LAST_ID) return;
    const page = this.page(id >>> PAGE_BITS);
    const at = id & (PAGE_IDS - 1);
    for (const codes of page.codes) if (codes !== undefined) codes[at] = UNKNOWN;
    this.countWriter(unit, page);
  }

  private countWriter(unit: WriteUnit, page: ColumnPage | undefined): void {
    this.writers++;
    if (page !== undefined) {
      page.writers++;
      page.changes++;
      page.readableFrom = Infinity;
    }
    const end = (): void => {
      this.writers--;
      if (page !== undefined && --page.writers === 0) page.readableFrom = this.kv.seq;
    };
    unit.afterCommit(end);
    unit.afterRollback(end);
  }
}

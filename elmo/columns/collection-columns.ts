/**
 * What is kept in memory of the values that the records of a collection have at paths by which queries look through many of
 * them: a code for each record (codes.ts), by its id, so that a record need not be looked up to be left out. Where values cannot
 * be told apart by codes, the code is a signature (signature.ts).
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
  SIGNATURE_PAGE_BYTES,
  UNKNOWN,
  WIDE_PAGE_BYTES,
} from './codes.js';
import { Column } from './column.js';
import type { ColumnMemory, ColumnOwner } from './column-memory.js';
import { ColumnPage } from './column-page.js';
import type { PageColumn } from './page-column.js';
import { isPlain } from './plain-path.js';
import { SignatureColumn } from './signature-column.js';

/** So many records are looked at by a path before it gets a column, or a quarter of those there are if these are more. */
const WORTH = 4096;
/** Paths of which such is known; when there are more, it is forgotten. */
const MOST_PATHS = 64;
/** A column takes a place in each page. */
const MOST_COLUMNS = 32;

function worth(documents: number): number {
  return Math.max(WORTH, documents / 4);
}

export class CollectionColumns implements ColumnOwner {
  /** By id >>> PAGE_BITS. */
  pages: (ColumnPage | undefined)[] = [];
  private readonly columns = new Map<string, Column>();
  private readonly signed = new Map<string, SignatureColumn>();
  /** By path: records that were looked at; Infinity: it can have no column whose codes tell values apart. */
  private readonly looks = new Map<string, number>();
  /** The same since then, where conditions could be asked of signatures. */
  private readonly signedLooks = new Map<string, number>();
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
    return this.touched(this.columns.get(path));
  }

  /** Signatures of what is at a path, or undefined. */
  signatures(path: string): SignatureColumn | undefined {
    return this.touched(this.signed.get(path));
  }

  private touched<T extends PageColumn>(column: T | undefined): T | undefined {
    if (column !== undefined) this.memory.touch(column);
    return column;
  }

  get isEmpty(): boolean {
    return this.columns.size + this.signed.size === 0;
  }

  /**
   * Whether a path may ever have a column.
   * @param isWide  whether a wide one will do, in which values cannot be told apart by their codes
   */
  canHold(path: string, isWide: boolean): boolean {
    return isPlain(path) && (this.wide.has(path) ? isWide : this.looks.get(path) !== Infinity);
  }

  /** Whether signatures may be kept of a path: no codes can be. */
  canSign(path: string): boolean {
    return this.looks.get(path) === Infinity || this.wide.has(path);
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
      this.signedLooks.clear();
      this.wide.clear();
    }
    this.looks.set(path, looks);
    if (looks < worth(documents) || !this.canHold(path, true) || !this.canOpen()) return;
    const most = Math.min(MOST_VALUES, Math.max(FEW_VALUES, documents >>> 2));
    const column = new Column(path, this.takeSlot(), most, this.wide.has(path));
    this.columns.set(path, column);
    this.memory.touch(column);
  }

  /** The same of a path that `canSign`, by a condition that can be asked of signatures. */
  noteSignedLooks(path: string, records: number, documents: number): void {
    if (this.signed.has(path)) return;
    const looks = (this.signedLooks.get(path) ?? 0) + records;
    this.signedLooks.set(path, looks);
    if (looks < worth(documents) || !this.canOpen()) return;
    const column = new SignatureColumn(path, this.takeSlot());
    this.signed.set(path, column);
    this.memory.touch(column);
  }

  /** Whether there is room for one more column. Pages are begun if there are none. */
  private canOpen(): boolean {
    if (this.columns.size + this.signed.size === MOST_COLUMNS) return false;
    if (!this.isActive) {
      if (this.writers > 0 || !this.kv.isUpToDate) return false;
      this.isActive = true;
      this.activeFrom = this.kv.seq;
    }
    return true;
  }

  private takeSlot(): number {
    return this.freeSlots.pop() ?? this.slots++;
  }

  /** The page of these ids, made if there is none. */
  page(number: number): ColumnPage {
    return (this.pages[number] ??= new ColumnPage(this.activeFrom));
  }

  /**
   * The codes of a page, to be written into by who has just seen that its view may.
   * @returns undefined: there is no memory for them, or the column is gone
   */
  codesOf(page: ColumnPage, column: PageColumn): Uint16Array | Int32Array | undefined {
    if (!column.isOpen) return undefined;
    return (
      page.held(column.slot) ??
      (column instanceof Column ? this.newCodes(page, column) : this.newSignatures(page, column))
    );
  }

  private newCodes(page: ColumnPage, column: Column): Uint16Array | undefined {
    const { slot, isWide } = column;
    const bytes = PAGE_BYTES + (isWide ? WIDE_PAGE_BYTES : column.takeGrowth());
    if (!this.memory.take(this, column, bytes)) return undefined;
    if (isWide) page.wide[slot] = new Uint8Array(WIDE_PAGE_BYTES);
    return (page.codes[slot] = new Uint16Array(PAGE_IDS));
  }

  private newSignatures(page: ColumnPage, column: PageColumn): Int32Array | undefined {
    if (!this.memory.take(this, column, SIGNATURE_PAGE_BYTES)) return undefined;
    return (page.signatures[column.slot] = new Int32Array(PAGE_IDS));
  }

  /** Notes what a record has. @param page  one that the view may write into */
  note(page: ColumnPage, column: PageColumn, id: number, bytes: Uint8Array | undefined, at: number): void {
    const codes = this.codesOf(page, column);
    const n = id & (PAGE_IDS - 1);
    if (codes === undefined || codes[n] !== UNKNOWN) return;
    codes[n] = bytes === undefined ? ABSENT : column.codeOf(bytes, at);
    if (!(column instanceof Column)) return;
    if (column.isFull) this.replace(column);
    else if (column.isWide && codes[n] >= FIRST_CODE) {
      const wide = page.wide[column.slot]!;
      for (let i = 0, to = n * WIDE_BYTES; i < column.wideLength; i++)
        wide[to + i] = bytes![column.wideAt + i]!;
    }
  }

  /** A column has met too many values, or too much that has no code. */
  private replace(column: Column): void {
    const { path, shouldBeWide } = column;
    this.memory.give(column);
    this.drop(column);
    this.looks.set(path, Infinity);
    if (shouldBeWide) this.wide.add(path);
  }

  drop(column: PageColumn): void {
    const { path, slot } = column;
    if (!column.isOpen) return;
    column.isOpen = false;
    if (column instanceof Column) {
      this.columns.delete(path);
      this.looks.delete(path);
    } else {
      this.signed.delete(path);
      this.signedLooks.delete(path);
    }
    if (this.isEmpty) {
      this.isActive = false;
      this.pages = [];
    } else for (const page of this.pages) page?.drop(slot);
    this.freeSlots.push(slot);
  }

  /** Nothing is kept any more: the collection is gone. */
  clear(): void {
    for (const column of [...this.columns.values(), ...this.signed.values()]) {
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
    page.forget(at);
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

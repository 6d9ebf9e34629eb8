/**
 * Leaves records out by what columns tell of them, before they are looked up. What is not left out has still to be asked
 * by the whole filter.
 */
import { isSnapshot, type ReadView } from '../../lsm/index.js';
import type { CollectionState } from '../catalog/collection-state.js';
import type { CollationSpec } from '../collation/collation.js';
import { ABSENT, isCoded, LAST_ID, MOST_RECORDS, PAGE_BITS, PAGE_IDS, UNKNOWN } from '../columns/codes.js';
import type { CollectionColumns } from '../columns/collection-columns.js';
import type { ColumnPage } from '../columns/column-page.js';
import type { PageColumn } from '../columns/page-column.js';
import { appendRecordKey } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { FilterNode } from '../query/filter.js';
import { conditionOf, Gathered, type RecordCondition } from './screen-conditions.js';
import { SignatureCondition, signaturesOf } from './screen-signatures.js';

const key = new KeyWriter();
/** Smaller collections are quickly read. */
const LEAST_DOCUMENTS = 256;
/** Changed records that are looked up before anything is read. */
const MOST_LOOKUPS = 1024;
/** Pages that are looked at to tell whether it is worth it. */
const SAMPLES = 4;

/** Of what is read. */
export interface ScreenContext {
  readonly entry: { readonly state: CollectionState };
  readonly view: ReadView;
  readonly collation: CollationSpec | undefined;
}

/** A page all of whose records are learnt, one after the other. */
interface Lesson {
  readonly page: ColumnPage;
  readonly changes: number;
  /** Of each column, as the lesson began. */
  readonly codes: readonly (Uint16Array | Int32Array | undefined)[];
}

/** What is asked of a path, without a collation. */
interface Unsigned {
  readonly path: string;
  readonly node: FilterNode;
}

/** Which ids are left out, while many are looked at. */
let marks = new Uint8Array(1024);

export class Screen {
  /** Set by `sift`. */
  gapBehind = 0;
  private isClosed = false;
  private lesson: Lesson | undefined;
  /** Columns that are told what is read. */
  private readonly learned: readonly PageColumn[];

  /**
   * @param required  columns that are wanted of all records
   * @param paths  that have no column, and may have one some day
   * @param unsigned  paths that have no signatures, and may have them some day
   * @param seq  of the view that is read
   * @param isComplete  whether the conditions are all that the filter asks
   */
  constructor(
    private readonly state: CollectionState,
    private readonly conditions: readonly RecordCondition[],
    private readonly required: readonly PageColumn[],
    private readonly paths: readonly string[],
    private readonly unsigned: readonly Unsigned[],
    private readonly seq: number,
    readonly isComplete: boolean,
  ) {
    const asked = conditions.map(({ column }) => column);
    this.learned = [...asked, ...required.filter((column) => !asked.includes(column))];
  }

  /** Whether it knows anything, or is to learn it. */
  get isOfUse(): boolean {
    return this.learned.length > 0;
  }

  get columns(): CollectionColumns {
    return this.state.columns;
  }

  /** Whether a record need not be looked up. */
  leavesOut(id: number): boolean {
    const { conditions } = this;
    const page = this.readablePage(id);
    if (page === undefined) return false;
    const at = id & (PAGE_IDS - 1);
    for (let i = 0; i < conditions.length; i++) if (conditions[i]!.leavesOut(page, at)) return true;
    return false;
  }

  /** Whether it may know of records that the whole filter accepts them. */
  get mayAccept(): boolean {
    return this.isComplete && this.conditions.length > 0;
  }

  /** Whether the whole filter is known to accept a record, which is there. */
  accepts(id: number): boolean {
    const { conditions } = this;
    if (!this.mayAccept) return false;
    const page = this.readablePage(id);
    if (page === undefined) return false;
    const at = id & (PAGE_IDS - 1);
    for (let i = 0; i < conditions.length; i++) if (!conditions[i]!.accepts(page, at)) return false;
    return true;
  }

  /**
   * Goes through ids, and keeps those that are not left out.
   * @param gaps  gets, for each that is kept, how many were left out before it
   * @param gap  how many were left out right before the first
   * @returns where those that are kept end; behind them `gapBehind` were left out
   */
  sift(ids: Float64Array, from: number, to: number, gaps: Int32Array, gap: number): number {
    const { conditions } = this;
    if (marks.length < to) marks = new Uint8Array(2 * to);
    marks.fill(0, from, to);
    for (let start = from, end = from; start < to; start = end) {
      const number = Math.floor(ids[start]! / PAGE_IDS);
      const first = number * PAGE_IDS;
      for (end = start + 1; end < to && ids[end]! >= first && ids[end]! < first + PAGE_IDS;) end++;
      const page = this.readablePage(first);
      if (page === undefined) continue;
      for (let i = 0; i < conditions.length; i++) conditions[i]!.mark(page, first, ids, start, end, marks);
    }
    let count = from;
    for (let i = from; i < to; i++) {
      if (marks[i] === 1) {
        gap++;
        continue;
      }
      ids[count] = ids[i]!;
      gaps[count++] = gap;
      gap = 0;
    }
    this.gapBehind = gap;
    return count;
  }

  /** The page of a record, if what it tells is true of the view that is read. */
  private readablePage(id: number): ColumnPage | undefined {
    if (id > LAST_ID) return undefined;
    const page = this.columns.pages[id >>> PAGE_BITS];
    return page === undefined || page.readableFrom > this.seq ? undefined : page;
  }

  /** Whether codes tell, of each record of a page, whether it is there: for `candidates`. */
  knows(page: ColumnPage | undefined): page is ColumnPage {
    if (page === undefined || page.readableFrom > this.seq) return false;
    const isWhole = ({ isOpen, slot }: PageColumn): boolean => isOpen && page.isWhole[slot] === true;
    return this.required.length > 0 ? this.learned.every(isWhole) : this.learned.some(isWhole);
  }

  /**
   * The records of a page that are not left out, in the order of their ids.
   * @param page  one that it `knows`
   * @param number  of the page
   * @param into  PAGE_IDS long, and one more for how many were left out
   * @returns how many they are
   */
  candidates(page: ColumnPage, number: number, into: Float64Array): number {
    const first = number * PAGE_IDS;
    let count = PAGE_IDS;
    for (let i = 0; i < PAGE_IDS; i++) into[i] = first + i;
    into[PAGE_IDS] = 0;
    for (const condition of this.conditions) count = condition.select(page, first, into, count);
    return count;
  }

  /** Whether it is known of all records that none is left out, and that no more is asked of them. */
  acceptsAll(scratch: Float64Array): boolean {
    return this.conditions.length > 0 && this.decided(scratch, (_count, leftOut) => leftOut === 0);
  }

  /**
   * Goes through the pages as long as it is known of each record whether the whole filter accepts it.
   * @param take  is given how many ids of a page are in `scratch`, accepted or of no record, and how many were left out
   * @returns false: it is not known of all, or `take` said so
   */
  decided(
    scratch: Float64Array,
    take: (count: number, leftOut: number, page: ColumnPage) => boolean,
  ): boolean {
    const { columns, state, learned } = this;
    const { pages } = columns;
    if (!this.isComplete || state.highestId >= pages.length * PAGE_IDS || state.highestId >= MOST_RECORDS)
      return false;
    for (let number = 0; number < pages.length; number++) {
      const page = pages[number];
      if (!this.knows(page)) return false;
      for (const { isOpen, slot } of learned) if (!isOpen || !isCoded(page.codes[slot])) return false;
      const count = this.candidates(page, number, scratch);
      if (!take(count, scratch[PAGE_IDS]!, page)) return false;
    }
    return true;
  }

  /**
   * Where little has changed in pages that were known whole, looks at the changed records; pages in which much has are to
   * be read again.
   * @param keyspace  of the records
   * @returns whether pages are to be read, so that all that is wanted is known
   */
  catchUp(view: ReadView, keyspace: number): boolean {
    const { columns, learned, seq, state } = this;
    const { pages } = columns;
    if (!this.isComplete || this.paths.length > 0 || learned.some(({ isOpen }) => !isOpen)) return false;
    let isToRead = state.highestId >= pages.length * PAGE_IDS;
    let left = MOST_LOOKUPS;
    for (let number = 0; number < pages.length; number++) {
      const page = pages[number];
      if (page !== undefined && page.readableFrom > seq) return false;
      if (!this.knows(page)) {
        isToRead = true;
        continue;
      }
      for (const { slot } of learned) {
        const codes = page.codes[slot]!;
        for (let at = codes.indexOf(UNKNOWN); at >= 0; at = codes.indexOf(UNKNOWN, at + 1)) {
          if (left-- > 0) this.lookAt(view, keyspace, number * PAGE_IDS + at);
          else {
            page.isWhole[slot] = false;
            isToRead = true;
            break;
          }
        }
      }
    }
    return isToRead;
  }

  private lookAt(view: ReadView, keyspace: number, id: number): void {
    key.clear();
    appendRecordKey(key, keyspace, id);
    if (view.lookup(key.bytes, key.length)) this.learn(id, view.valueBytes, view.valueOffset);
    else this.learn(id, undefined, 0);
  }

  /** Whether most records of some pages, taken from all over the collection, are left out, as far as it is known. */
  leavesMostOut(scratch: Float64Array): boolean {
    const { pages } = this.columns;
    let asked = 0;
    let found = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const number = Math.floor(((i + 0.5) * pages.length) / SAMPLES);
      const page = pages[number];
      if (!this.knows(page)) return true;
      asked += PAGE_IDS;
      found += this.candidates(page, number, scratch);
    }
    return found <= asked / 4;
  }

  /**
   * A record that was looked up.
   * @param bytes  hold the document at `at`, as the view shows it; undefined: there is none
   */
  learn(id: number, bytes: Uint8Array | undefined, at: number): void {
    if (id > LAST_ID) return;
    const { columns, learned } = this;
    for (let i = 0; i < learned.length; i++) {
      const column = learned[i]!;
      if (!column.isOpen) continue;
      const page = columns.page(id >>> PAGE_BITS);
      if (page.readableFrom > this.seq) return;
      columns.note(page, column, id, bytes, at);
    }
  }

  /** From now on all records of a page are learnt. */
  beginPage(number: number): void {
    const { columns, learned } = this;
    this.lesson = undefined;
    if (number > LAST_ID >>> PAGE_BITS || columns.isEmpty) return;
    const page = columns.page(number);
    if (page.readableFrom > this.seq) return;
    const codes = learned.map((column) => columns.codesOf(page, column));
    if (columns.pages[number] === page) this.lesson = { page, changes: page.changes, codes };
  }

  /** All records were learnt: ids of which nothing is known are those of no record. */
  endPage(): void {
    const { lesson, learned } = this;
    if (lesson === undefined) return;
    this.lesson = undefined;
    const { page, changes } = lesson;
    if (page.changes !== changes || page.readableFrom > this.seq) return;
    learned.forEach(({ slot, isOpen }, n) => {
      const codes = lesson.codes[n];
      if (codes === undefined || !isOpen || page.held(slot) !== codes) return;
      for (let i = 0; i < PAGE_IDS; i++) if (codes[i] === UNKNOWN) codes[i] = ABSENT;
      page.markWhole(slot);
    });
  }

  /** @param looked  records that were looked up or left out. Safe to call twice */
  close(looked: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { columns, paths, unsigned } = this;
    const { documentEstimate } = this.state;
    for (const path of paths) columns.noteLooks(path, looked, documentEstimate);
    for (const { path, node } of unsigned)
      if (columns.canSign(path) && signaturesOf(node) !== undefined)
        columns.noteSignedLooks(path, looked, documentEstimate);
  }
}

/**
 * @param coded  paths at which values are wanted, instead of records
 * @returns undefined: nothing can be left out, now or later
 */
export function screenOf(
  filter: FilterNode | undefined,
  { entry: { state }, view, collation }: ScreenContext,
  coded: readonly string[] = [],
): Screen | undefined {
  if (filter === undefined && coded.length === 0) return undefined;
  if (!isSnapshot(view) || state.documentEstimate < LEAST_DOCUMENTS) return undefined;
  const gathered = new Gathered();
  if (filter !== undefined && !gathered.add(filter)) return undefined;
  const { columns } = state;
  const conditions: RecordCondition[] = [];
  const required: PageColumn[] = [];
  const paths: string[] = [];
  const unsigned: Unsigned[] = [];
  for (const [path, ofPath] of gathered.nodes) {
    const node: FilterNode = ofPath.length === 1 ? ofPath[0]! : { kind: 'and', children: ofPath };
    const column = columns.column(path);
    const hasCodes = column !== undefined && !column.isWide;
    if (hasCodes) conditions.push(conditionOf(column, node, collation));
    else if (columns.canHold(path, false)) paths.push(path);
    const signatures = columns.signatures(path);
    if (collation !== undefined || !(hasCodes || signatures !== undefined || columns.canSign(path))) continue;
    const alternatives = hasCodes ? undefined : signaturesOf(node);
    if (signatures === undefined && (hasCodes || alternatives !== undefined)) unsigned.push({ path, node });
    else if (signatures !== undefined && alternatives !== undefined)
      conditions.push(new SignatureCondition(signatures, alternatives));
  }
  const areExact = conditions.every(({ isExact }) => isExact);
  const isComplete = gathered.isComplete && areExact && conditions.length === gathered.nodes.size;
  if (state.highestId < MOST_RECORDS && coded.every((path) => columns.canHold(path, true)))
    for (const path of coded) {
      const column = columns.column(path);
      if (column === undefined) paths.push(path);
      else if (isComplete) required.push(column);
    }
  if (conditions.length + required.length + paths.length + unsigned.length === 0) return undefined;
  return new Screen(state, conditions, required, paths, unsigned, view.seq, isComplete);
}

/** What of a filter is about the value at one path alone, and what it says to the codes of the path's column. */
import { OBJECT_ID, STRING } from '../bson/types.js';
import type { CollationSpec } from '../collation/collation.js';
import { ABSENT, NO_VALUE, PAGE_IDS, UNCODED, UNKNOWN } from '../columns/codes.js';
import type { Column } from '../columns/column.js';
import type { ColumnPage } from '../columns/column-page.js';
import type { PageColumn } from '../columns/page-column.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';

/** Room for values that are met during the query. */
const MORE_CODES = 64;

/** Verdicts: not looked at yet, left out, to be asked, no record. */
const OPEN = 0;
const OUT = 1;
const IN = 2;
const NONE = 3;

/** What a filter asks of one path, where a column tells something about it. */
export interface RecordCondition {
  readonly column: PageColumn;
  /** Whether records that are not left out meet it, if anything is known of them. */
  readonly isExact: boolean;
  /** Whether a record of a page need not be looked up. */
  leavesOut(page: ColumnPage, at: number): boolean;
  /** Whether a record of a page is known to meet it. */
  accepts(page: ColumnPage, at: number): boolean;
  /** Sets the marks [from, to) of ids of a page that need not be looked up. @param first  id of the page */
  mark(page: ColumnPage, first: number, ids: Float64Array, from: number, to: number, marks: Uint8Array): void;
  /**
   * Goes through ids of a page, and keeps those that are not left out. To the number at PAGE_IDS is added how many are.
   * @param first  id of the page
   * @param count  of the ids
   * @returns how many are kept
   */
  select(page: ColumnPage, first: number, ids: Float64Array, count: number): number;
}

/** What a filter asks of the values of a column. */
export function conditionOf(
  column: Column,
  node: FilterNode,
  collation: CollationSpec | undefined,
): RecordCondition {
  if (node.kind !== 'eq' || column.hasOtherTexts) return new Condition(column, node, collation);
  const { type, bytes, at } = node.value;
  const hasOneCode = (type === STRING && collation === undefined) || type === OBJECT_ID;
  if (!hasOneCode) return new Condition(column, node, collation);
  return new OneCodeCondition(column, column.find(bytes, type, at));
}

/** Equality with a value that has one code, or none. */
class OneCodeCondition implements RecordCondition {
  readonly isExact = true;
  /** Codes from here on are of values that were met later. */
  private readonly codeEnd: number;

  /** @param code  below 0: the value was not met before */
  constructor(
    readonly column: Column,
    private readonly code: number,
  ) {
    this.codeEnd = column.codeEnd;
  }

  leavesOut(page: ColumnPage, at: number): boolean {
    const { isOpen, slot } = this.column;
    const codes = page.codes[slot];
    return codes !== undefined && isOpen && this.isOther(codes[at]!);
  }

  accepts(page: ColumnPage, at: number): boolean {
    const { isOpen, slot } = this.column;
    return isOpen && page.codes[slot]?.[at] === this.code;
  }

  mark(
    page: ColumnPage,
    first: number,
    ids: Float64Array,
    from: number,
    to: number,
    marks: Uint8Array,
  ): void {
    const { isOpen, slot } = this.column;
    const codes = page.codes[slot];
    if (codes === undefined || !isOpen) return;
    for (let i = from; i < to; i++) if (this.isOther(codes[ids[i]! - first]!)) marks[i] = 1;
  }

  select(page: ColumnPage, first: number, ids: Float64Array, count: number): number {
    const { isOpen, slot } = this.column;
    const codes = page.codes[slot];
    if (codes === undefined || !isOpen) return count;
    let left = 0;
    let leftOut = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const code = codes[id - first]!;
      if (this.isOther(code)) leftOut++;
      else if (code !== ABSENT) ids[left++] = id;
    }
    ids[PAGE_IDS]! += leftOut;
    return left;
  }

  private isOther(code: number): boolean {
    return code >= NO_VALUE && code !== this.code && code < this.codeEnd;
  }
}

/** One that is asked of values, by their codes. */
class Condition implements RecordCondition {
  readonly isExact = true;
  private readonly verdicts: Uint8Array;
  private matcher: Matcher | undefined;

  constructor(
    readonly column: Column,
    private readonly node: FilterNode,
    private readonly collation: CollationSpec | undefined,
  ) {
    this.verdicts = new Uint8Array(column.codeEnd + MORE_CODES);
    this.verdicts[UNKNOWN] = this.verdicts[UNCODED] = IN;
    this.verdicts[ABSENT] = NONE;
  }

  leavesOut(page: ColumnPage, at: number): boolean {
    const { isOpen, slot } = this.column;
    const codes = page.codes[slot];
    return codes !== undefined && isOpen && this.verdict(codes[at]!) === OUT;
  }

  accepts(page: ColumnPage, at: number): boolean {
    const { isOpen, slot } = this.column;
    const code = isOpen ? page.codes[slot]?.[at] : undefined;
    // of a value that was met later nothing is known
    return code !== undefined && code >= NO_VALUE && code < this.verdicts.length && this.verdict(code) === IN;
  }

  mark(
    page: ColumnPage,
    first: number,
    ids: Float64Array,
    from: number,
    to: number,
    marks: Uint8Array,
  ): void {
    const { isOpen, slot } = this.column;
    const codes = page.codes[slot];
    if (codes === undefined || !isOpen) return;
    for (let i = from; i < to; i++) if (this.verdict(codes[ids[i]! - first]!) === OUT) marks[i] = 1;
  }

  select(page: ColumnPage, first: number, ids: Float64Array, count: number): number {
    const { isOpen, slot } = this.column;
    const codes = page.codes[slot];
    if (codes === undefined || !isOpen) return count;
    let left = 0;
    let leftOut = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const verdict = this.verdict(codes[id - first]!);
      if (verdict === IN) ids[left++] = id;
      else if (verdict === OUT) leftOut++;
    }
    ids[PAGE_IDS]! += leftOut;
    return left;
  }

  private verdict(code: number): number {
    const { verdicts } = this;
    if (code >= verdicts.length) return IN;
    const verdict = verdicts[code]!;
    return verdict === OPEN ? this.decide(code) : verdict;
  }

  private decide(code: number): number {
    this.matcher ??= compileFilter(this.node, { collation: this.collation });
    return (this.verdicts[code] = this.matcher.matches(this.column.documentOf(code), 0) ? IN : OUT);
  }
}

/** The conditions of a filter that are about one path each, and must all be met. */
export class Gathered {
  readonly nodes = new Map<string, FilterNode[]>();
  /** Whether there are no others. */
  isComplete = true;

  /** @returns false: some condition may fail, so that leaving a record out would show */
  add(node: FilterNode): boolean {
    if (node.kind === 'and') return node.children.every((child) => this.add(child));
    const path = pathOf(node);
    if (path === undefined) {
      this.isComplete &&= node.kind === 'true';
      return !isUnsure(node);
    }
    const known = this.nodes.get(path);
    if (known === undefined) this.nodes.set(path, [node]);
    else known.push(node);
    return true;
  }
}

/** The one path whose value alone decides; undefined: there is none. */
function pathOf(node: FilterNode): string | undefined {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'nor': {
      const [first, ...others] = node.children;
      const path = first === undefined ? undefined : pathOf(first);
      return path !== undefined && others.every((child) => pathOf(child) === path) ? path : undefined;
    }
    case 'not':
      return pathOf(node.child);
    case 'true':
    case 'false':
    case 'expr':
    case 'demand':
    case 'schema':
    case 'special':
      return undefined;
    default:
      return node.path;
  }
}

/** Whether a condition asks an expression, of any kind, or something that has to see every record. */
function isUnsure(node: FilterNode): boolean {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return node.children.some(isUnsure);
    case 'not':
      return isUnsure(node.child);
    default:
      return node.kind === 'expr' || node.kind === 'special';
  }
}

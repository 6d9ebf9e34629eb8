/** What of a filter is about the value at one path alone, and what it says to the codes of the path's column. */
import { OBJECT_ID, STRING } from '../bson/types.js';
import type { CollationSpec } from '../collation/collation.js';
import { ABSENT, NO_VALUE, UNCODED, UNKNOWN } from '../columns/codes.js';
import type { Column } from '../columns/column.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';

/** Room for values that are met during the query. */
const MORE_CODES = 64;

/** Verdicts: not looked at yet, left out, to be asked, no record. */
const OPEN = 0;
export const OUT = 1;
export const IN = 2;
const NONE = 3;

/** What a filter asks of one path, and what it says to each code of the path's column. */
export class Condition {
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
    this.decideEquality();
  }

  /** A text that is to be there has one code, or none. */
  private decideEquality(): void {
    const { node, column, verdicts, collation } = this;
    if (node.kind !== 'eq') return;
    const { type, bytes, at } = node.value;
    const isText = type === STRING && collation === undefined && !column.hasOtherTexts;
    if (!isText && !(type === OBJECT_ID && !column.hasOtherTexts)) return;
    verdicts.fill(OUT, NO_VALUE, column.codeEnd);
    const code = column.find(bytes, type, at);
    if (code >= 0) verdicts[code] = IN;
  }

  verdict(code: number): number {
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
      return !mayFail(node);
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

function mayFail(node: FilterNode): boolean {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return node.children.some(mayFail);
    case 'not':
      return mayFail(node.child);
    default:
      return node.kind === 'expr' || node.kind === 'special';
  }
}

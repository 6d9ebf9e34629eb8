/** What conditions say to the signatures that a column keeps of what records have at a path. */
import { ABSENT, PAGE_IDS, UNKNOWN } from '../columns/codes.js';
import type { ColumnPage } from '../columns/column-page.js';
import { hasSignature, signatureOf } from '../columns/signature.js';
import type { SignatureColumn } from '../columns/signature-column.js';
import type { Value } from '../bson/value.js';
import type { FilterNode } from '../query/filter.js';
import type { RecordCondition } from './screen-conditions.js';

/** Each signature is asked for one after the other. */
const MOST_ALTERNATIVES = 32;

/**
 * What a condition asks of one path, without a collation.
 * @returns signatures, one of which is in that of each record it accepts; undefined: it accepts others as well
 */
export function signaturesOf(node: FilterNode): readonly number[] | undefined {
  switch (node.kind) {
    case 'eq':
      return ofValues([node.value]);
    case 'in':
      return node.regexes.length > 0 ? undefined : ofValues(node.values);
    case 'and':
      return ofAll(node.children);
    case 'elemMatchValue':
      return ofAll(node.children.filter(({ kind }) => kind === 'eq' || kind === 'in'));
    case 'or': {
      const found = node.children.map(signaturesOf);
      return few(found.every((each) => each !== undefined) ? found.flat() : undefined);
    }
    default:
      return undefined;
  }
}

function ofValues(values: readonly Value[]): readonly number[] | undefined {
  if (values.length > MOST_ALTERNATIVES || !values.every(({ type }) => hasSignature(type))) return undefined;
  return values.map(({ bytes, type, at }) => signatureOf(bytes, type, at));
}

/** Of conditions that must all be met. */
function ofAll(nodes: readonly FilterNode[]): readonly number[] | undefined {
  let found: readonly number[] | undefined;
  for (const node of nodes) {
    const others = signaturesOf(node);
    if (found === undefined) found = others;
    else if (others !== undefined)
      found = few(found.flatMap((one) => others.map((other) => one | other))) ?? found;
  }
  return found;
}

function few(signatures: readonly number[] | undefined): readonly number[] | undefined {
  return signatures !== undefined && signatures.length <= MOST_ALTERNATIVES ? signatures : undefined;
}

export class SignatureCondition implements RecordCondition {
  readonly isExact = false;

  /** @param alternatives  signatures: a record whose own lacks bits of each of them is left out */
  constructor(
    readonly column: SignatureColumn,
    private readonly alternatives: readonly number[],
  ) {}

  leavesOut(page: ColumnPage, at: number): boolean {
    const { isOpen, slot } = this.column;
    const signature = isOpen ? page.signatures[slot]?.[at] : undefined;
    return signature !== undefined && signature < 0 && !this.mayMatch(signature);
  }

  accepts(): boolean {
    return false;
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
    const signatures = page.signatures[slot];
    if (signatures === undefined || !isOpen) return;
    for (let i = from; i < to; i++) {
      const signature = signatures[ids[i]! - first]!;
      if (signature < 0 && !this.mayMatch(signature)) marks[i] = 1;
    }
  }

  select(page: ColumnPage, first: number, ids: Float64Array, count: number): number {
    const { isOpen, slot } = this.column;
    const signatures = page.signatures[slot];
    if (signatures === undefined || !isOpen) return count;
    let left = 0;
    let leftOut = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const signature = signatures[id - first]!;
      if (signature === UNKNOWN || this.mayMatch(signature)) ids[left++] = id;
      else if (signature !== ABSENT) leftOut++;
    }
    ids[PAGE_IDS]! += leftOut;
    return left;
  }

  private mayMatch(signature: number): boolean {
    const { alternatives } = this;
    for (let i = 0; i < alternatives.length; i++) {
      const wanted = alternatives[i]!;
      if ((signature & wanted) === wanted) return true;
    }
    return false;
  }
}

/**
 * The order in which the reference sorts conditions that stand beside each other: by kind, then by path. `explain` shows it,
 * and which condition is the last on an array decides what a positional `$` stands for.
 */
import type { FilterNode } from './filter.js';

const KINDS: readonly FilterNode['kind'][] = [
  'and',
  'or',
  'elemMatchObject',
  'elemMatchValue',
  'size',
  'eq',
  'lte',
  'lt',
  'gt',
  'gte',
  'regex',
  'mod',
  'exists',
  'in',
  'bits',
  'not',
  'nor',
  'type',
  'special',
  'schema',
  'expr',
  'true',
  'false',
];
const RANKS: ReadonlyMap<string, number> = new Map(KINDS.map((kind, rank) => [kind, rank]));
const BIT_TESTS = ['allSet', 'allClear', 'anySet', 'anyClear'];

/** The same for alternatives: there an expression that compares fields with constants counts as what it says of the fields. */
export function compareAlternatives(a: FilterNode, b: FilterNode): number {
  const [isA, isB] = [isAboutFields(a), isAboutFields(b)];
  if (isA && isB) return 0;
  return isA
    ? COMPOUND_RANK - RANKS.get(b.kind)!
    : isB
      ? RANKS.get(a.kind)! - COMPOUND_RANK
      : compareNodes(a, b);
}

const COMPOUND_RANK = RANKS.get('and')!;

function isAboutFields(node: FilterNode): boolean {
  return node.kind === 'expr' && node.expression.comparesFields;
}

export function compareNodes(a: FilterNode, b: FilterNode): number {
  const kinds = RANKS.get(a.kind)! - RANKS.get(b.kind)!;
  if (kinds !== 0) return kinds;
  if (a.kind === 'not' && b.kind === 'not') return compareNodes(a.child, b.child);
  if (a.kind === 'bits' && b.kind === 'bits' && a.test !== b.test)
    return BIT_TESTS.indexOf(a.test) - BIT_TESTS.indexOf(b.test);
  if (!('path' in a) || !('path' in b)) return 0;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

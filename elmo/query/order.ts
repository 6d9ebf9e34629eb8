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

export function compareNodes(a: FilterNode, b: FilterNode): number {
  const kinds = RANKS.get(a.kind)! - RANKS.get(b.kind)!;
  if (kinds !== 0) return kinds;
  if (a.kind === 'not' && b.kind === 'not') return compareNodes(a.child, b.child);
  if (a.kind === 'bits' && b.kind === 'bits' && a.test !== b.test)
    return BIT_TESTS.indexOf(a.test) - BIT_TESTS.indexOf(b.test);
  if (!('path' in a) || !('path' in b)) return 0;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

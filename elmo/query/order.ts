/**
 * The order in which the reference sorts conditions that stand beside each other: by kind, then by path. `explain` shows it,
 * and which condition is the last on an array decides what a positional `$` stands for.
 */
import type { Conditions, FilterNode } from './filter.js';

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

/**
 * Alternatives: there an expression that compares fields with constants counts as what it says of the fields, beside itself.
 */
export function compareAlternatives(a: FilterNode, b: FilterNode, among: Conditions = 'any'): number {
  const [isA, isB] = [isAboutFields(a), isAboutFields(b)];
  if (isA && isB) return equalityPath(a) === undefined ? (equalityPath(b) === undefined ? 0 : -1) : 1;
  if (!isA && !isB) return compareNodes(a, b, among);
  return isA ? compareWithFields(b, among) : -compareWithFields(a, among);
}

/** What a conjunction of an expression and conditions on fields is to a node: positive if the node comes first. */
function compareWithFields(node: FilterNode, among: Conditions): number {
  return node.kind === 'and' ? 1 : RANKS.get('and')! - rankOf(node, among);
}

/** Whether an expression compares fields with constants, so that conditions on these fields stand beside it. */
export function isAboutFields(node: FilterNode): boolean {
  return node.kind === 'expr' && node.expression.comparesFields;
}

/** The field that an expression says is equal to a constant, if it says no more. */
export function equalityPath(node: FilterNode): string | undefined {
  if (node.kind !== 'expr' || !node.expression.isComparison || !isAboutFields(node)) return undefined;
  const [demand] = node.expression.demands;
  return demand?.operator === 'eq' ? demand.path : undefined;
}

/** @param among  what they stand among */
export function compareNodes(a: FilterNode, b: FilterNode, among: Conditions = 'all'): number {
  const kinds = rankOf(a, among) - rankOf(b, among);
  if (kinds !== 0) return kinds;
  if (a.kind === 'not' && b.kind === 'not') return compareNodes(a.child, b.child);
  if (a.kind === 'bits' && b.kind === 'bits' && a.test !== b.test)
    return BIT_TESTS.indexOf(a.test) - BIT_TESTS.indexOf(b.test);
  const paths = 'path' in a && 'path' in b ? comparePaths(a.path, b.path) : 0;
  if (paths !== 0) return paths;
  if (a.kind === 'elemMatchObject' && b.kind === 'elemMatchObject') return compareNodes(a.child, b.child);
  return 'children' in a && 'children' in b ? compareLists(a.children, b.children) : 0;
}

function rankOf(node: FilterNode, among: Conditions): number {
  const isLast = node.kind === 'schema' && node.schema.isAskedLast(among);
  return isLast ? RANKS.size : RANKS.get(node.kind)!;
}

function compareLists(a: readonly FilterNode[], b: readonly FilterNode[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareNodes(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The conditions that are left for documents of an index's scan, in the order the reference asks them: those on the index's
 * fields by their place in it, the others by path, whole documents first, then by kind.
 */
export function inScanOrder(node: FilterNode, fields: readonly string[]): FilterNode {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'nor': {
      const places = node.kind === 'and' ? fields : [];
      const children = node.children.map((child) => inScanOrder(child, places));
      return { ...node, children: children.sort((a, b) => compareInScan(a, b, places)) };
    }
    case 'not':
      return { ...node, child: inScanOrder(node.child, []) };
    default:
      return node;
  }
}

function compareInScan(a: FilterNode, b: FilterNode, fields: readonly string[]): number {
  const [pathA, pathB] = ['path' in a ? a.path : '', 'path' in b ? b.path : ''];
  const places = placeOf(pathA, fields) - placeOf(pathB, fields);
  return places !== 0 ? places : comparePaths(pathA, pathB) || rankOf(a, 'all') - rankOf(b, 'all');
}

function placeOf(path: string, fields: readonly string[]): number {
  const place = fields.indexOf(path);
  return place < 0 ? fields.length : place;
}

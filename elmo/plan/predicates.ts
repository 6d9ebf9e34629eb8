/** The conditions of a filter that all have to hold, by the path each is about: what indexes are chosen by. */
import { ARRAY, UNDEFINED } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { fieldsOf } from '../catalog/raw-document.js';
import { elementsOf } from '../query/elements.js';
import type { FilterNode } from '../query/filter.js';

/** A `$elemMatch`: conditions inside are about one and the same element. */
export interface ElementGroup {
  /** How many components its path has: arrays at these are met by the same element. */
  readonly depth: number;
  readonly parent: ElementGroup | undefined;
}

export interface Predicate {
  readonly path: string;
  readonly node: FilterNode;
  readonly group: ElementGroup | undefined;
  /** The condition of the filter that holds wherever it holds exactly, if that is another. */
  readonly proves?: FilterNode | undefined;
}

export interface Predicates {
  readonly byPath: ReadonlyMap<string, readonly Predicate[]>;
  /** All conditions; those inside of an `$elemMatch` count as one. */
  readonly conjuncts: readonly FilterNode[];
}

const NUMERIC = /^\d+(\.|$)/;

export function predicatesOf(filter: FilterNode): Predicates {
  const byPath = new Map<string, Predicate[]>();
  const conjuncts: FilterNode[] = [];
  const add = (predicate: Predicate): void => {
    const list = byPath.get(predicate.path);
    if (list === undefined) byPath.set(predicate.path, [predicate]);
    else list.push(predicate);
  };
  const visit = (node: FilterNode, prefix: string, group: ElementGroup | undefined): void => {
    if (node.kind === 'and') {
      for (const child of node.children) visit(child, prefix, group);
      return;
    }
    if (group === undefined && node.kind !== 'true') conjuncts.push(node);
    if (node.kind === 'expr') {
      for (const predicate of demandsOf(node)) add(predicate);
      return;
    }
    if (node.kind === 'schema') {
      for (const path of requiredBy(node.raw))
        add({ path, node: { kind: 'exists', path }, group: undefined });
      return;
    }
    const own = pathOf(node);
    // a number below an element means a place in it, below an array a place in that
    if (own === undefined || (group !== undefined && NUMERIC.test(own))) return;
    const path = prefix + own;
    if (node.kind === 'elemMatchObject')
      visit(node.child, `${path}.`, { depth: path.split('.').length, parent: group });
    else add({ path, node, group });
  };
  visit(filter, '', undefined);
  return { byPath, conjuncts };
}

/** What an expression demands of fields. One that is compared with an array is not looked for. */
function demandsOf(expr: Extract<FilterNode, { kind: 'expr' }>): Predicate[] {
  const { expression } = expr;
  return expression.demands
    .filter(({ value }) => value.type !== ARRAY && value.type !== UNDEFINED)
    .map(({ path, operator, value }) => ({
      path,
      node: { kind: 'demand', path, operator, value },
      group: undefined,
      proves: expression.isDemand ? expr : undefined,
    }));
}

/** The fields that a schema says a document has. */
function requiredBy(schema: Value): string[] {
  const required = fieldsOf(schema.document).find(({ name }) => name === 'required')?.value;
  return required === undefined
    ? []
    : elementsOf(required)
        .map(({ value }) => value.text)
        .filter((name) => name !== '' && !name.includes('.'));
}

function pathOf(node: FilterNode): string | undefined {
  if (node.kind === 'or') {
    const paths = new Set(node.children.map(pathOf));
    return paths.size === 1 && !node.children.some(({ kind }) => kind === 'elemMatchObject')
      ? [...paths][0]
      : undefined;
  }
  if (node.kind === 'not') return node.child.kind === 'elemMatchObject' ? undefined : pathOf(node.child);
  return 'path' in node ? node.path : undefined;
}

/** What is left of a filter when some of its conjuncts are known to hold; undefined: nothing. */
export function residual(
  conjuncts: readonly FilterNode[],
  known: ReadonlySet<FilterNode>,
): FilterNode | undefined {
  const rest = conjuncts.filter((node) => !known.has(node));
  if (rest.length === 0) return undefined;
  return rest.length === 1 ? rest[0] : { kind: 'and', children: rest };
}

/** How many components the arrays span that both predicates' element has in common. */
export function commonDepth(a: Predicate, b: Predicate): number {
  for (let group = a.group; group !== undefined; group = group.parent)
    for (let other = b.group; other !== undefined; other = other.parent)
      if (other === group) return group.depth;
  return 0;
}

/** Every path a filter reads; undefined if it reads in ways that have no path. */
export function pathsOf(node: FilterNode): ReadonlySet<string> | undefined {
  const paths = new Set<string>();
  const visit = (each: FilterNode): boolean => {
    switch (each.kind) {
      case 'and':
      case 'or':
      case 'nor':
        return each.children.every(visit);
      case 'not':
        return visit(each.child);
      case 'true':
      case 'false':
        return true;
      case 'expr':
      case 'schema':
      case 'special':
        return false;
      default:
        paths.add(each.path);
        return true;
    }
  };
  return visit(node) ? paths : undefined;
}

/**
 * The order in which the reference asks the conditions of a `$match` that no plan has taken: as they are written, but for
 * what it does to the filter beforehand. Only conditions that may fail make it show.
 */
import type { FilterNode } from './filter.js';
import { foldFilter } from './normalize.js';

/** Conditions that all have to hold; those of an `$and` among them come behind the others. */
export function conjunctionAsWritten(nodes: readonly FilterNode[]): FilterNode[] {
  return withoutConstants(flattened('and', nodes), 'false', 'true');
}

/** Conditions none of which may hold. */
export function noneAsWritten(nodes: readonly FilterNode[]): FilterNode[] {
  return withoutConstants(nodes, 'true', 'false');
}

/** A condition that decides by itself is asked alone; those that decide nothing are not asked. */
function withoutConstants(
  nodes: readonly FilterNode[],
  decides: 'true' | 'false',
  saysNothing: 'true' | 'false',
): FilterNode[] {
  const left: FilterNode[] = [];
  for (const node of nodes) {
    const { kind } = foldFilter(node);
    if (kind === decides) return [{ kind }];
    if (kind !== saysNothing) left.push(node);
  }
  return left.length > 0 ? left : [{ kind: saysNothing }];
}

/**
 * Conditions of which one is enough: what a path may be equal to, where several say so, comes first; where one does, it
 * comes behind all others.
 */
export function alternativesAsWritten(nodes: readonly FilterNode[]): FilterNode[] {
  const flat = withoutConstants(flattened('or', nodes), 'true', 'false');
  const counts = new Map<string, number>();
  for (const node of flat) if (isEquality(node)) counts.set(node.path, (counts.get(node.path) ?? 0) + 1);
  const places: [FilterNode[], FilterNode[], FilterNode[]] = [[], [], []];
  for (const node of flat) {
    const count = isEquality(node) ? counts.get(node.path)! : 0;
    places[count > 1 ? 0 : count === 0 ? 1 : 2].push(node);
  }
  return places.flat();
}

function flattened(kind: 'and' | 'or', nodes: readonly FilterNode[]): FilterNode[] {
  const own: FilterNode[] = [];
  const inner: FilterNode[] = [];
  for (const node of nodes.map(withoutShell)) {
    if (node.kind !== kind) own.push(node);
    else inner.push(...flattened(kind, node.children));
  }
  return [...own, ...inner];
}

/** What an `$and` or `$or` of one condition says is that condition. */
function withoutShell(node: FilterNode): FilterNode {
  const isShell = (node.kind === 'and' || node.kind === 'or') && node.children.length === 1;
  return isShell ? withoutShell(node.children[0]!) : node;
}

function isEquality(node: FilterNode): node is FilterNode & { readonly kind: 'eq' | 'regex' | 'in' } {
  return (
    node.kind === 'eq' ||
    node.kind === 'regex' ||
    (node.kind === 'in' && node.values.length + node.regexes.length === 1)
  );
}

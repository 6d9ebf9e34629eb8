/**
 * A filter in the form the planner wants: nested `and`s and `or`s flat, constants folded away, what is said twice said
 * once, alternatives about one path merged into `in`, conditions in the order of `order.ts`. It matches the same
 * documents.
 */
import { compareValues, type Collation } from '../bson/compare.js';
import type { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { collatorOf } from '../collation/collator.js';
import type { FieldImplication } from '../expression/expression.js';
import { isTruthy } from './elements.js';
import { mayFail, type FilterNode, type RegexSpec } from './filter.js';
import { compareAlternatives, compareNodes, equalityPath, isAboutFields } from './order.js';
import { isSameNode } from './same.js';

const TRUE: FilterNode = { kind: 'true' };
const FALSE: FilterNode = { kind: 'false' };

/** @param collation  the one the filter was parsed with */
export function normalizeFilter(node: FilterNode, collation?: CollationSpec): FilterNode {
  return new Normalizer(collation === undefined ? undefined : collatorOf(collation)).node(node);
}

/** The same without a look at what conditions say of each other: an upsert takes from a filter what that still says. */
export function foldFilter(node: FilterNode, collation?: CollationSpec): FilterNode {
  return new Normalizer(collation === undefined ? undefined : collatorOf(collation), false).node(node);
}

class Normalizer {
  constructor(
    private readonly collation: Collation | undefined,
    /** Whether opposites and what is implied are left out. */
    private readonly simplifies = true,
  ) {}

  node(node: FilterNode): FilterNode {
    switch (node.kind) {
      case 'and':
        return this.conjunction(node.children);
      case 'or':
        return this.alternatives(node.children);
      case 'nor':
        return this.nor(node.children);
      case 'not':
        return negated(this.node(node.child));
      case 'in':
        return simplestIn(node.path, node.values, node.regexes);
      case 'elemMatchObject': {
        const child = this.node(node.child);
        return child.kind === 'false' ? FALSE : { ...node, child };
      }
      case 'elemMatchValue': {
        const children = node.children.map((child) => this.node(child));
        if (children.some(({ kind }) => kind === 'false')) return FALSE;
        return { ...node, children: children.toSorted(compareNodes) };
      }
      case 'expr': {
        const { constant } = node.expression;
        if (constant !== undefined) return isTruthy(constant) ? TRUE : FALSE;
        const { implied } = node.expression;
        if (implied === undefined || !this.simplifies) return node;
        return this.joined([this.node(this.implication(implied)), node]);
      }
      case 'schema': {
        const { ofDocuments } = node.schema;
        return ofDocuments === undefined ? node : ofDocuments ? TRUE : FALSE;
      }
      default:
        return node;
    }
  }

  /** Of what an expression says the fields are asked first. */
  private implication(implied: FieldImplication): FilterNode {
    return implied.kind === 'in'
      ? { kind: 'in', path: implied.path, values: this.sortedUnique(implied.values), regexes: [] }
      : { kind: implied.kind, children: implied.children.map((child) => this.implication(child)) };
  }

  private conjunction(nodes: readonly FilterNode[]): FilterNode {
    return this.joined(nodes.map((node) => this.node(node)));
  }

  private joined(nodes: readonly FilterNode[]): FilterNode {
    const own: FilterNode[] = [];
    const inner: FilterNode[] = [];
    for (const child of nodes) {
      if (child.kind === 'false') return FALSE;
      if (child.kind === 'and') inner.push(...child.children);
      else if (child.kind === 'nor') own.push(...child.children.map(negated));
      else if (isAboutFields(child)) inner.push(child);
      else if (child.kind !== 'true') own.push(child);
    }
    return this.combined('and', equalitiesLast(partedSchemas(joinedLists(own, inner))), TRUE);
  }

  private alternatives(nodes: readonly FilterNode[]): FilterNode {
    return this.anyOf(nodes.map((node) => this.node(node)));
  }

  private anyOf(nodes: readonly FilterNode[]): FilterNode {
    const own: FilterNode[] = [];
    const inner: FilterNode[] = [];
    for (const child of nodes) {
      if (child.kind === 'true') return TRUE;
      if (child.kind === 'or') inner.push(...child.children);
      else if (child.kind !== 'false') own.push(child);
    }
    return this.combined('or', this.merged(joinedLists(own, inner)), FALSE);
  }

  private nor(nodes: readonly FilterNode[]): FilterNode {
    const children = nodes.map((node) => this.node(node)).filter(({ kind }) => kind !== 'false');
    if (children.some(({ kind }) => kind === 'true')) return FALSE;
    const [only] = children;
    if (only === undefined) return TRUE;
    const shorter =
      this.simplifies && !children.some(holdsSchema) ? this.withoutRepeats(children) : undefined;
    if (shorter !== undefined) return this.combined('and', shorter.map(opposite), TRUE);
    return children.length === 1
      ? negated(only)
      : { kind: 'nor', children: children.toSorted((a, b) => compareAlternatives(a, b, 'none')) };
  }

  /** @returns undefined if all say something of their own */
  private withoutRepeats(nodes: readonly FilterNode[]): readonly FilterNode[] | undefined {
    if (nodes.length < 2) return undefined;
    const flat = nodes.flatMap((node) => (node.kind === 'or' ? node.children : [node]));
    const left = this.simplified('or', distinct(flat));
    if (left === undefined) return [TRUE];
    return left.length < nodes.length || flat.length > nodes.length ? left : undefined;
  }

  private combined(kind: 'and' | 'or', nodes: readonly FilterNode[], none: FilterNode): FilterNode {
    const unique = distinct(nodes);
    const children = this.simplifies && !unique.some(holdsSchema) ? this.simplified(kind, unique) : unique;
    if (children === undefined) return kind === 'and' ? FALSE : TRUE;
    const [only] = children;
    if (only === undefined) return none;
    const compare = kind === 'or' ? compareAlternatives : compareNodes;
    return children.length === 1 ? only : { kind, children: sorted(children, compare) };
  }

  /**
   * Without the conditions one of which is an alternative; and alternatives as they are where the conditions beside them hold.
   * @returns undefined if one is the opposite of another
   */
  private simplified(kind: 'and' | 'or', nodes: readonly FilterNode[]): readonly FilterNode[] | undefined {
    const other = kind === 'and' ? 'or' : 'and';
    if (!nodes.some((node) => node.kind === 'not' || node.kind === other)) return nodes;
    if (nodes.some((node) => node.kind === 'not' && isAmong(node.child, nodes))) return undefined;
    if (kind === 'or')
      return nodes.filter(
        (node) => node.kind !== 'and' || !node.children.some((child) => isAmong(child, nodes)),
      );
    const known = nodes.filter((node) => node.kind !== 'or');
    const children = nodes.map((node) => (node.kind === 'or' ? this.where(known, node) : node));
    if (children.every((child, i) => child === nodes[i])) return nodes;
    if (children.some(({ kind }) => kind === 'false')) return undefined;
    const left = children.flatMap((child) => (child.kind === 'and' ? child.children : [child]));
    return this.simplified('and', distinct(left.filter(({ kind }) => kind !== 'true')));
  }

  /** What is left to ask of a condition where others hold. */
  private where(known: readonly FilterNode[], node: FilterNode): FilterNode {
    if (isAmong(node, known)) return TRUE;
    if (excludes(node, known)) return FALSE;
    if (node.kind !== 'and' && node.kind !== 'or') return node;
    const children = node.children.map((child) => this.where(known, child));
    if (children.every((child, i) => child === node.children[i])) return node;
    return node.kind === 'and' ? this.joined(children) : this.anyOf(children);
  }

  /** Alternatives that all say what a path may be equal to become one, if there are two or more for a path. */
  private merged(children: readonly FilterNode[]): FilterNode[] {
    const byPath = new Map<string, { values: Value[]; regexes: RegexSpec[]; count: number }>();
    const others: FilterNode[] = [];
    for (const child of children) {
      if (child.kind !== 'eq' && child.kind !== 'regex') {
        others.push(child);
        continue;
      }
      let group = byPath.get(child.path);
      if (group === undefined) byPath.set(child.path, (group = { values: [], regexes: [], count: 0 }));
      if (child.kind === 'regex') group.regexes.push(child.regex);
      else group.values.push(child.value);
      group.count++;
    }
    for (const [path, { values, regexes }] of byPath)
      others.push(simplestIn(path, this.sortedUnique(values), uniqueRegexes(regexes)));
    return others;
  }

  private sortedUnique(values: readonly Value[]): Value[] {
    const compare = (a: Value, b: Value): number =>
      compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, this.collation);
    const sorted = values.toSorted(compare);
    return sorted.filter((value, i) => i === 0 || compare(sorted[i - 1]!, value) !== 0);
  }
}

function joinedLists(a: FilterNode[], b: FilterNode[]): FilterNode[] {
  return b.length === 0 ? a : a.length === 0 ? b : [...a, ...b];
}

/** Beside an expression that may fail a schema is asked in two parts. */
function partedSchemas(nodes: FilterNode[]): FilterNode[] {
  if (!nodes.some(({ kind }) => kind === 'schema') || !nodes.some(mayFail)) return nodes;
  return nodes.flatMap((node): FilterNode[] => {
    if (node.kind !== 'schema') return [node];
    const [before, behind] = node.schema.parted();
    if (before === undefined || behind === undefined) return [node];
    return [
      { ...node, schema: before },
      { ...node, schema: behind, isRest: true },
    ];
  });
}

/** Most conditions are written in their order. */
function sorted(
  nodes: readonly FilterNode[],
  compare: (a: FilterNode, b: FilterNode) => number,
): readonly FilterNode[] {
  for (let i = 1; i < nodes.length; i++)
    if (compare(nodes[i]!, nodes[i - 1]!) < 0) return nodes.toSorted(compare);
  return nodes;
}

function uniqueRegexes(regexes: readonly RegexSpec[]): RegexSpec[] {
  const byText = new Map(regexes.map((regex) => [`${regex.options}/${regex.pattern}`, regex]));
  return [...byText.values()];
}

/** Expressions that say what one field is equal to stand behind all others, by field. */
function equalitiesLast(nodes: FilterNode[]): FilterNode[] {
  if (nodes.every(({ kind }) => kind !== 'expr')) return nodes;
  const equalities = nodes.filter((node) => equalityPath(node) !== undefined);
  if (equalities.length === 0) return nodes;
  equalities.sort((a, b) =>
    equalityPath(a)! < equalityPath(b)! ? -1 : equalityPath(a) === equalityPath(b) ? 0 : 1,
  );
  return [...nodes.filter((node) => equalityPath(node) === undefined), ...equalities];
}

/** Whether a condition cannot hold where one of others does. */
function excludes(node: FilterNode, nodes: readonly FilterNode[]): boolean {
  return node.kind === 'not'
    ? isAmong(node.child, nodes)
    : nodes.some((each) => each.kind === 'not' && isSameNode(each.child, node));
}

function distinct(nodes: readonly FilterNode[]): FilterNode[] {
  const unique: FilterNode[] = [];
  for (const node of nodes) if (!isAmong(node, unique)) unique.push(node);
  return unique;
}

function isAmong(node: FilterNode, nodes: readonly FilterNode[]): boolean {
  return nodes.some((each) => isSameNode(each, node));
}

function holdsSchema(node: FilterNode): boolean {
  if (node.kind === 'schema') return true;
  if (node.kind === 'not') return holdsSchema(node.child);
  return (
    (node.kind === 'and' || node.kind === 'or' || node.kind === 'nor') && node.children.some(holdsSchema)
  );
}

function opposite(node: FilterNode): FilterNode {
  return node.kind === 'not' ? node.child : negated(node);
}

function negated(child: FilterNode): FilterNode {
  if (child.kind === 'true') return FALSE;
  return child.kind === 'false' ? TRUE : { kind: 'not', child };
}

function simplestIn(path: string, values: readonly Value[], regexes: readonly RegexSpec[]): FilterNode {
  if (values.length + regexes.length !== 1)
    return values.length === 0 && regexes.length === 0 ? FALSE : { kind: 'in', path, values, regexes };
  const [value] = values;
  return value === undefined ? { kind: 'regex', path, regex: regexes[0]! } : { kind: 'eq', path, value };
}

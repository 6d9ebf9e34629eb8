/** Puts the fields a projection names together into a tree, refusing paths that collide. */
import { ElmoError } from '../errors.js';
import { elementsOf } from '../query/elements.js';
import { ARRAY, OBJECT, STRING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { ProjectionNode, type Child, type FieldRule } from './tree.js';

export type LeafRule = Exclude<FieldRule, { kind: 'node' }>;

/** A node that is being built. */
class Branch {
  readonly children = new Map<string, Branch | LeafRule>();
}

/** What to throw when one path leads into another's field, or to a field that is there. */
export interface Collisions {
  through(path: string, rest: string): ElmoError;
  at(path: string): ElmoError;
}

export const PROJECTION_COLLISIONS: Collisions = {
  through: (path, rest) => new ElmoError(31249, `Path collision at ${path} remaining portion ${rest}`),
  at: (path) => new ElmoError(31250, `Path collision at ${path}`),
};

export class TreeBuilder {
  private readonly root = new Branch();
  private positionalPath: string | undefined = undefined;

  constructor(private readonly collisions: Collisions = PROJECTION_COLLISIONS) {}

  /** @throws ElmoError 31249, 31250, 40176 */
  add(components: readonly string[], rule: LeafRule): void {
    let branch = this.root;
    const last = components.length - 1;
    for (let part = 0; part < last; part++) {
      const name = components[part]!;
      let next = branch.children.get(name);
      if (next === undefined) {
        next = new Branch();
        branch.children.set(name, next);
      } else if (!(next instanceof Branch))
        throw this.collisions.through(components.join('.'), components.slice(part + 1).join('.'));
      branch = next;
    }
    if (branch.children.has(components[last]!)) throw this.collisions.at(components.join('.'));
    branch.children.set(components[last]!, rule);
  }

  /** @throws ElmoError 31249, 31250 if there is a field on the way to that place, or at it */
  refuseCollision(components: readonly string[]): void {
    let branch = this.root;
    for (let part = 0; part < components.length; part++) {
      const next = branch.children.get(components[part]!);
      if (next === undefined) return;
      if (!(next instanceof Branch))
        throw part === components.length - 1
          ? this.collisions.at(components.join('.'))
          : this.collisions.through(components.join('.'), components.slice(part + 1).join('.'));
      branch = next;
    }
  }

  /** As `add`, but nothing collides: a field within another takes its place, and a later one that of an earlier one. */
  put(components: readonly string[], rule: LeafRule): void {
    let branch = this.root;
    const last = components.length - 1;
    for (let part = 0; part < last; part++) {
      let next = branch.children.get(components[part]!);
      if (!(next instanceof Branch)) {
        next = new Branch();
        branch.children.set(components[part]!, next);
      }
      branch = next;
    }
    if (!(branch.children.get(components[last]!) instanceof Branch))
      branch.children.set(components[last]!, rule);
  }

  setPositional(path: string): void {
    this.positionalPath = path;
  }

  has(name: string): boolean {
    return this.root.children.has(name);
  }

  get isEmpty(): boolean {
    return this.root.children.size === 0;
  }

  build(keepsOthers: boolean, isInPlace: boolean): ProjectionNode {
    const build = (branch: Branch, prefix: string): ProjectionNode => {
      const children: Child[] = [...branch.children].map(([name, child]) => {
        const path = prefix + name;
        const rule: FieldRule =
          child instanceof Branch ? { kind: 'node', node: build(child, `${path}.`) } : child;
        const { positionalPath } = this;
        const isPositional =
          positionalPath !== undefined && (positionalPath === path || positionalPath.startsWith(`${path}.`));
        return { name, nameBytes: Buffer.from(name), rule, isPositional };
      });
      return new ProjectionNode(children, keepsOthers, isInPlace);
    };
    return build(this.root, '');
  }

  /** Every leaf with its path, in the order of the tree. */
  leaves(): { path: string; rule: LeafRule }[] {
    const found: { path: string; rule: LeafRule }[] = [];
    const collect = (branch: Branch, prefix: string): void => {
      for (const [name, child] of branch.children)
        if (child instanceof Branch) collect(child, `${prefix}${name}.`);
        else found.push({ path: prefix + name, rule: child });
    };
    collect(this.root, '');
    return found;
  }
}

/** The paths that an inclusion reads; undefined if it needs the whole document. */
export function inclusionPaths(
  leaves: readonly { path: string; rule: LeafRule }[],
): readonly string[] | undefined {
  const paths = new Set<string>();
  for (const { path, rule } of leaves) {
    if (rule.kind === 'computed') {
      rule.expression.addDependencies(paths);
      // what it is put into may be an array
      if (path.includes('.')) paths.add(path.slice(0, path.lastIndexOf('.')));
    } else if (rule.kind !== 'exclude') paths.add(path);
  }
  return paths.has('') ? undefined : [...paths];
}

/** What is computed reads; undefined if that is the whole document. */
export function computationPaths(
  leaves: readonly { path: string; rule: LeafRule }[],
): readonly string[] | undefined {
  return inclusionPaths(leaves.filter(({ rule }) => rule.kind === 'computed'));
}

/** Whether something that is computed may fail. */
export function mayFailAmong(leaves: readonly { path: string; rule: LeafRule }[]): boolean {
  return leaves.some(({ rule }) => rule.kind === 'computed' && rule.expression.mayFail);
}

/** Names of fields that are computed as what other fields are, with the names of those. */
export function renamesAmong(
  leaves: readonly { path: string; rule: LeafRule }[],
): ReadonlyMap<string, string> {
  const renames = new Map<string, string>();
  for (const { path, rule } of leaves) {
    const source = rule.kind === 'computed' ? rule.expression.rootPath : undefined;
    if (source !== undefined && !source.includes('.') && !path.includes('.')) renames.set(path, source);
  }
  return renames;
}

/** Of an inclusion the paths that are shown as they are: a name that is a number may as well have been a position. */
export function includedPaths(leaves: readonly { path: string; rule: LeafRule }[]): readonly string[] {
  return leaves
    .filter(({ path, rule }) => rule.kind === 'include' && !/(^|\.)\d+(\.|$)/.test(path))
    .map(({ path }) => path);
}

/** Names of `{$meta: …}` anywhere in a value, and so perhaps some in literals. */
export function metaNamesIn(value: Value): string[] {
  const names: string[] = [];
  const search = (inner: Value): void => {
    if (inner.type !== OBJECT && inner.type !== ARRAY) return;
    for (const { name, value: part } of elementsOf(inner)) {
      if (name === '$literal') continue;
      if (name === '$meta' && part.type === STRING) names.push(part.text);
      search(part);
    }
  };
  search(value);
  return [...new Set(names)];
}

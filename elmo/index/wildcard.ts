/**
 * The entries of a wildcard index: for each leaf of a document its path and its value.
 *
 *   {a: {b: 1, c: [2, {d: 3}]}}   a.b → 1, a.c → 2, a.c.d → 3
 *
 * Elements of an array have the array's path; arrays inside arrays, and empty documents, are values; an empty array is
 * undefined. Source: MongoDB manual, "Wildcard Indexes"; the reference's answers.
 */
import { readText } from '../bson/read.js';
import { ARRAY, OBJECT, UNDEFINED } from '../bson/types.js';
import { ElementWalker } from '../bson/walk.js';

export interface LeafSink {
  leaf(path: string, bytes: Uint8Array, type: number, at: number): void;
  /** An array whose elements have its path, or may have leaves below; an array in an array is none. Once for each. */
  array(path: string): void;
  /** A name with a dot in it: what is there, and arrays below, have a path that leads elsewhere. */
  dottedName(): void;
}

/** Which paths of a document a wildcard index takes. */
export class WildcardPaths {
  /**
   * @param root  the path before `.$**`, '' for the whole document
   * @param included  paths of the wildcardProjection; undefined: all
   * @param excluded  paths it leaves out
   */
  constructor(
    readonly root: string,
    private readonly included: readonly string[] | undefined,
    private readonly excluded: readonly string[],
  ) {}

  /** Whether values at `path` are in the index. */
  takes(path: string): boolean {
    if (!isAtOrBelow(path, this.root)) return false;
    if (this.excluded.some((excluded) => isAtOrBelow(path, excluded))) return false;
    return this.included === undefined || this.included.some((included) => isAtOrBelow(path, included));
  }

  /** Whether all that is at `path` and below it is in the index. */
  takesAll(path: string): boolean {
    return this.takes(path) && !this.excluded.some((excluded) => isAtOrBelow(excluded, path));
  }

  /** Whether something at or below `path` may be in the index. */
  mayEnter(path: string): boolean {
    if (this.excluded.some((excluded) => isAtOrBelow(path, excluded))) return false;
    if (!isAtOrBelow(path, this.root) && !isAtOrBelow(this.root, path)) return false;
    return (
      this.included === undefined ||
      this.included.some((included) => isAtOrBelow(path, included) || isAtOrBelow(included, path))
    );
  }
}

function isAtOrBelow(path: string, root: string): boolean {
  return root === '' || path === root || (path.startsWith(root) && path[root.length] === '.');
}

export function visitLeaves(bytes: Uint8Array, at: number, paths: WildcardPaths, sink: LeafSink): void {
  visitDocument(bytes, at, '', true, paths, sink);
}

/** @param isPath  whether the names on the way are the components of `prefix` */
function visitDocument(
  bytes: Uint8Array,
  at: number,
  prefix: string,
  isPath: boolean,
  paths: WildcardPaths,
  sink: LeafSink,
): void {
  const walker = new ElementWalker();
  walker.open(bytes, at);
  while (walker.next()) {
    const name = readText(bytes, walker.nameStart, walker.nameEnd);
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (!paths.mayEnter(path)) continue;
    const isComponent = !name.includes('.');
    if (!isComponent) sink.dottedName();
    visitValue(bytes, walker.type, walker.valueStart, path, isPath && isComponent, paths, sink);
  }
}

function isEmptyDocument(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 5 && bytes[at + 1] === 0 && bytes[at + 2] === 0;
}

function visitValue(
  bytes: Uint8Array,
  type: number,
  at: number,
  path: string,
  isPath: boolean,
  paths: WildcardPaths,
  sink: LeafSink,
): void {
  if (type === OBJECT && !isEmptyDocument(bytes, at)) {
    visitDocument(bytes, at, path, isPath, paths, sink);
    return;
  }
  if (type !== ARRAY) {
    if (paths.takes(path)) sink.leaf(path, bytes, type, at);
    return;
  }
  if (isPath) sink.array(path);
  if (isEmptyDocument(bytes, at)) {
    if (paths.takes(path)) sink.leaf(path, bytes, UNDEFINED, at);
    return;
  }
  const walker = new ElementWalker();
  walker.open(bytes, at);
  while (walker.next()) {
    if (walker.type === OBJECT && !isEmptyDocument(bytes, walker.valueStart))
      visitDocument(bytes, walker.valueStart, path, isPath, paths, sink);
    else if (paths.takes(path)) sink.leaf(path, bytes, walker.type, walker.valueStart);
  }
}

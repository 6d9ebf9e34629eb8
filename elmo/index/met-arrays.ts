/**
 * Which arrays the documents that are being written have, in one wildcard index: what of them is to be stored
 * (catalog/array-paths.ts) together with the entries.
 */
import type { ReadView } from '../../lsm/index.js';
import {
  ARRAYS_MET,
  ARRAYS_NOTED,
  DOTS_MET,
  arrayKnowledge,
  arrayPathKey,
  type ArrayPaths,
} from '../catalog/array-paths.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { bitsOf } from '../catalog/record.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { EntrySet } from './entry-set.js';

export const ALL_NOTED = bitsOf(new Set([ARRAYS_MET, ARRAYS_NOTED]));

export const DOTTED_NAMES_MET = bitsOf(new Set([DOTS_MET]));

export class MetArrays {
  /** What the catalog says of the index once there is one. */
  readonly mark: number;
  /** Of the document that is written. */
  private current: EntrySet | undefined;
  /** Of others that are written with it. */
  private readonly paths = new Set<string>();

  constructor(
    private readonly spec: IndexSpec,
    private readonly stored: ArrayPaths,
  ) {
    // where it met arrays before is not known: what is noted from now on is not all of it
    this.mark = this.isIncomplete ? bitsOf(new Set([ARRAYS_MET])) : ALL_NOTED;
  }

  /** Whether it has met arrays before their paths were noted. */
  get isIncomplete(): boolean {
    return arrayKnowledge(this.spec) === 'some';
  }

  /** Of the next write. */
  begin(after: EntrySet | undefined): void {
    this.current = after;
    if (this.paths.size > 0) this.paths.clear();
  }

  /** @param set  of one of several documents that are written together */
  add(set: EntrySet): void {
    for (const path of set.arrayPaths) this.paths.add(path);
  }

  get isEmpty(): boolean {
    return this.paths.size === 0 && (this.current === undefined || this.current.arrayPaths.size === 0);
  }

  /** Stores them with what `unit` writes. @param isAhead  see ArrayPaths */
  note(unit: WriteUnit, isAhead: boolean): void {
    const { current, paths, stored } = this;
    this.current = undefined;
    if (current !== undefined) for (const path of current.arrayPaths) stored.note(unit, path, isAhead);
    for (const path of paths) stored.note(unit, path, isAhead);
    paths.clear();
  }

  /** The paths of a document which `view` does not know of, though it should. */
  missing(set: EntrySet, view: ReadView): string[] {
    if (this.isIncomplete || !this.spec.isReady) return [];
    const isUnheard = arrayKnowledge(this.spec) === 'none';
    return [...set.arrayPaths].filter(
      (path) => isUnheard || !view.has(arrayPathKey(this.spec.keyspace, path)),
    );
  }
}

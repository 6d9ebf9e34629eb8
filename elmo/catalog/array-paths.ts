/**
 * The paths at which documents of a wildcard index have had arrays. Each is an entry of its own, so that a write that meets
 * an array at another path rewrites nothing, however many paths there are:
 *
 *   KEYSPACE_ARRAYS | keyspace of the index | path   → nothing
 *
 * Paths are as the index has them, without positions in arrays. They stay when the arrays are gone. The catalog says with the
 * index whether they are there (record.ts): indexes that met arrays before layout 2 have none.
 */
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import type { KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { IndexSpec } from './collection-spec.js';
import { KEYSPACE_ARRAYS } from './keyspaces.js';

/** Paths that are kept in memory; more are looked up. */
const MOST_KNOWN = 4096;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Of the components of a wildcard field: that arrays were met, that their paths are noted, and names with dots. */
export const ARRAYS_MET = 0;
export const ARRAYS_NOTED = 1;
export const DOTS_MET = 2;

function appendIndex(writer: KeyWriter, keyspace: number): void {
  writer.appendVarint(KEYSPACE_ARRAYS);
  writer.appendVarint(keyspace);
}

/** @param keyspace  of the index */
export function arrayPathKey(keyspace: number, path: string): Uint8Array {
  const writer = new KeyWriter();
  appendIndex(writer, keyspace);
  const bytes = Buffer.from(path);
  writer.appendBytes(bytes, 0, bytes.length);
  return writer.toBytes();
}

/** All that is noted of the index. */
export function arrayPathBounds(keyspace: number): KeyBounds {
  const [low, high] = [new KeyWriter(), new KeyWriter()];
  appendIndex(low, keyspace);
  appendIndex(high, keyspace + 1);
  return { low: low.toBytes(), high: high.toBytes() };
}

/** What is known of the arrays of a wildcard index: there were none, their paths, or only that there were some. */
export function arrayKnowledge({ fields, multikeyComponents }: IndexSpec): 'none' | 'paths' | 'some' {
  const components = multikeyComponents[fields.findIndex(({ kind }) => kind === 'wildcard')];
  if (components?.has(ARRAYS_MET) !== true) return 'none';
  return components.has(ARRAYS_NOTED) ? 'paths' : 'some';
}

export class ArrayPaths {
  /** Paths that are stored. */
  private readonly known = new Set<string>();
  /** Paths that were looked for and are not stored. */
  private readonly absent = new Set<string>();
  /** Paths that are being stored, ahead of the transactions that met them. */
  private readonly ahead = new Set<string>();
  /** Paths that units have put, and not committed yet. */
  private readonly put = new WeakMap<WriteUnit, Set<string>>();
  /** How many. */
  private uncommitted = 0;

  /** @param keyspace  of the index */
  constructor(
    private readonly kv: OrderedKv,
    private readonly keyspace: number,
  ) {}

  /** Whether documents that `view` may show have had an array at the path; those that came after it count as well. */
  has(path: string, view: ReadView): boolean {
    if (this.known.has(path) || this.ahead.has(path)) return true;
    if (this.isStored(path)) return true;
    return this.uncommitted > 0 && view !== this.kv && view.has(arrayPathKey(this.keyspace, path));
  }

  private isStored(path: string): boolean {
    if (this.absent.has(path)) return false;
    if (this.kv.has(arrayPathKey(this.keyspace, path))) {
      this.remember(path);
      return true;
    }
    if (this.absent.size >= MOST_KNOWN) this.absent.clear();
    this.absent.add(path);
    return false;
  }

  /**
   * Stores a path.
   * @param isAhead  at once, whatever becomes of the unit: it stays true, if needlessly, and two transactions do not
   *   conflict on it
   */
  note(unit: WriteUnit, path: string, isAhead: boolean): void {
    if (this.known.has(path) || this.ahead.has(path) || this.isStored(path)) return;
    const key = arrayPathKey(this.keyspace, path);
    if (isAhead) this.noteAhead(path, key);
    else this.noteWith(unit, path, key);
  }

  private noteAhead(path: string, key: Uint8Array): void {
    this.ahead.add(path);
    this.kv
      .put(key, NO_BYTES)
      .then(() => this.remember(path))
      .catch(() => undefined) // the commit of the transaction meets the same error
      .finally(() => this.ahead.delete(path));
  }

  private noteWith(unit: WriteUnit, path: string, key: Uint8Array): void {
    let put = this.put.get(unit);
    if (put === undefined) this.put.set(unit, (put = new Set()));
    if (put.has(path)) return;
    put.add(path);
    this.uncommitted++;
    const end = (): void => {
      put.delete(path);
      this.uncommitted--;
    };
    unit.putEntry(key, NO_BYTES);
    unit.afterCommit(() => {
      end();
      this.remember(path);
    });
    unit.afterRollback(end);
  }

  private remember(path: string): void {
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.add(path);
    this.absent.delete(path);
  }
}

/**
 * All that the manifest says: the version of the layout, and what is counted beside it. One object, changed in place by
 * each edit once that is durable; the `version` in it is immutable and replaced.
 */
import type { Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import type { TableMeta } from './table-meta.js';
import { EMPTY_VERSION, applyEdit, refuseAsBug, tablesOf, type Refusal, type Version } from './version.js';
import type { BlobAddition, LevelPointer, TableAddition, VersionEdit } from './version-edit.js';

/** An edit before its version has a number; what is absent stays as it is. */
export type VersionChange = Partial<Omit<VersionEdit, 'version'>>;

/** What an edit does to space. */
export interface SpaceChange {
  /** Lent until now, live from now on. */
  readonly published: Extent[];
  /** Live until now; of no use to the new version. */
  readonly retired: Extent[];
}

export class ManifestState {
  version: Version = EMPTY_VERSION;
  /** Extents of each live blob, by id. */
  readonly blobs: Map<number, readonly Extent[]> = new Map();
  /** Every write with this sequence number or a lower one is in the tables. */
  lastSeq = 0;
  /** Logs with a lower number are obsolete. */
  firstLog = 1;
  /** No table has this id or a higher one. */
  nextTableId = 1;
  /** No blob in the manifest has this id or a higher one. */
  nextBlobId = 1;
  readonly levelPointers: Map<number, Bytes> = new Map();
  /** Where the manifest itself lies. */
  manifest: Extent = { offset: 0, bytes: 0 };

  /** The edit that makes `change` of this state: every field filled in, nothing going back. */
  complete(change: VersionChange): VersionEdit {
    const addTables = change.addTables ?? [];
    const addBlobs = change.addBlobs ?? [];
    let nextTableId = Math.max(this.nextTableId, change.nextTableId ?? 0);
    let nextBlobId = Math.max(this.nextBlobId, change.nextBlobId ?? 0);
    for (const { meta } of addTables) nextTableId = Math.max(nextTableId, meta.id + 1);
    for (const { id } of addBlobs) nextBlobId = Math.max(nextBlobId, id + 1);
    return {
      version: this.version.number + 1,
      dataSeq: Math.max(this.lastSeq, change.dataSeq ?? 0),
      firstLog: Math.max(this.firstLog, change.firstLog ?? 0),
      nextTableId,
      nextBlobId,
      removeTables: change.removeTables ?? [],
      addTables,
      removeBlobs: change.removeBlobs ?? [],
      addBlobs,
      levelPointers: change.levelPointers ?? [],
    };
  }

  /**
   * The version after `edit`. Changes nothing.
   * @throws what `refuse` makes, when the edit does not fit this state
   */
  check(edit: VersionEdit, refuse: Refusal = refuseAsBug): Version {
    const next = applyEdit(this.version, edit, refuse);
    if (edit.firstLog < this.firstLog) throw refuse(`first log ${edit.firstLog} after ${this.firstLog}`);
    if (edit.nextTableId < this.nextTableId) throw refuse(`next table ${edit.nextTableId} goes back`);
    if (edit.nextBlobId < this.nextBlobId) throw refuse(`next blob ${edit.nextBlobId} goes back`);
    for (const { meta } of edit.addTables) {
      if (meta.id >= edit.nextTableId) throw refuse(`table ${meta.id} is not below ${edit.nextTableId}`);
    }
    const removed = new Set(edit.removeBlobs);
    if (removed.size !== edit.removeBlobs.length) throw refuse('a blob is removed twice');
    for (const id of removed) if (!this.blobs.has(id)) throw refuse(`blob ${id} to remove is not there`);
    const added = new Set<number>();
    for (const { id } of edit.addBlobs) {
      if (id >= edit.nextBlobId) throw refuse(`blob ${id} is not below ${edit.nextBlobId}`);
      if (added.has(id) || (this.blobs.has(id) && !removed.has(id))) {
        throw refuse(`blob ${id} is there already`);
      }
      added.add(id);
    }
    return next;
  }

  /** What an edit that fits does to space. A table that moves between levels does nothing. */
  spaceChange(edit: VersionEdit): SpaceChange {
    const published: Extent[] = [];
    const retired: Extent[] = [];
    const removed = new Set(edit.removeTables);
    const before = new Map<number, TableMeta>();
    if (removed.size > 0) {
      for (const table of tablesOf(this.version)) if (removed.has(table.id)) before.set(table.id, table);
    }
    for (const { meta } of edit.addTables) {
      const old = before.get(meta.id);
      if (old !== undefined && old.offset === meta.offset && old.extentBytes === meta.extentBytes) {
        before.delete(meta.id);
      } else published.push(extentOf(meta));
    }
    for (const table of before.values()) retired.push(extentOf(table));
    // A blob that is removed and added again has moved, as a whole or in parts.
    const places = new Map(edit.addBlobs.map(({ id, extents }) => [id, extents]));
    for (const { id, extents } of edit.addBlobs) {
      const old = edit.removeBlobs.includes(id) ? this.blobs.get(id)! : [];
      published.push(...extents.filter((extent) => !hasExtent(old, extent)));
    }
    for (const id of edit.removeBlobs) {
      const kept = places.get(id) ?? [];
      retired.push(...this.blobs.get(id)!.filter((extent) => !hasExtent(kept, extent)));
    }
    return { published, retired };
  }

  /** Takes over an edit that was checked. */
  apply(edit: VersionEdit, next: Version): void {
    this.version = next;
    this.lastSeq = Math.max(this.lastSeq, edit.dataSeq);
    this.firstLog = edit.firstLog;
    this.nextTableId = edit.nextTableId;
    this.nextBlobId = edit.nextBlobId;
    for (const id of edit.removeBlobs) this.blobs.delete(id);
    for (const { id, extents } of edit.addBlobs) this.blobs.set(id, extents);
    for (const { level, key } of edit.levelPointers) this.levelPointers.set(level, key);
  }

  /** The edit that leads from nothing to the state after `edit`. Changes nothing. */
  wholeAfter(edit: VersionEdit, next: Version): VersionEdit {
    const removed = new Set(edit.removeBlobs);
    const addBlobs: BlobAddition[] = [];
    for (const [id, extents] of this.blobs) if (!removed.has(id)) addBlobs.push({ id, extents });
    for (const addition of edit.addBlobs) addBlobs.push(addition);
    const pointers = new Map(this.levelPointers);
    for (const { level, key } of edit.levelPointers) pointers.set(level, key);
    const levelPointers: LevelPointer[] = [];
    for (const [level, key] of pointers) levelPointers.push({ level, key });
    const addTables: TableAddition[] = [];
    for (const { level, order, tables } of next.runs) {
      for (const meta of tables) addTables.push({ level, order, meta });
    }
    return { ...edit, removeTables: [], addTables, removeBlobs: [], addBlobs, levelPointers };
  }

  /** Every extent that is live: tables, blobs, the manifest. */
  liveExtents(): Extent[] {
    const extents: Extent[] = [];
    if (this.manifest.bytes > 0) extents.push(this.manifest);
    for (const table of tablesOf(this.version)) extents.push(extentOf(table));
    for (const blob of this.blobs.values()) extents.push(...blob);
    return extents;
  }
}

/** Where a table lies. */
export function extentOf(table: TableMeta): Extent {
  return { offset: table.offset, bytes: table.extentBytes };
}

function hasExtent(extents: readonly Extent[], { offset, bytes }: Extent): boolean {
  return extents.some((extent) => extent.offset === offset && extent.bytes === bytes);
}

/**
 * One step from a version of the store's layout to the next, as the manifest records it. A whole state is an edit too:
 * the one that leads there from nothing.
 *
 * Payload of a record (see format.ts for its frame; v = varint, k = varint length and bytes):
 *   v version, v dataSeq, v firstLog, v nextTableId, v nextBlobId
 *   v count, then for each removed table:  v id
 *   v count, then for each added table:    v level, v order, meta
 *   v count, then for each removed blob:   v id
 *   v count, then for each added blob:     v id, v extentCount, (v offset / 4096, v bytes / 4096)*
 *   v count, then for each level pointer:  v level, k key
 * meta:
 *   v id, v offset / 4096, v extentBytes / 4096, v extentBytes - dataBytes, k lowKey, u8 hasHighKey, [k highKey],
 *   v entryCount, v tombstoneCount, v rangeTombstoneCount, v blobCount, v rawBytes, v maxSeq, v commitSeq
 *
 *   version 1 with no table:  01 00 01 01 01 | 00 | 00 | 00 | 00 | 00
 * On disk since format 1.
 */
import type { Bytes } from '../base/bytes.js';
import { EXTENT_UNIT, isExtent, type Extent } from '../base/extent.js';
import { MAX_KEY_BYTES } from '../options.js';
import type { FieldReader, FieldWriter } from './format.js';
import type { TableMeta } from './table-meta.js';
import { MAX_LEVEL } from './version.js';

export interface TableAddition {
  readonly level: number;
  /** Which run of level 0 the table is part of; 0 in the other levels. */
  readonly order: number;
  readonly meta: TableMeta;
}

export interface BlobAddition {
  /** Positive. */
  readonly id: number;
  /** In the order of the value. */
  readonly extents: readonly Extent[];
}

/** Where the next merge of a level begins, so that merges go round. */
export interface LevelPointer {
  readonly level: number;
  readonly key: Bytes;
}

export interface VersionEdit {
  /** Number of the version that the edit makes. */
  readonly version: number;
  /** Every write with this sequence number or a lower one is in the tables. */
  readonly dataSeq: number;
  /** Logs with a lower number hold nothing that is not in the tables. */
  readonly firstLog: number;
  readonly nextTableId: number;
  readonly nextBlobId: number;
  readonly removeTables: readonly number[];
  readonly addTables: readonly TableAddition[];
  readonly removeBlobs: readonly number[];
  readonly addBlobs: readonly BlobAddition[];
  readonly levelPointers: readonly LevelPointer[];
}

export function encodeEdit(edit: VersionEdit, into: FieldWriter): void {
  into.number(edit.version);
  into.number(edit.dataSeq);
  into.number(edit.firstLog);
  into.number(edit.nextTableId);
  into.number(edit.nextBlobId);
  into.number(edit.removeTables.length);
  for (const id of edit.removeTables) into.number(id);
  into.number(edit.addTables.length);
  for (const { level, order, meta } of edit.addTables) {
    into.number(level);
    into.number(order);
    encodeTableMeta(meta, into);
  }
  into.number(edit.removeBlobs.length);
  for (const id of edit.removeBlobs) into.number(id);
  into.number(edit.addBlobs.length);
  for (const { id, extents } of edit.addBlobs) {
    into.number(id);
    into.number(extents.length);
    for (const extent of extents) {
      into.number(extent.offset / EXTENT_UNIT);
      into.number(extent.bytes / EXTENT_UNIT);
    }
  }
  into.number(edit.levelPointers.length);
  for (const { level, key } of edit.levelPointers) {
    into.number(level);
    into.bytes(key);
  }
}

/** @throws LsmError Corrupt unless the rest of `from` is one edit */
export function decodeEdit(from: FieldReader): VersionEdit {
  const edit: VersionEdit = {
    version: from.number('version'),
    dataSeq: from.number('dataSeq'),
    firstLog: from.number('firstLog'),
    nextTableId: from.number('nextTableId'),
    nextBlobId: from.number('nextBlobId'),
    removeTables: from.list('removed tables', 1, () => positive(from, 'table id')),
    addTables: from.list('added tables', 15, () => decodeTableAddition(from)),
    removeBlobs: from.list('removed blobs', 1, () => positive(from, 'blob id')),
    addBlobs: from.list('added blobs', 2, () => decodeBlobAddition(from)),
    levelPointers: from.list('level pointers', 2, () => ({
      level: decodeLevel(from),
      key: from.bytes('level pointer', MAX_KEY_BYTES),
    })),
  };
  from.finish();
  return edit;
}

function positive(from: FieldReader, field: string): number {
  const value = from.number(field);
  if (value < 1) throw from.refuse(`${field} is 0`);
  return value;
}

function decodeLevel(from: FieldReader): number {
  const level = from.number('level');
  if (level > MAX_LEVEL) throw from.refuse(`level is ${level}`);
  return level;
}

function decodeTableAddition(from: FieldReader): TableAddition {
  return { level: decodeLevel(from), order: from.number('order'), meta: decodeTableMeta(from) };
}

function decodeBlobAddition(from: FieldReader): BlobAddition {
  const id = positive(from, 'blob id');
  return { id, extents: from.list('extents of a blob', 2, () => decodeExtent(from)) };
}

function decodeExtent(from: FieldReader): Extent {
  const offset = from.number('extent offset') * EXTENT_UNIT;
  const bytes = from.number('extent bytes') * EXTENT_UNIT;
  if (!isExtent(offset, bytes)) throw from.refuse(`there is no extent of ${bytes} bytes at ${offset}`);
  return { offset, bytes };
}

function encodeTableMeta(meta: TableMeta, into: FieldWriter): void {
  into.number(meta.id);
  into.number(meta.offset / EXTENT_UNIT);
  into.number(meta.extentBytes / EXTENT_UNIT);
  into.number(meta.extentBytes - meta.dataBytes);
  into.bytes(meta.lowKey);
  into.number(meta.highKey === undefined ? 0 : 1);
  if (meta.highKey !== undefined) into.bytes(meta.highKey);
  into.number(meta.entryCount);
  into.number(meta.tombstoneCount);
  into.number(meta.rangeTombstoneCount);
  into.number(meta.blobCount);
  into.number(meta.rawBytes);
  into.number(meta.maxSeq);
  into.number(meta.commitSeq);
}

function decodeTableMeta(from: FieldReader): TableMeta {
  const id = positive(from, 'table id');
  const { offset, bytes: extentBytes } = decodeExtent(from);
  const unused = from.number('unused bytes');
  if (unused >= extentBytes) throw from.refuse(`table ${id} has no bytes`);
  const lowKey = from.bytes('lowKey', MAX_KEY_BYTES);
  const hasHighKey = from.number('hasHighKey');
  if (hasHighKey > 1) throw from.refuse(`hasHighKey is ${hasHighKey}`);
  return {
    id,
    offset,
    extentBytes,
    dataBytes: extentBytes - unused,
    lowKey,
    highKey: hasHighKey === 0 ? undefined : from.bytes('highKey', MAX_KEY_BYTES),
    entryCount: from.number('entryCount'),
    tombstoneCount: from.number('tombstoneCount'),
    rangeTombstoneCount: from.number('rangeTombstoneCount'),
    blobCount: from.number('blobCount'),
    rawBytes: from.number('rawBytes'),
    maxSeq: from.number('maxSeq'),
    commitSeq: from.number('commitSeq'),
  };
}

/**
 * What the manifest tells of a table: where it lies and what it holds, so that open and planning read no table.
 */
import type { Bytes } from '../base/bytes.js';

export interface TableMeta {
  /** Unique for ever in one file; part of every block of the table. */
  readonly id: number;
  /** Byte offset of the table's extent in the file; a multiple of 4096. */
  readonly offset: number;
  /** Bytes of the extent; a multiple of 4096. */
  readonly extentBytes: number;
  /** Bytes used from the start of the extent; the footer is the last of them. */
  readonly dataBytes: number;
  /** No key and no range tombstone of the table lies below this key (empty: unbounded). */
  readonly lowKey: Bytes;
  /** No key lies above this key, no range tombstone reaches past it; undefined: unbounded. */
  readonly highKey: Bytes | undefined;
  /** Entries, tombstones included, range tombstones not. */
  readonly entryCount: number;
  readonly tombstoneCount: number;
  readonly rangeTombstoneCount: number;
  /** Entries whose value is a blob. */
  readonly blobCount: number;
  /** Bytes of keys and inline values before packing. */
  readonly rawBytes: number;
  /** Greatest sequence number of any entry or range tombstone ever put in; 0 when unknown to be above any reader. */
  readonly maxSeq: number;
  /**
   * Not 0: every entry and range tombstone of the table was committed with this number (a pending table that entered
   * by a manifest edit), whatever is stored with the entries.
   */
  readonly commitSeq: number;
}

/**
 * The same in an object of the one shape that all have which are read by: what comes from another thread, or is spread, has
 * shapes of its own, and code made for the others is thrown away when it meets one.
 */
export function tableMeta(given: TableMeta): TableMeta {
  return {
    id: given.id,
    offset: given.offset,
    extentBytes: given.extentBytes,
    dataBytes: given.dataBytes,
    lowKey: given.lowKey,
    highKey: given.highKey,
    entryCount: given.entryCount,
    tombstoneCount: given.tombstoneCount,
    rangeTombstoneCount: given.rangeTombstoneCount,
    blobCount: given.blobCount,
    rawBytes: given.rawBytes,
    maxSeq: given.maxSeq,
    commitSeq: given.commitSeq,
  };
}

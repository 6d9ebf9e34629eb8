/** A store's file in figures: its tables, its levels, and the whole. */
import type { Bytes } from '../base/bytes.js';
import { totalBytes } from '../base/extent.js';
import { levelScores, type LevelScore } from '../merge/pick.js';
import { tablesOf } from '../manifest/version.js';
import { resolveOptions, type LsmOptions } from '../options.js';
import { describeSpace } from './space-dump.js';
import type { StoreFile } from './store-file.js';

export interface TableDump {
  readonly id: number;
  readonly level: number;
  /** Which run of level 0; 0 below. */
  readonly order: number;
  /** Of the table in the file. */
  readonly offset: number;
  /** Bytes of its extent, and those of them in use. */
  readonly extentBytes: number;
  readonly dataBytes: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly rangeTombstones: number;
  readonly blobs: number;
  /** Bytes of keys and inline values before packing. */
  readonly rawBytes: number;
  readonly maxSeq: number;
  readonly commitSeq: number;
  readonly lowKey: Bytes;
  /** null: unbounded, as an empty `lowKey` is. */
  readonly highKey: Bytes | null;
}

/** Every table, newest run first. @throws LsmError when the manifest cannot be read */
export function listTables(file: StoreFile): TableDump[] {
  return file.state.version.runs.flatMap(({ level, order, tables }) =>
    tables.map((meta) => ({
      id: meta.id,
      level,
      order,
      offset: meta.offset,
      extentBytes: meta.extentBytes,
      dataBytes: meta.dataBytes,
      entries: meta.entryCount,
      tombstones: meta.tombstoneCount,
      rangeTombstones: meta.rangeTombstoneCount,
      blobs: meta.blobCount,
      rawBytes: meta.rawBytes,
      maxSeq: meta.maxSeq,
      commitSeq: meta.commitSeq,
      lowKey: meta.lowKey,
      highKey: meta.highKey ?? null,
    })),
  );
}

/**
 * Every level that has tables.
 * @param options  as the store is opened with: targets are no part of the file
 * @throws LsmError BadOptions, or when the manifest cannot be read
 */
export function listLevels(file: StoreFile, options: LsmOptions = {}): LevelScore[] {
  return levelScores(file.state.version, resolveOptions(options));
}

export interface FileSummary {
  readonly path: string;
  readonly fileBytes: number;
  readonly format: number;
  readonly storeId: string;
  readonly isEncrypted: boolean;
  /** Closed in order, and not written to since. */
  readonly isClean: boolean;
  /** Of the layout. */
  readonly version: number;
  /** Every write up to this one is in the tables. */
  readonly lastSeq: number;
  readonly runs: number;
  readonly tables: number;
  /** Of all tables: old versions of keys and tombstones count too. */
  readonly entries: number;
  readonly tombstones: number;
  readonly rangeTombstones: number;
  /** Bytes of keys and inline values before packing, and of the tables that hold them. */
  readonly rawBytes: number;
  readonly tableBytes: number;
  readonly blobs: number;
  readonly blobBytes: number;
  readonly manifestBytes: number;
  readonly manifestRecords: number;
  readonly freeBytes: number;
  readonly logs: number;
  readonly logBytes: number;
  /** Operations in logs that are in no table yet. */
  readonly logOperations: number;
  /** As the options were when the file was created. */
  readonly blockBytes: number;
  readonly maxTableBytes: number;
  readonly minBlobBytes: number;
}

/** @throws LsmError when the manifest cannot be read */
export function summarize(file: StoreFile): FileSummary {
  const { state, meta, logs, manifest } = file;
  const sums = { tables: 0, entries: 0, tombstones: 0, rangeTombstones: 0, rawBytes: 0, tableBytes: 0 };
  for (const table of tablesOf(state.version)) {
    sums.tables++;
    sums.entries += table.entryCount;
    sums.tombstones += table.tombstoneCount;
    sums.rangeTombstones += table.rangeTombstoneCount;
    sums.rawBytes += table.rawBytes;
    sums.tableBytes += table.dataBytes;
  }
  let blobBytes = 0;
  for (const extents of state.blobs.values()) blobBytes += totalBytes(extents);
  const live = logs.filter(({ isObsolete }) => !isObsolete);
  return {
    path: file.path,
    fileBytes: file.fileBytes,
    format: meta!.format,
    storeId: Array.from(meta!.storeId, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    isEncrypted: meta!.isEncrypted,
    isClean: meta!.isClean,
    version: state.version.number,
    lastSeq: state.lastSeq,
    runs: state.version.runs.length,
    ...sums,
    blobs: state.blobs.size,
    blobBytes,
    manifestBytes: state.manifest.bytes,
    manifestRecords: manifest!.records.length,
    freeBytes: describeSpace(file).freeBytes,
    logs: logs.length,
    logBytes: logs.reduce((sum, { bytes }) => sum + bytes, 0),
    logOperations: live.reduce((sum, log) => sum + log.puts + log.deletes + log.rangeDeletes, 0),
    blockBytes: meta!.blockBytes,
    maxTableBytes: meta!.tableBytes,
    minBlobBytes: meta!.blobBytes,
  };
}

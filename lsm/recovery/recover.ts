/**
 * From the logs on disk to memtables, after the store was not closed in order.
 *
 * What is recovered is a prefix of what was committed: a log that was not sealed ends the recovery, because a power cut
 * may have lost its end, and what a later log holds came after that.
 */
import type { Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import { BlobReader } from '../blob/blob-reader.js';
import { decodeBlobDescriptor, type BlobDescriptor } from '../blob/descriptor.js';
import type { Cipher } from '../env/cipher.js';
import type { File, FileSystem } from '../env/file-system.js';
import { LsmError, corrupt } from '../errors.js';
import { KIND_BLOB } from '../key/entry-kind.js';
import { Memtable } from '../memtable/memtable.js';
import { OpsReader } from '../memtable/ops-reader.js';
import { countSegments, forEachSegment } from '../transaction/write-batch.js';
import { RECORD_HEADER_BYTES, WAL_HEADER_BYTES, walNumberOf, walPath } from '../wal/format.js';
import { readWal } from '../wal/wal-reader.js';
import { WalWriter } from '../wal/wal-writer.js';
import { rewriteBytes, rewriteExtents } from './make-durable.js';

export interface RecoveredLog {
  readonly number: number;
  readonly memtable: Memtable;
  /** First sequence number: the order of its layer. */
  readonly order: number;
  readonly blobs: readonly BlobDescriptor[];
}

export interface Recovery {
  /** Oldest first; logs without records are left out. */
  readonly logs: readonly RecoveredLog[];
  readonly lastSeq: number;
  readonly nextBlobId: number;
  /** Number of the next log to write: the logs kept, and it, follow one another. */
  readonly nextLog: number;
}

export interface RecoveryInput {
  readonly files: FileSystem;
  readonly path: string;
  readonly dataFile: File;
  readonly storeId: Bytes;
  readonly cipher: Cipher | undefined;
  /** As the manifest says: logs with a lower number are obsolete. */
  readonly firstLog: number;
  readonly lastSeq: number;
  readonly nextBlobId: number;
  readonly memtableBytes: number;
  readonly isShared: boolean;
  readonly isReadOnly: boolean;
  /** Takes the space of a blob that only a log tells of. @returns false if it is not free */
  claim(extent: Extent): boolean;
}

export function recoverLogs(input: RecoveryInput): Recovery {
  const { files, path, firstLog, isReadOnly } = input;
  const numbers: number[] = [];
  for (const name of files.siblings(path)) {
    const number = walNumberOf(path, name);
    if (number !== undefined) numbers.push(number);
  }
  numbers.sort((a, b) => a - b);
  const scanned: ScannedLog[] = [];
  let { nextBlobId } = input;
  // Tables may hold later writes than a log: a large transaction does not go through the log.
  let lastSeq = 0;
  let nextLog = firstLog;
  let isOver = false;
  for (const number of numbers) {
    // A log that is missing was never written to: its creation was lost, and so was all that came after.
    if (number > nextLog) isOver = true;
    const recovered: ScannedLog | undefined =
      number < firstLog || isOver ? undefined : recoverLog(input, number, lastSeq);
    if (recovered === undefined || recovered.memtable.isEmpty) {
      if (!isReadOnly) files.remove(walPath(path, number));
      if (recovered !== undefined) isOver = true;
      continue;
    }
    scanned.push(recovered);
    isOver = !recovered.isSealed;
    nextLog = number + 1;
    lastSeq = recovered.lastSeq;
    for (const { id } of recovered.blobs) nextBlobId = Math.max(nextBlobId, id + 1);
  }
  if (!isReadOnly && numbers.length > 0) {
    // The removals are durable before a new log takes a number again, and before a log is sealed: a sealed log vouches
    // for the one after it.
    files.syncDirectory(path);
    if (scanned.some(({ unsyncedBlobs }) => unsyncedBlobs.length > 0)) {
      for (const { unsyncedBlobs } of scanned) rewriteExtents(input.dataFile, unsyncedBlobs);
      input.dataFile.syncNow();
    }
    for (const log of scanned) keepLog(input, log);
  }
  return { logs: scanned, lastSeq: Math.max(lastSeq, input.lastSeq), nextBlobId, nextLog };
}

function newMemtable({ memtableBytes, isShared }: RecoveryInput, log: File, baseSeq: number): Memtable {
  const capacityBytes = Math.max(memtableBytes, Math.ceil(log.size() * 1.25) + 65_536);
  return new Memtable({ capacityBytes, shared: isShared, growable: false, baseSeq });
}

interface ScannedLog extends RecoveredLog {
  readonly isSealed: boolean;
  readonly lastSeq: number;
  /** Byte at which its good records end. */
  readonly end: number;
  /** Bytes of it, from the first, that were synced for certain. */
  readonly syncedTo: number;
  /** Extents of blobs that records behind those refer to. */
  readonly unsyncedBlobs: readonly Extent[];
}

/**
 * Makes a log durable, and ends it where its good records end, so that the next recovery goes on to the logs after it: what
 * is synced from now on is worth nothing without it.
 */
function keepLog({ files, path, storeId, cipher }: RecoveryInput, log: ScannedLog): void {
  const { number, end, isSealed, lastSeq, syncedTo } = log;
  const file = files.open(walPath(path, number), 'write');
  try {
    rewriteBytes(file, syncedTo, end);
    file.syncNow();
    if (isSealed) return;
    WalWriter.resume(file, number, storeId, cipher, end, lastSeq).appendSeal();
    file.syncNow();
  } finally {
    file.close();
  }
}

/** Where a log's good part ends because a blob it refers to did not arrive. */
class MissingBlob extends Error {}

function recoverLog(input: RecoveryInput, number: number, lastSeqBefore: number): ScannedLog {
  const { files, path, storeId, cipher, isReadOnly } = input;
  const logPath = walPath(path, number);
  const file = files.open(logPath, isReadOnly ? 'read' : 'write');
  try {
    let memtable = newMemtable(input, file, 0);
    const blobs: BlobDescriptor[] = [];
    /** Where the record begins that tells of each of them. */
    const toldAt: number[] = [];
    let order = 0;
    let lastSeq = lastSeqBefore;
    /** Where the good records end. */
    let end = WAL_HEADER_BYTES;
    let isCut = false;
    const summary = readWal(
      file,
      { logNumber: number, storeId, cipher },
      (seq, _count, ops, offset, length) => {
        if (isCut) return;
        if (seq <= lastSeq) throw corrupt(`record ${seq} follows record ${lastSeq}`, logPath, 0);
        const segments = countSegments(ops, offset, length, logPath);
        try {
          for (const blob of claimBlobs(input, ops, offset, length, logPath)) {
            blobs.push(blob);
            toldAt.push(end);
          }
        } catch (error) {
          if (!(error instanceof MissingBlob)) throw error;
          isCut = true;
          return;
        }
        if (order === 0) {
          order = seq;
          memtable = newMemtable(input, file, seq - 1);
        }
        forEachSegment(ops, offset, length, segments, (from, bytes, index) => {
          memtable.apply(ops, from, bytes, seq + index, 0);
        });
        lastSeq = seq + segments - 1;
        end += RECORD_HEADER_BYTES + length + (cipher === undefined ? 0 : cipher.overhead);
      },
    );
    const isSealed = summary.sealed && !isCut;
    // The seal is rewritten with the records.
    if (isSealed) end = summary.validBytes;
    const syncedTo = Math.min(summary.syncedTo, end);
    const unsyncedBlobs = blobs.filter((_, i) => toldAt[i]! >= syncedTo).flatMap(({ extents }) => extents);
    return { number, memtable, order, blobs, isSealed, lastSeq, end, syncedTo, unsyncedBlobs };
  } finally {
    file.close();
  }
}

/**
 * Takes the space of the blobs that a record refers to, and reads them: the record may have reached the disk before they
 * did.
 * @throws MissingBlob
 */
function claimBlobs(
  input: RecoveryInput,
  ops: Bytes,
  offset: number,
  length: number,
  logPath: string,
): BlobDescriptor[] {
  const reader = new OpsReader();
  const blobs: BlobDescriptor[] = [];
  const end = offset + length;
  for (let at = offset; at < end && reader.read(ops, at, end); at = reader.end) {
    if (reader.kind !== KIND_BLOB) continue;
    const blob = decodeBlobDescriptor(ops, reader.valueOffset, reader.valueLength, logPath);
    try {
      new BlobReader(input.dataFile, blob, input.cipher).verify();
    } catch (error) {
      if (error instanceof LsmError && error.code === 'Corrupt') throw new MissingBlob();
      throw error;
    }
    for (const extent of blob.extents) {
      if (!input.claim(extent)) throw corrupt(`blob ${blob.id} lies in space that is in use`, logPath, 0);
    }
    blobs.push(blob);
  }
  return blobs;
}

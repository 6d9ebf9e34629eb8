/**
 * The write-ahead log: batches that are in no table yet. One file beside the store for each memtable,
 * `PATH-log-000000000001`: twelve digits, so that names sort as numbers do.
 *
 * A log is a header and records back to back; it ends where the file ends, or at the first record that does not pass
 * its check.
 *
 * Header, 32 bytes, written once:
 *   offset  size  field
 *        0     8  magic      65 6c 6d 6f 20 6c 6f 67 ("elmo log")
 *        8     4  format     u32  1
 *       12     6  logNumber  u48  as in the file's name
 *       18     8  storeId    random bytes of the store the log belongs to
 *       26     2  flags      u16  bit 0: the operations are encrypted; bit 1: the file was another log's before, of which
 *                                  something may be left behind the records
 *       28     4  crc        u32  CRC-32 of the 28 bytes before it
 *
 * Record: one committed batch, or the seal.
 *   offset  size  field
 *        0     4  crc       u32  CRC-32 of every later byte of the record, seeded as told below
 *        4     4  length    u32  bytes of ops
 *        8     1  kind      1 = batch, 2 = seal: the log was ended in order; nothing follows
 *        9     6  seq       u48  sequence number of the batch; of the seal: of the last batch, or 0
 *       15     6  syncedTo  u48  bytes of this log that were on stable storage when the record was written
 *       21     4  count     u32  operations in ops
 *       25     n  ops       the batch's bytes; encrypted: nonce, ciphertext, tag (see env/cipher.ts), authenticated with
 *                           bytes 4 to 24 of the record, logNumber u48 and the record's offset in the log u48
 *   All numbers are little-endian.
 *   Log 1 of store 0102030405060708, batch 7 of one deletion of "hi" (00 02 68 69), the first record of the log:
 *     f0 24 64 fe | 04 00 00 00 | 01 | 07 00 00 00 00 00 | 00 00 00 00 00 00 | 01 00 00 00 | 00 02 68 69
 *
 * The seed of a record's CRC is CRC-32(storeId, logNumber u48) XOR the record's offset in the log. So bytes of another
 * log, or of this one at another place, never pass: what was in a reused file, or is left of a failed write.
 *
 * `syncedTo` tells damage from a tail that was never durable: a bad record that lies before what a later good record
 * calls synced was whole once.
 *
 * On disk since format 1: never renumber; a change is a new format number and a new golden store.
 */
import { basename } from 'node:path';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';

export const WAL_FORMAT = 1;
export const WAL_HEADER_BYTES = 32;
export const RECORD_HEADER_BYTES = 25;
/** Bytes of the ops of one record, sealed or not, at most. */
export const MAX_RECORD_BYTES = 2 ** 30;

export const RECORD_BATCH = 1;
export const RECORD_SEAL = 2;

export const LENGTH_AT = 4;
export const KIND_AT = 8;
export const SEQ_AT = 9;
export const SYNCED_TO_AT = 15;
export const COUNT_AT = 21;

export const STORE_ID_BYTES = 8;
/** Bytes 4 to 24 of a record, the log's number, the record's offset. */
export const AAD_BYTES = RECORD_HEADER_BYTES - LENGTH_AT + 12;

const MAGIC = new Uint8Array([0x65, 0x6c, 0x6d, 0x6f, 0x20, 0x6c, 0x6f, 0x67]);
const FORMAT_AT = 8;
const LOG_NUMBER_AT = 12;
const STORE_ID_AT = 18;
const FLAGS_AT = 26;
const HEADER_CRC_AT = 28;
const FLAG_ENCRYPTED = 1;
const FLAG_REUSED = 2;
const NAME_PART = '-log-';
const NAME_DIGITS = 12;

export interface WalHeader {
  readonly format: number;
  readonly logNumber: number;
  readonly storeId: Bytes;
  readonly isEncrypted: boolean;
  readonly isReused: boolean;
}

/** The path of a log of the store at `path`. */
export function walPath(path: string, logNumber: number): string {
  return `${path}${NAME_PART}${String(logNumber).padStart(NAME_DIGITS, '0')}`;
}

/** The number of the log that `name` (a name in the directory of `path`) is of the store at `path`; undefined: none. */
export function walNumberOf(path: string, name: string): number | undefined {
  const start = basename(path) + NAME_PART;
  const digits = name.slice(start.length);
  return name.startsWith(start) && /^\d{12}$/.test(digits) ? Number(digits) : undefined;
}

export function encodeWalHeader(header: Omit<WalHeader, 'format'>): Bytes {
  const bytes = new Uint8Array(WAL_HEADER_BYTES);
  bytes.set(MAGIC);
  writeU32(bytes, FORMAT_AT, WAL_FORMAT);
  writeU48(bytes, LOG_NUMBER_AT, header.logNumber);
  bytes.set(header.storeId.subarray(0, STORE_ID_BYTES), STORE_ID_AT);
  writeU16(bytes, FLAGS_AT, (header.isEncrypted ? FLAG_ENCRYPTED : 0) | (header.isReused ? FLAG_REUSED : 0));
  writeU32(bytes, HEADER_CRC_AT, crc32(bytes, 0, HEADER_CRC_AT));
  return bytes;
}

/** @returns undefined when `bytes[0, length)` does not start with a whole and good header */
export function decodeWalHeader(bytes: Bytes, length: number): WalHeader | undefined {
  if (length < WAL_HEADER_BYTES) return undefined;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC[i]) return undefined;
  if (readU32(bytes, HEADER_CRC_AT) !== crc32(bytes, 0, HEADER_CRC_AT)) return undefined;
  const flags = readU16(bytes, FLAGS_AT);
  return {
    format: readU32(bytes, FORMAT_AT),
    logNumber: readU48(bytes, LOG_NUMBER_AT),
    storeId: bytes.slice(STORE_ID_AT, STORE_ID_AT + STORE_ID_BYTES),
    isEncrypted: (flags & FLAG_ENCRYPTED) !== 0,
    isReused: (flags & FLAG_REUSED) !== 0,
  };
}

/** What the CRCs of a log's records start from; XOR the record's offset. */
export function walSeed(logNumber: number, storeId: Bytes): number {
  const bytes = new Uint8Array(STORE_ID_BYTES + 6);
  bytes.set(storeId.subarray(0, STORE_ID_BYTES));
  writeU48(bytes, STORE_ID_BYTES, logNumber);
  return crc32(bytes, 0, bytes.length);
}

/** The seed of the record at `position`. */
export function recordSeed(seed: number, position: number): number {
  return (seed ^ (position % 2 ** 32)) >>> 0;
}

/** Fills `aad` with what authenticates the ops of the record whose header is at `header[at…]`. */
export function fillAad(aad: Bytes, header: Bytes, at: number, logNumber: number, position: number): void {
  const fields = RECORD_HEADER_BYTES - LENGTH_AT;
  for (let i = 0; i < fields; i++) aad[i] = header[at + LENGTH_AT + i]!;
  writeU48(aad, fields, logNumber);
  writeU48(aad, fields + 6, position);
}

/**
 * The two meta slots, bytes 0..4095 and 4096..8191 of the file: who the store is, and where its manifest lies. They are
 * written in turn, so that one of them is always whole; the valid one with the higher sequence counts.
 *
 *   offset  size  field
 *        0     8  magic          "elmo-lsm"
 *        8     2  format         u16le  format of the file: 1
 *       10     2  minReader      u16le  the oldest format a reader must know to read it
 *       12     4  flags          u32le  1 = encrypted, 2 = closed in order
 *       16     6  sequence       u48le  one more with each write; slot = sequence mod 2
 *       22     6  version        u48le  version of the layout that the manifest's last record leads to
 *       28     6  firstLog       u48le  logs with a lower number are obsolete
 *       34     8  storeId        random, for ever
 *       42    16  keySalt        zeros when not encrypted
 *       58    16  keyCheck       zeros when not encrypted
 *       74     6  manifestOffset u48le
 *       80     6  manifestBytes  u48le  bytes of the manifest's extent
 *       86     4  manifestValid  u32le  bytes of it that hold records
 *       90     4  manifestSeed   u32le  seed of the records' checksums
 *       94     4  blockBytes     u32le  as the options were when the file was created; for people
 *       98     4  tableBytes     u32le
 *      102     4  blobBytes      u32le
 *      106   402  zeros
 *      508     4  crc            u32le  CRC-32 of bytes 0..507
 *      512  3584  zeros
 *
 * All that counts is in the first 512 bytes: one sector, which disks write whole. Nothing here is secret; the slots are
 * never encrypted. The magic, minReader and the crc stay where they are in every format to come.
 * On disk since format 1.
 */
import {
  copyOf,
  readU16,
  readU32,
  readU48,
  writeU16,
  writeU32,
  writeU48,
  type Bytes,
} from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import { FIRST_EXTENT, isExtent, type Extent } from '../base/extent.js';
import type { File } from '../env/file-system.js';
import { LsmError, corrupt } from '../errors.js';

/** The format this code writes. */
export const FORMAT = 1;
/** Bytes of the first manifest extent; a file without a valid slot that is no longer than this was never in use. */
export const MIN_MANIFEST_BYTES = 64 * 1024;
export const STORE_ID_BYTES = 8;
export const KEY_SALT_BYTES = 16;
export const KEY_CHECK_BYTES = 16;

const SLOT_BYTES = 4096;
const SECTOR_BYTES = 512;
const CRC_AT = SECTOR_BYTES - 4;
const MAGIC = Uint8Array.from('elmo-lsm', (c) => c.charCodeAt(0));
const FLAG_ENCRYPTED = 1;
const FLAG_CLEAN = 2;

/** What is fixed when a file is created. */
export interface StoreIdentity {
  /** 8 random bytes. */
  readonly storeId: Bytes;
  readonly isEncrypted: boolean;
  /** 16 bytes; zeros when not encrypted. */
  readonly keySalt: Bytes;
  /** 16 bytes; zeros when not encrypted. */
  readonly keyCheck: Bytes;
  readonly blockBytes: number;
  readonly tableBytes: number;
  readonly blobBytes: number;
}

export interface ManifestPointer {
  readonly extent: Extent;
  readonly validBytes: number;
  readonly seed: number;
}

export interface Meta extends StoreIdentity {
  readonly format: number;
  readonly minReader: number;
  readonly sequence: number;
  readonly version: number;
  readonly firstLog: number;
  /** Whether the store was closed in order, and not written to since. */
  readonly isClean: boolean;
  readonly manifest: ManifestPointer;
}

/**
 * The meta of a file.
 * @returns undefined for an empty file and for one whose creation was cut off: there is no store in it yet
 * @throws LsmError NotAStore, NewerFormat, Corrupt (neither slot is whole)
 */
export function readMeta(file: File): Meta | undefined {
  const size = file.size();
  if (size === 0) return undefined;
  const bytes = new Uint8Array(FIRST_EXTENT);
  const got = file.read(bytes, 0, FIRST_EXTENT, 0);

  let newest = -1;
  for (let slot = 0; slot < 2; slot++) {
    if (!isWholeSlot(bytes, slot)) continue;
    if (newest < 0 || sequenceOf(bytes, slot) > sequenceOf(bytes, newest)) newest = slot;
  }
  if (newest >= 0) return decodeMeta(bytes, newest, file.path);
  if (!hasMagic(bytes, 0) && !hasMagic(bytes, 1)) {
    if (size <= FIRST_EXTENT + MIN_MANIFEST_BYTES && isBlank(bytes, 0) && isBlank(bytes, 1)) return undefined;
    throw new LsmError(`${file.path} is not a store of this engine`, 'NotAStore', {
      file: file.path,
      offset: 0,
    });
  }
  const found = got < FIRST_EXTENT ? `the file ends after ${got} bytes` : 'neither matches its checksum';
  throw corrupt(`both meta slots (at bytes 0 and ${SLOT_BYTES}) are lost: ${found}`, file.path, 0);
}

/** Whether both slots are whole. */
export function hasBothSlots(file: File): boolean {
  const bytes = new Uint8Array(FIRST_EXTENT);
  file.read(bytes, 0, FIRST_EXTENT, 0);
  return isWholeSlot(bytes, 0) && isWholeSlot(bytes, 1);
}

/** Writes the slot whose turn it is; the other one stays as it is. */
export function writeMeta(file: File, meta: Meta): void {
  const bytes = encodeMeta(meta);
  file.write(bytes, 0, SLOT_BYTES, slotOffset(meta.sequence));
}

/** Makes the slot of a sequence invalid, so that the other one counts. */
export function eraseMeta(file: File, sequence: number): void {
  file.write(new Uint8Array(SLOT_BYTES), 0, SLOT_BYTES, slotOffset(sequence));
}

/** The bytes of a slot. */
export function encodeMeta(meta: Meta): Bytes {
  const bytes = new Uint8Array(SLOT_BYTES);
  bytes.set(MAGIC, 0);
  writeU16(bytes, 8, meta.format);
  writeU16(bytes, 10, meta.minReader);
  writeU32(bytes, 12, (meta.isEncrypted ? FLAG_ENCRYPTED : 0) | (meta.isClean ? FLAG_CLEAN : 0));
  writeU48(bytes, 16, meta.sequence);
  writeU48(bytes, 22, meta.version);
  writeU48(bytes, 28, meta.firstLog);
  bytes.set(meta.storeId.subarray(0, STORE_ID_BYTES), 34);
  bytes.set(meta.keySalt.subarray(0, KEY_SALT_BYTES), 42);
  bytes.set(meta.keyCheck.subarray(0, KEY_CHECK_BYTES), 58);
  writeU48(bytes, 74, meta.manifest.extent.offset);
  writeU48(bytes, 80, meta.manifest.extent.bytes);
  writeU32(bytes, 86, meta.manifest.validBytes);
  writeU32(bytes, 90, meta.manifest.seed);
  writeU32(bytes, 94, meta.blockBytes);
  writeU32(bytes, 98, meta.tableBytes);
  writeU32(bytes, 102, meta.blobBytes);
  writeU32(bytes, CRC_AT, crc32(bytes, 0, CRC_AT));
  return bytes;
}

/** The fields of a slot, whole or not. @throws LsmError NewerFormat, Corrupt when it tells of no manifest that can be */
export function decodeMeta(bytes: Bytes, slot: number, fileName: string): Meta {
  const at = slot * SLOT_BYTES;
  const format = readU16(bytes, at + 8);
  const minReader = readU16(bytes, at + 10);
  if (minReader > FORMAT) {
    throw new LsmError(
      `${fileName} has format ${format}; this version of the engine reads up to format ${FORMAT}`,
      'NewerFormat',
      { file: fileName, offset: at + 10 },
    );
  }
  const flags = readU32(bytes, at + 12);
  const extent = { offset: readU48(bytes, at + 74), bytes: readU48(bytes, at + 80) };
  const validBytes = readU32(bytes, at + 86);
  if (!isExtent(extent.offset, extent.bytes) || validBytes > extent.bytes) {
    const what = `the meta slot tells of a manifest of ${validBytes} bytes in ${extent.bytes} at ${extent.offset}`;
    throw corrupt(what, fileName, at + 74);
  }
  return {
    format,
    minReader,
    isEncrypted: (flags & FLAG_ENCRYPTED) !== 0,
    isClean: (flags & FLAG_CLEAN) !== 0,
    sequence: readU48(bytes, at + 16),
    version: readU48(bytes, at + 22),
    firstLog: readU48(bytes, at + 28),
    storeId: copyOf(bytes, at + 34, STORE_ID_BYTES),
    keySalt: copyOf(bytes, at + 42, KEY_SALT_BYTES),
    keyCheck: copyOf(bytes, at + 58, KEY_CHECK_BYTES),
    manifest: { extent, validBytes, seed: readU32(bytes, at + 90) },
    blockBytes: readU32(bytes, at + 94),
    tableBytes: readU32(bytes, at + 98),
    blobBytes: readU32(bytes, at + 102),
  };
}

function slotOffset(sequence: number): number {
  return (sequence % 2) * SLOT_BYTES;
}

function sequenceOf(bytes: Bytes, slot: number): number {
  return readU48(bytes, slot * SLOT_BYTES + 16);
}

function hasMagic(bytes: Bytes, slot: number): boolean {
  return MAGIC.every((byte, i) => bytes[slot * SLOT_BYTES + i] === byte);
}

/** Whether a slot matches its checksum. @param bytes  the first 8192 bytes of the file */
export function isWholeSlot(bytes: Bytes, slot: number): boolean {
  const at = slot * SLOT_BYTES;
  return hasMagic(bytes, slot) && readU32(bytes, at + CRC_AT) === crc32(bytes, at, CRC_AT);
}

function isBlank(bytes: Bytes, slot: number): boolean {
  const at = slot * SLOT_BYTES;
  return bytes.subarray(at, at + SECTOR_BYTES).every((byte) => byte === 0);
}

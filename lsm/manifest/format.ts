/**
 * A record of the manifest. The manifest is one extent; its first record is a whole state, the others lead from each to
 * the next. The meta slot tells how many bytes of the extent are valid; what lies after them has never been true.
 *
 *   offset  size  field
 *        0     4  crc      u32le  CRC-32 of every later byte of the record, continued from the extent's seed
 *        4     4  length   u32le  bytes of payload as they lie in the file
 *        8     1  kind     1 = whole state, 2 = edit
 *        9     6  version  u48le  number of the version the record leads to
 *       15     n  payload  see version-edit.ts; sealed when the file is encrypted, bytes 8..14 of the record and the
 *                          seed (u32le) being its `aad`
 *   the empty version 1, seed 0:
 *     e3 24 bf e7 | 0a 00 00 00 | 01 | 01 00 00 00 00 00 | 01 00 01 01 01 00 00 00 00 00
 *
 * The seed is another one in each extent, so that a record left over from an older manifest does not pass.
 * On disk since format 1.
 */
import { copyOf, readU32, readU48, writeU32, writeU48, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import { VarintReader, writeVarint } from '../base/varint.js';
import type { Cipher } from '../env/cipher.js';
import { corrupt, type LsmError } from '../errors.js';
import { decodeEdit, encodeEdit, type VersionEdit } from './version-edit.js';

export type RecordKind = 1 | 2;
export const RECORD_STATE = 1;
export const RECORD_EDIT = 2;

const HEADER_BYTES = 15;
const KIND_AT = 8;
const VERSION_AT = 9;
const AAD_BYTES = HEADER_BYTES - KIND_AT + 4;

/** Fields one after another, into bytes that grow. */
export class FieldWriter {
  private buffer: Bytes;
  private at: number;

  /** @param reserved  bytes left free at the start, for a header */
  constructor(reserved = 0) {
    this.buffer = new Uint8Array(reserved + 256);
    this.at = reserved;
  }

  get length(): number {
    return this.at;
  }

  number(value: number): void {
    this.reserve(8);
    this.at = writeVarint(this.buffer, this.at, value);
  }

  /** The length, then the bytes. */
  bytes(value: Bytes): void {
    this.number(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  /** What was written; a view. */
  written(): Bytes {
    return this.buffer.subarray(0, this.at);
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.at + bytes));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
  }
}

/** Fields one after another, out of bytes that may be damaged. */
export class FieldReader {
  private readonly varints = new VarintReader();
  private at: number;

  /**
   * Reads `from[start, end)`.
   * @param position  for errors: byte of the file at which the record begins
   */
  constructor(
    private readonly from: Bytes,
    start: number,
    private readonly end: number,
    private readonly fileName: string,
    private readonly position: number,
  ) {
    this.at = start;
  }

  refuse(what: string): LsmError {
    return corrupt(`a manifest record is wrong: ${what}`, this.fileName, this.position);
  }

  number(field: string): number {
    const value = this.varints.read(this.from, this.at, this.end);
    if (this.varints.end < 0) throw this.refuse(`it ends inside ${field}`);
    this.at = this.varints.end;
    return value;
  }

  /** A copy. */
  bytes(field: string, maxBytes: number): Bytes {
    const length = this.number(field);
    if (length > maxBytes || length > this.end - this.at) {
      throw this.refuse(`${field} has ${length} bytes, ${this.end - this.at} are left`);
    }
    const value = copyOf(this.from, this.at, length);
    this.at += length;
    return value;
  }

  /** A count and as many items, each of at least `itemBytes` bytes. */
  list<T>(field: string, itemBytes: number, item: () => T): T[] {
    const count = this.number(field);
    if (count * itemBytes > this.end - this.at) {
      throw this.refuse(`${count} ${field} cannot be in ${this.end - this.at} bytes`);
    }
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item());
    return items;
  }

  finish(): void {
    if (this.at !== this.end) throw this.refuse(`${this.end - this.at} bytes are left over`);
  }
}

export interface ManifestRecord {
  readonly kind: RecordKind;
  readonly edit: VersionEdit;
  /** Bytes of the record. */
  readonly length: number;
}

/** @param seed  the seed of the extent the record is for */
export function encodeRecord(
  kind: RecordKind,
  edit: VersionEdit,
  seed: number,
  cipher: Cipher | undefined,
): Bytes {
  const fields = new FieldWriter(HEADER_BYTES);
  encodeEdit(edit, fields);
  let record = fields.written();
  record[KIND_AT] = kind;
  writeU48(record, VERSION_AT, edit.version);
  if (cipher) {
    const plainLength = record.length - HEADER_BYTES;
    const sealed = new Uint8Array(record.length + cipher.overhead);
    sealed.set(record.subarray(0, HEADER_BYTES));
    cipher.seal(record, HEADER_BYTES, plainLength, sealed, HEADER_BYTES, aadOf(record, 0, seed));
    record = sealed;
  }
  writeU32(record, 4, record.length - HEADER_BYTES);
  writeU32(record, 0, crc32(record, 4, record.length - 4, seed));
  return record;
}

/**
 * Decodes the record at `bytes[offset]`, which ends at or before `end`.
 * @param position  byte of the file that `bytes[0]` is, for errors
 * @throws LsmError Corrupt
 */
export function decodeRecord(
  bytes: Bytes,
  offset: number,
  end: number,
  seed: number,
  cipher: Cipher | undefined,
  fileName: string,
  position: number,
): ManifestRecord {
  const refuse = (what: string): LsmError =>
    corrupt(`a manifest record ${what}`, fileName, position + offset);
  if (offset + HEADER_BYTES > end) throw refuse('is cut off');
  const stored = readU32(bytes, offset + 4);
  const length = HEADER_BYTES + stored;
  if (length > end - offset)
    throw refuse(`tells of ${stored} bytes, ${end - offset - HEADER_BYTES} are left`);
  if (crc32(bytes, offset + 4, length - 4, seed) !== readU32(bytes, offset)) {
    throw refuse('does not match its checksum');
  }
  const kind = bytes[offset + KIND_AT]!;
  if (kind !== RECORD_STATE && kind !== RECORD_EDIT) throw refuse(`is of kind ${kind}`);

  let plain = bytes;
  let start = offset + HEADER_BYTES;
  let plainLength = stored;
  if (cipher) {
    if (stored < cipher.overhead) throw refuse('is too short to be sealed');
    plain = new Uint8Array(stored);
    plainLength = cipher.open(bytes, start, stored, plain, 0, aadOf(bytes, offset, seed));
    if (plainLength < 0) throw refuse('does not open with the key of the file');
    start = 0;
  }
  const edit = decodeEdit(new FieldReader(plain, start, start + plainLength, fileName, position + offset));
  const version = readU48(bytes, offset + VERSION_AT);
  if (edit.version !== version)
    throw refuse(`is of version ${version}, and of version ${edit.version} inside`);
  return { kind, edit, length };
}

function aadOf(record: Bytes, offset: number, seed: number): Bytes {
  const aad = new Uint8Array(AAD_BYTES);
  aad.set(record.subarray(offset + KIND_AT, offset + HEADER_BYTES));
  writeU32(aad, AAD_BYTES - 4, seed);
  return aad;
}

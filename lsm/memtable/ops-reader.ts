/**
 * Reads the operations of a batch: the bytes a log record carries and a memtable's arena holds.
 *   kind u8 | varint keyLength | key | [varint valueLength | value]      no value part for KIND_DELETE
 *   put "k" = "hi":    01 | 01 6b | 02 68 69
 *   delete "k":        00 | 01 6b
 *   KIND_RANGE_DELETE: key = low (length 0: open), value = high (length 0: open)
 *   KIND_BLOB:         value = a blob descriptor, of which only `varint blobId | varint length` is read here
 * Varints are minimal, so that a key's offset follows from its length.
 * On disk since format 1: never renumber.
 */
import type { Bytes } from '../base/bytes.js';
import { VarintReader } from '../base/varint.js';
import { LsmError } from '../errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_LZ4, KIND_RANGE_DELETE } from '../key/entry-kind.js';
import { MAX_KEY_BYTES } from '../options.js';

/** Result registers: the operation that `read` found. Offsets are into the bytes that were read. */
export class OpsReader {
  /** One of KIND_DELETE, KIND_RAW, KIND_BLOB, KIND_RANGE_DELETE. */
  kind = 0;
  keyOffset = 0;
  keyLength = 0;
  valueOffset = 0;
  /** Bytes of the value as stored: of a blob, of its descriptor. */
  valueLength = 0;
  /** Bytes of the value for the user: of a blob, as its descriptor says. */
  rawLength = 0;
  /** Offset after the operation. */
  end = 0;
  private readonly varint = new VarintReader();

  /**
   * Reads the operation at `at`, which ends at `limit` at the latest.
   * @returns false when the bytes are no well-formed operation
   */
  read(bytes: Bytes, at: number, limit: number): boolean {
    if (limit - at < 2) return false;
    const kind = bytes[at]!;
    if (kind > KIND_RANGE_DELETE || kind === KIND_LZ4) return false;
    let keyLength = bytes[at + 1]!;
    let keyOffset = at + 2;
    if (keyLength >= 0x80) {
      keyLength = this.length(bytes, at + 1, limit);
      keyOffset = this.varint.end;
      if (keyLength < 0 || keyLength > MAX_KEY_BYTES) return false;
    }
    const keyEnd = keyOffset + keyLength;
    if (keyEnd > limit) return false;
    if (keyLength === 0 && kind !== KIND_RANGE_DELETE) return false;
    this.kind = kind;
    this.keyOffset = keyOffset;
    this.keyLength = keyLength;
    if (kind === KIND_DELETE) {
      this.valueOffset = keyEnd;
      this.valueLength = 0;
      this.rawLength = 0;
      this.end = keyEnd;
      return true;
    }
    return this.readValue(bytes, keyEnd, limit);
  }

  private readValue(bytes: Bytes, at: number, limit: number): boolean {
    if (at >= limit) return false;
    let length = bytes[at]!;
    let offset = at + 1;
    if (length >= 0x80) {
      length = this.length(bytes, at, limit);
      offset = this.varint.end;
      if (length < 0) return false;
    }
    if (length > limit - offset) return false;
    this.valueOffset = offset;
    this.valueLength = length;
    this.rawLength = length;
    this.end = offset + length;
    if (this.kind === KIND_BLOB) return this.readBlobLength(bytes, offset, offset + length);
    return this.kind !== KIND_RANGE_DELETE || length <= MAX_KEY_BYTES;
  }

  private readBlobLength(bytes: Bytes, at: number, limit: number): boolean {
    this.varint.read(bytes, at, limit);
    if (this.varint.end < 0) return false;
    this.rawLength = this.varint.read(bytes, this.varint.end, limit);
    return this.varint.end >= 0;
  }

  /** A length of more than one byte; -1 when it is cut off or not minimal. */
  private length(bytes: Bytes, at: number, limit: number): number {
    const value = this.varint.read(bytes, at, limit);
    const end = this.varint.end;
    return end < 0 || bytes[end - 1] === 0 ? -1 : value;
  }
}

const reader = new OpsReader();

/**
 * Checks a whole batch before anything of it is used.
 * @returns how many operations it holds
 * @throws LsmError Corrupt when the bytes are no batch; `at` in the message counts from `offset`
 */
export function countOps(ops: Bytes, offset: number, length: number): number {
  const limit = offset + length;
  let at = offset;
  let count = 0;
  while (at < limit) {
    if (limit > ops.length || !reader.read(ops, at, limit)) {
      throw new LsmError(`a batch is malformed: no operation at byte ${at - offset} of ${length}`, 'Corrupt');
    }
    at = reader.end;
    count++;
  }
  return count;
}

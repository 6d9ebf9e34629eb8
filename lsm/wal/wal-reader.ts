/**
 * Reads one log back: the batches from its start up to the first record that does not pass.
 *
 * Such a record is the natural end of a log after a crash, unless it lies in a part that a later good record calls
 * synced (`syncedTo`): then promised bytes are damaged, and recovery must not go on as if they had never been.
 *
 * Memory stays bounded: a window on the file, and the longest record, whose length is checked against the file's size
 * before room is made for it.
 */
import { equalBytes, readU32, readU48, NO_BYTES, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { corrupt, LsmError } from '../errors.js';
import {
  AAD_BYTES,
  COUNT_AT,
  decodeWalHeader,
  fillAad,
  KIND_AT,
  LENGTH_AT,
  MAX_RECORD_BYTES,
  RECORD_BATCH,
  RECORD_HEADER_BYTES,
  RECORD_SEAL,
  recordSeed,
  SEQ_AT,
  SYNCED_TO_AT,
  WAL_FORMAT,
  WAL_HEADER_BYTES,
  walSeed,
} from './format.js';

const WINDOW_BYTES = 256 * 1024;
/** The search for a good record behind a bad one checks at most this many times the bytes it searches. */
const MAX_SEARCH_FACTOR = 8;

export interface WalExpectation {
  readonly logNumber: number;
  /** 8 bytes. */
  readonly storeId: Bytes;
  readonly cipher?: Cipher | undefined;
}

export interface WalSummary {
  /** Bytes of the log that passed: header and records. 0 when not even the header did. */
  readonly validBytes: number;
  /** Batches visited. */
  readonly records: number;
  /** The log was ended in order. */
  readonly sealed: boolean;
  /** Bytes from the start that were on stable storage when the last good record was written. */
  readonly syncedTo: number;
  /**
   * Bytes of the file after the valid ones, up to the last that is not zero: zeros are room for more. 0 where the file was
   * another log's before, whose bytes they may be.
   */
  readonly tornBytes: number;
}

/** Takes a batch: its bytes are `ops[offset, offset + length)`, valid until the call returns. */
export type WalVisitor = (seq: number, count: number, ops: Bytes, offset: number, length: number) => void;

/**
 * Calls `visit` for each batch of the log, in order.
 * @throws LsmError Corrupt when bytes that were durable are damaged, or the log is another store's; NewerFormat;
 *   WrongKey when the log is encrypted and there is no cipher, or the other way round
 */
export function readWal(file: File, expected: WalExpectation, visit: WalVisitor): WalSummary {
  return new WalReader(file, expected).run(visit);
}

class WalReader {
  private readonly file: File;
  private readonly logNumber: number;
  private readonly storeId: Bytes;
  private readonly cipher: Cipher | undefined;
  private readonly seed: number;
  private readonly aad: Uint8Array;
  private readonly size: number;
  /** A copy of the file's bytes [windowAt, windowEnd). */
  private window: Uint8Array;
  private windowAt: number;
  private windowEnd: number;
  private plain: Uint8Array;
  private isReused = false;

  constructor(file: File, expected: WalExpectation) {
    this.file = file;
    this.logNumber = expected.logNumber;
    this.storeId = expected.storeId;
    this.cipher = expected.cipher;
    this.seed = walSeed(expected.logNumber, expected.storeId);
    this.aad = new Uint8Array(AAD_BYTES);
    this.size = file.size();
    this.window = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(this.size, WAL_HEADER_BYTES)));
    this.windowAt = 0;
    this.windowEnd = 0;
    this.plain = NO_BYTES;
  }

  run(visit: WalVisitor): WalSummary {
    let position = 0;
    let records = 0;
    let sealed = false;
    let syncedTo = 0;
    if (this.hasGoodHeader()) {
      position = WAL_HEADER_BYTES;
      while (!sealed) {
        const length = this.checkRecord(position);
        if (length < 0) break;
        const at = position - this.windowAt;
        syncedTo = readU48(this.window, at + SYNCED_TO_AT);
        if (this.window[at + KIND_AT] === RECORD_SEAL) sealed = true;
        else {
          this.visitBatch(at, position, length, visit);
          records++;
        }
        position += RECORD_HEADER_BYTES + length;
      }
    }
    if (!sealed && position < this.size) this.refuseDamage(position);
    const tornBytes = this.isReused ? 0 : this.lastByteEnd(position) - position;
    return { validBytes: position, records, sealed, syncedTo, tornBytes };
  }

  /** Where the last byte from `position` on that is not zero ends; `position` when there is none. */
  private lastByteEnd(position: number): number {
    let end = position;
    for (let at = position; at < this.size; at = this.windowEnd) {
      if (this.load(at, 1) === 0) break;
      const { window, windowAt } = this;
      let last = this.windowEnd - windowAt - 1;
      while (last >= at - windowAt && window[last] === 0) last--;
      if (last >= at - windowAt) end = windowAt + last + 1;
    }
    return end;
  }

  private hasGoodHeader(): boolean {
    const header = decodeWalHeader(this.window, this.load(0, WAL_HEADER_BYTES));
    if (header === undefined) return false;
    const { path } = this.file;
    if (header.format > WAL_FORMAT) {
      const versions = `log format ${header.format}, this version reads up to ${WAL_FORMAT}`;
      throw new LsmError(`${path} was written by a newer version: ${versions}`, 'NewerFormat', {
        file: path,
      });
    }
    if (!equalBytes(header.storeId, this.storeId)) throw corrupt('the log belongs to another store', path, 0);
    if (header.logNumber !== this.logNumber) return false; // a reused file whose new header never arrived
    if (header.isEncrypted !== (this.cipher !== undefined)) {
      const why = header.isEncrypted
        ? 'is encrypted and no key was given'
        : 'is not encrypted and a key was given';
      throw new LsmError(`${path} ${why}`, 'WrongKey', { file: path });
    }
    this.isReused = header.isReused;
    return true;
  }

  /**
   * Brings the record at `position` into the window.
   * @returns bytes of its ops, or -1 when it does not pass
   */
  private checkRecord(position: number): number {
    if (this.load(position, RECORD_HEADER_BYTES) < RECORD_HEADER_BYTES) return -1;
    const length = this.plausibleLength(position);
    if (length < 0) return -1;
    if (this.load(position, RECORD_HEADER_BYTES + length) < RECORD_HEADER_BYTES + length) return -1;
    const at = position - this.windowAt;
    const checkedBytes = RECORD_HEADER_BYTES - LENGTH_AT + length;
    const crc = crc32(this.window, at + LENGTH_AT, checkedBytes, recordSeed(this.seed, position));
    return crc === readU32(this.window, at) ? length : -1;
  }

  /** @returns bytes of ops that the header in the window at `position` tells, or -1 when no record can have it */
  private plausibleLength(position: number): number {
    const at = position - this.windowAt;
    const kind = this.window[at + KIND_AT];
    if (kind !== RECORD_BATCH && kind !== RECORD_SEAL) return -1;
    const length = readU32(this.window, at + LENGTH_AT);
    if (length > MAX_RECORD_BYTES || length > this.size - position - RECORD_HEADER_BYTES) return -1;
    return readU48(this.window, at + SYNCED_TO_AT) <= position ? length : -1;
  }

  private visitBatch(at: number, position: number, length: number, visit: WalVisitor): void {
    const seq = readU48(this.window, at + SEQ_AT);
    const count = readU32(this.window, at + COUNT_AT);
    const opsAt = at + RECORD_HEADER_BYTES;
    if (this.cipher === undefined) {
      visit(seq, count, this.window, opsAt, length);
      return;
    }
    if (this.plain.length < length) this.plain = new Uint8Array(Math.max(length, this.plain.length * 2));
    fillAad(this.aad, this.window, at, this.logNumber, position);
    const opened = this.cipher.open(this.window, opsAt, length, this.plain, 0, this.aad);
    if (opened < 0) throw corrupt('a log record does not authenticate', this.file.path, position);
    visit(seq, count, this.plain, 0, opened);
  }

  /**
   * Brings `length` bytes from `position` into the window.
   * @returns how many there are: fewer at the end of the file
   */
  private load(position: number, length: number): number {
    if (position >= this.windowAt && position + length <= this.windowEnd) return length;
    if (length > this.window.length) {
      this.window = new Uint8Array(Math.min(this.size, Math.max(length, this.window.length * 2)));
    } else if (this.window.length > 4 * WINDOW_BYTES && length <= WINDOW_BYTES) {
      this.window = new Uint8Array(WINDOW_BYTES);
    }
    this.windowAt = position;
    this.windowEnd = position + this.file.read(this.window, 0, this.window.length, position);
    return Math.min(length, this.windowEnd - position);
  }

  /** Throws if a good record after `bad` proves that the bytes at `bad` were durable once. */
  private refuseDamage(bad: number): void {
    const first = Math.max(bad + 1, WAL_HEADER_BYTES);
    let budget = MAX_SEARCH_FACTOR * (this.size - bad);
    for (let at = first; at + RECORD_HEADER_BYTES <= this.size && budget > 0; at++) {
      if (at + RECORD_HEADER_BYTES > this.windowEnd || at < this.windowAt) this.load(at, RECORD_HEADER_BYTES);
      const inWindow = at - this.windowAt;
      const kind = this.window[inWindow + KIND_AT];
      if (kind !== RECORD_BATCH && kind !== RECORD_SEAL) continue;
      const syncedTo = readU48(this.window, inWindow + SYNCED_TO_AT);
      if (syncedTo <= bad || syncedTo > at) continue;
      const length = this.plausibleLength(at);
      if (length < 0) continue;
      budget -= length + RECORD_HEADER_BYTES;
      if (this.isGood(at, length)) {
        const proof = `the record at byte ${at} was written after ${syncedTo} bytes had been synced`;
        throw corrupt(`a log record does not pass its check, and ${proof}`, this.file.path, bad);
      }
    }
  }

  /** Whether the CRC of the record at `position` is right; reads it piece by piece. */
  private isGood(position: number, length: number): boolean {
    const end = position + RECORD_HEADER_BYTES + length;
    const wanted = readU32(this.window, position - this.windowAt);
    let crc = recordSeed(this.seed, position);
    for (let at = position + LENGTH_AT; at < end;) {
      const count = this.load(at, Math.min(end - at, WINDOW_BYTES));
      if (count === 0) return false;
      crc = crc32(this.window, at - this.windowAt, count, crc);
      at += count;
    }
    return crc === wanted;
  }
}

/**
 * Writes one log: a record a batch, one write a record, and syncs shared by all who wait (group commit).
 *
 * What must stay true:
 * - a record whose write threw is not part of the log: the next one is written over it;
 * - `syncedTo` of a record never exceeds what a sync that ended has covered;
 * - what lies behind the last record are zeros, if anything: a writer who syncs alone has room written ahead, because a sync
 *   that must not make the file longer is shorter; zeros are no record, so a log that was cut off ends before them. Or they
 *   are what an earlier log left in the file, of which no record passes here;
 * - after a failed sync nothing of this log is promised any more: the system may have dropped the pages, and a second
 *   sync that succeeds would prove nothing.
 */
import { writeU32, writeU48, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import { invariant } from '../base/invariant.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { ioError, LsmError } from '../errors.js';
import type { SyncChoice } from './sync-choice.js';
import {
  AAD_BYTES,
  COUNT_AT,
  encodeWalHeader,
  fillAad,
  KIND_AT,
  LENGTH_AT,
  MAX_RECORD_BYTES,
  RECORD_BATCH,
  RECORD_HEADER_BYTES,
  RECORD_SEAL,
  recordSeed,
  SEQ_AT,
  STORE_ID_BYTES,
  SYNCED_TO_AT,
  WAL_HEADER_BYTES,
  walSeed,
} from './format.js';

/** Ops up to this long are gathered with their header into one write; longer ones are written from where they lie. */
const MAX_GATHERED_BYTES = 256 * 1024;
const FIRST_BUFFER_BYTES = 16 * 1024;
/**
 * Turns of the microtask queue (a microsecond or two) before a sync starts: enough for all who were woken by the one
 * before to commit again and share it. Otherwise the first of them would get a sync of its own, and the rest wait twice.
 */
const REJOIN_MICROTASKS = 16;
/** After so many syncs of a lone writer room is written ahead, so much at a time. */
const AHEAD_PATIENCE = 8;
const AHEAD_BYTES = 128 * 1024;
let zeros: Uint8Array | undefined;

export interface WalOptions {
  readonly cipher?: Cipher | undefined;
  /** Where syncs run; by default in the thread pool. */
  readonly choice?: SyncChoice | undefined;
  /** Whether the file was another log's before. */
  readonly isReused?: boolean;
}

export class WalWriter {
  readonly logNumber: number;
  /** Why a sync failed; every later sync and append fails with it. */
  failed: LsmError | undefined;
  /** Bytes of the log that a sync has covered. */
  durableBytes: number;
  private readonly file: File;
  private readonly cipher: Cipher | undefined;
  private readonly seed: number;
  private readonly aad: Uint8Array;
  private buffer: Uint8Array;
  private position: number;
  /** Room was written up to here; Infinity: it could not be. */
  private aheadEnd: number;
  private aloneCount: number;
  private lastSeq: number;
  private isSealed: boolean;
  private syncUnderWay: Promise<void> | undefined;
  private nextSync: Promise<void> | undefined;
  /** Callers of the next sync, and those of them who await it with nothing else to do. */
  private waiting: number;
  private urgent: number;
  private readonly choice: SyncChoice | undefined;

  /**
   * Writes the header. For the log to be found after a power cut, sync its directory before the first `sync` is trusted.
   * @param file     empty or reused, opened for writing; the writer closes it
   * @param storeId  8 bytes
   * @throws LsmError of the write
   */
  constructor(
    file: File,
    logNumber: number,
    storeId: Bytes,
    { cipher, choice, isReused = false }: WalOptions = {},
  ) {
    invariant(storeId.length === STORE_ID_BYTES, 'a store id has 8 bytes');
    this.logNumber = logNumber;
    this.failed = undefined;
    this.durableBytes = 0;
    this.file = file;
    this.cipher = cipher;
    this.seed = walSeed(logNumber, storeId);
    this.aad = new Uint8Array(AAD_BYTES);
    this.buffer = new Uint8Array(FIRST_BUFFER_BYTES);
    this.position = WAL_HEADER_BYTES;
    this.aheadEnd = isReused ? file.size() : 0;
    this.aloneCount = 0;
    this.lastSeq = 0;
    this.isSealed = false;
    this.syncUnderWay = undefined;
    this.nextSync = undefined;
    this.waiting = 0;
    this.urgent = 0;
    this.choice = choice;
    const header = encodeWalHeader({ logNumber, storeId, isEncrypted: cipher !== undefined, isReused });
    file.write(header, 0, WAL_HEADER_BYTES, 0);
  }

  /**
   * A writer that goes on in a log that is there: its records end at `position`, the last one has number `lastSeq`, and all
   * of it is durable. What lies behind is cut off.
   * @throws LsmError of the truncation
   */
  static resume(
    file: File,
    logNumber: number,
    storeId: Bytes,
    cipher: Cipher | undefined,
    position: number,
    lastSeq: number,
  ): WalWriter {
    const writer = new WalWriter(file, logNumber, storeId, { cipher });
    writer.position = position;
    writer.durableBytes = position;
    writer.lastSeq = lastSeq;
    file.truncate(position);
    return writer;
  }

  /** Bytes of the log. */
  get byteLength(): number {
    return this.position;
  }

  /**
   * Appends a batch: `ops[offset, offset + length)`, its bytes as in the memtable. Once it returns, the batch survives a
   * crash of the process.
   * @throws LsmError of the write, or the cause of a failed sync; the log is then as before
   */
  append(seq: number, count: number, ops: Bytes, offset: number, length: number): void {
    this.writeRecord(RECORD_BATCH, seq, count, ops, offset, length);
    this.lastSeq = seq;
  }

  /** Ends the log in order: whoever reads it knows that nothing is missing. */
  appendSeal(): void {
    this.writeRecord(RECORD_SEAL, this.lastSeq, 0, this.buffer, 0, 0);
    this.isSealed = true;
  }

  /**
   * Resolves when all that was appended before the call is on stable storage. Calls that come while a sync is under way
   * share the next one.
   * @param isUrgent  a writer awaits it: if he is alone it may hold the event loop for a moment, see sync-choice.ts
   * @throws LsmError of the sync; it is then kept in `failed`
   */
  sync(isUrgent = false): Promise<void> {
    if (this.failed !== undefined) return Promise.reject(this.failed);
    if (this.position <= this.durableBytes) return Promise.resolve();
    this.waiting++;
    if (isUrgent) this.urgent++;
    this.nextSync ??= this.syncAfter(this.syncUnderWay);
    return this.nextSync;
  }

  /** Closes the file; what is not synced is left to the system. Safe to call twice. */
  close(): void {
    this.file.close();
  }

  /** The sync that starts when `earlier` has ended. */
  private async syncAfter(earlier: Promise<void> | undefined): Promise<void> {
    try {
      await earlier;
      for (let i = 0; i < REJOIN_MICROTASKS; i++) await undefined;
    } finally {
      this.nextSync = undefined;
    }
    const isAlone = this.waiting === 1 && this.urgent === 1;
    this.waiting = 0;
    this.urgent = 0;
    this.syncUnderWay = this.runSync(isAlone);
    await this.syncUnderWay;
  }

  private async runSync(isAlone: boolean): Promise<void> {
    const covered = this.position;
    const { choice, file } = this;
    try {
      if (isAlone && ++this.aloneCount > AHEAD_PATIENCE && covered >= this.aheadEnd) this.writeAhead();
      if (choice !== undefined && choice.begin(isAlone)) file.syncNow();
      else await file.sync();
      this.durableBytes = covered;
    } catch (error) {
      this.failed = ioError('sync', this.file.path, error);
      throw this.failed;
    } finally {
      this.syncUnderWay = undefined;
      choice?.end(isAlone, this.nextSync !== undefined);
    }
  }

  /** Room for the records to come. That there is none is for the first of them to find out. */
  private writeAhead(): void {
    zeros ??= new Uint8Array(AHEAD_BYTES);
    try {
      this.file.write(zeros, 0, AHEAD_BYTES, this.position);
      this.aheadEnd = this.position + AHEAD_BYTES;
    } catch {
      this.cutTail();
      this.aheadEnd = Infinity;
    }
  }

  private writeRecord(
    kind: number,
    seq: number,
    count: number,
    ops: Bytes,
    offset: number,
    length: number,
  ): void {
    if (this.failed !== undefined) throw this.failed;
    invariant(!this.isSealed, 'a sealed log takes no more records');
    const stored = this.cipher === undefined ? length : length + this.cipher.overhead;
    if (stored > MAX_RECORD_BYTES) {
      throw new LsmError(`a batch of ${length} bytes; at most 2^30 can be logged`, 'TooLarge');
    }
    const isGathered = stored <= MAX_GATHERED_BYTES;
    if (isGathered) this.reserve(RECORD_HEADER_BYTES + stored);
    const buffer = this.buffer;
    writeU32(buffer, LENGTH_AT, stored);
    buffer[KIND_AT] = kind;
    writeU48(buffer, SEQ_AT, seq);
    writeU48(buffer, SYNCED_TO_AT, this.durableBytes);
    writeU32(buffer, COUNT_AT, count);
    if (isGathered) {
      if (this.cipher !== undefined) this.seal(ops, offset, length, buffer, RECORD_HEADER_BYTES);
      else if (length > 0) copyInto(buffer, RECORD_HEADER_BYTES, ops, offset, length);
      this.finishCrc(RECORD_HEADER_BYTES - LENGTH_AT + stored);
    }
    try {
      if (isGathered) this.file.write(buffer, 0, RECORD_HEADER_BYTES + stored, this.position);
      else this.writeLarge(ops, offset, length, stored);
    } catch (error) {
      this.cutTail();
      throw error;
    }
    this.position += RECORD_HEADER_BYTES + stored;
  }

  /**
   * After a write that threw: all of it may have arrived, and a batch refused must not be found by recovery. If this
   * fails too, the next record is written over it.
   */
  private cutTail(): void {
    try {
      this.file.truncate(this.position);
      this.aheadEnd = 0;
    } catch {
      // the error of the write says more
    }
  }

  /** Header and ops in two writes; the order is free, since only the CRC tells that both arrived. */
  private writeLarge(ops: Bytes, offset: number, length: number, stored: number): void {
    let from = ops;
    let at = offset;
    if (this.cipher !== undefined) {
      from = new Uint8Array(stored);
      at = 0;
      this.seal(ops, offset, length, from, 0);
    }
    const headerCrc = this.finishCrc(RECORD_HEADER_BYTES - LENGTH_AT);
    writeU32(this.buffer, 0, crc32(from, at, stored, headerCrc));
    this.file.write(from, at, stored, this.position + RECORD_HEADER_BYTES);
    this.file.write(this.buffer, 0, RECORD_HEADER_BYTES, this.position);
  }

  /** Puts the CRC of `length` bytes from LENGTH_AT on in its place. */
  private finishCrc(length: number): number {
    const crc = crc32(this.buffer, LENGTH_AT, length, recordSeed(this.seed, this.position));
    writeU32(this.buffer, 0, crc);
    return crc;
  }

  private seal(ops: Bytes, offset: number, length: number, into: Bytes, at: number): void {
    fillAad(this.aad, this.buffer, 0, this.logNumber, this.position);
    this.cipher!.seal(ops, offset, length, into, at, this.aad);
  }

  private reserve(bytes: number): void {
    if (bytes <= this.buffer.length) return;
    let size = this.buffer.length;
    while (size < bytes) size *= 2;
    this.buffer = new Uint8Array(size);
  }
}

function copyInto(into: Uint8Array, at: number, from: Bytes, offset: number, length: number): void {
  if (length <= 48) for (let i = 0; i < length; i++) into[at + i] = from[offset + i]!;
  else into.set(from.subarray(offset, offset + length), at);
}

/**
 * How keys are laid out in the store. A key starts with the number of its keyspace (the catalog, the records of a
 * collection, the entries of an index …), so that keyspaces are ranges, and keyspaces of neighbouring numbers too.
 *
 *   record          keyspace (ordered-varint.ts) | record id                → the document
 *   entry           keyspace | value per field | record id                  → type bits
 *   unique entry    keyspace | value per field                              → record id | type bits
 *
 * A record id reads from both ends: n bytes, n - 1 in the upper 3 bits of the first and in the lower 3 of the last; what
 * is between is the id, big-endian. Ids sort as numbers.
 *   3 = 18     4 = 20 21     1000 = 3f 41     1 byte below 4, 2 below 2^10, 3 below 2^18, 4 below 2^26 … 8 below 2^58
 * In keys since format 1.
 */
import { MAX_KEY_BYTES } from '../../lsm/index.js';
import { BsonError } from '../bson/errors.js';
import { orderedVarintLengthOf, readOrderedVarint } from './ordered-varint.js';
import { TypeBitsWriter } from './type-bits.js';
import { KeyWriter } from './value-encoding.js';

/** 1: ascending, -1: descending. */
export type FieldDirection = 1 | -1;

/** [low, high) of keys. */
export interface KeyBounds {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** Of a record id. */
export const MOST_ID_BYTES = 8;

/** The longest key of an entry: what the store takes, with room for what searches put behind a key. */
export const LONGEST_ENTRY_KEY: number = MAX_KEY_BYTES - 64;

/** All keys of keyspaces `first` to `last`, both included. Numbers are below 2^53 - 1. */
export function keyspaceBounds(first: number, last = first): KeyBounds {
  const writer = new KeyWriter();
  writer.appendVarint(first);
  const low = writer.toBytes();
  writer.clear();
  writer.appendVarint(last + 1);
  return { low, high: writer.toBytes() };
}

/** The keyspace of a key. */
export function keyspaceOf(key: Uint8Array): number {
  return readOrderedVarint(key, 0);
}

/** Where the part after the keyspace of a key that begins at `start` does. */
export function afterKeyspace(key: Uint8Array, start = 0): number {
  return start + orderedVarintLengthOf(key[start]!);
}

/** How many bytes a record id takes: 1 to 8. */
export function recordIdLength(id: number): number {
  if (id < 4) return 1;
  let length = 2;
  for (let limit = 0x400; id >= limit && length < MOST_ID_BYTES; limit *= 0x100) length++;
  return length;
}

/** @param id  a safe integer, not negative */
export function appendRecordId(writer: KeyWriter, id: number): void {
  const length = recordIdLength(id);
  writer.reserve(length);
  const { bytes, length: start } = writer;
  writer.length = start + length;
  if (length === 1) {
    bytes[start] = id << 3;
    return;
  }
  bytes[start + length - 1] = ((id % 0x20) << 3) | (length - 1);
  id = Math.floor(id / 0x20);
  for (let i = length - 2; i > 0; i--) {
    bytes[start + i] = id % 0x100;
    id = Math.floor(id / 0x100);
  }
  bytes[start] = ((length - 1) << 5) | id;
}

/** Reads record ids; where it starts and ends is left in registers. */
export class RecordIdReader {
  start = 0;
  end = 0;

  /** The id that starts at `at`. @throws BsonError if it runs past `limit` */
  readAt(from: Uint8Array, at: number, limit = from.length): number {
    const length = at < limit ? (from[at]! >>> 5) + 1 : MOST_ID_BYTES + 1;
    return this.read(from, at, at + length, limit);
  }

  /** The id that ends before `end`. @throws BsonError if it starts before `low` */
  readBefore(from: Uint8Array, end: number, low = 0): number {
    const length = end > low ? (from[end - 1]! & 7) + 1 : MOST_ID_BYTES + 1;
    if (end - length < low) throw new BsonError('a record id is cut off', 'length', low);
    return this.read(from, end - length, end, end);
  }

  private read(from: Uint8Array, start: number, end: number, limit: number): number {
    const code = end - start - 1;
    if (end > limit || from[start]! >>> 5 !== code || (from[end - 1]! & 7) !== code)
      throw new BsonError('a record id is damaged', 'length', start);
    this.start = start;
    this.end = end;
    if (code === 0) return from[start]! >>> 3;
    let id = from[start]! & 0x1f;
    for (let i = start + 1; i < end - 1; i++) id = id * 0x100 + from[i]!;
    return id * 0x20 + (from[end - 1]! >>> 3);
  }
}

/** Builds the key of a record. */
export function appendRecordKey(writer: KeyWriter, keyspace: number, id: number): void {
  writer.appendVarint(keyspace);
  appendRecordId(writer, id);
}

/** Takes apart the entries of one index. */
export class EntryReader {
  /** What `parse` found: the record. */
  recordId = 0;
  /** Where the values lie in the key. */
  valuesStart = 0;
  valuesEnd = 0;
  /** Where the type bits start in the entry's value; they end with it. */
  typeBitsStart = 0;

  private readonly ids = new RecordIdReader();

  constructor(
    readonly keyspace: number,
    readonly directions: readonly FieldDirection[],
    readonly isUnique: boolean,
  ) {}

  /**
   * Takes an entry of this index apart: `recordId`, `valuesStart` …
   * @throws BsonError if it is damaged
   */
  parse(key: Uint8Array, keyEnd: number, value: Uint8Array, valueStart: number, valueEnd: number): void {
    this.valuesStart = afterKeyspace(key);
    if (this.isUnique) {
      this.recordId = this.ids.readAt(value, valueStart, valueEnd);
      this.valuesEnd = keyEnd;
      this.typeBitsStart = this.ids.end;
    } else {
      this.recordId = this.ids.readBefore(key, keyEnd, this.valuesStart);
      this.valuesEnd = this.ids.start;
      this.typeBitsStart = valueStart;
    }
  }
}

/**
 * Builds the entries of one index, and takes them apart.
 *
 *   entries.begin();
 *   entries.append(type, document, at)   for each field in order
 *   entries.finish(recordId);            now `key` and `value` hold the entry
 */
export class IndexEntries extends EntryReader {
  /** The key of the entry last finished; valid until the next `begin`. */
  readonly key = new KeyWriter();
  /** Its value. */
  readonly value = new KeyWriter();
  private field = 0;
  private readonly typeBits = new TypeBitsWriter();
  /** The keyspace, with which all keys begin. */
  private readonly beginning: Uint8Array;

  /**
   * @param keepsTypes  whether entries carry type bits, so that the index can cover queries
   */
  constructor(
    keyspace: number,
    directions: readonly FieldDirection[],
    isUnique: boolean,
    readonly keepsTypes: boolean,
  ) {
    super(keyspace, directions, isUnique);
    this.beginning = keyspaceBounds(keyspace).low;
  }

  begin(): void {
    const { key, beginning } = this;
    this.field = 0;
    key.clear();
    key.appendBytes(beginning, 0, beginning.length);
    this.value.clear();
    this.typeBits.clear();
  }

  /** The value of the next field; MISSING counts as null. */
  append(type: number, from: Uint8Array, at: number): void {
    if (this.directions[this.field++]! > 0) this.key.append(type, from, at);
    else this.key.appendDescending(type, from, at);
    if (this.keepsTypes) this.typeBits.add(type, from, at);
  }

  /** Completes the entry. (What is in `key` before is the beginning of all entries with these values.) */
  finish(recordId: number): void {
    const { typeBits } = this;
    appendRecordId(this.isUnique ? this.value : this.key, recordId);
    if (typeBits.length > 0) this.value.appendBytes(typeBits.bytes, 0, typeBits.length);
  }
}

/**
 * The small sections of a table: range tombstones and blob ids. The bytes are told in format.ts.
 */
import type { Bytes } from '../base/bytes.js';
import { VarintReader, writeVarint } from '../base/varint.js';
import type { TableRangeTombstone } from './format.js';

/** Bytes that `writeTombstones` takes, or a few more. */
export function tombstonesRoom(tombstones: readonly TableRangeTombstone[]): number {
  let room = 8;
  for (const { low, high } of tombstones) room += 24 + low.length + (high === undefined ? 0 : high.length);
  return room;
}

/** @returns bytes written */
export function writeTombstones(
  tombstones: readonly TableRangeTombstone[],
  into: Bytes,
  start: number,
): number {
  let at = writeVarint(into, start, tombstones.length);
  for (const { low, high, seq } of tombstones) {
    at = writeVarint(into, at, seq);
    at = writeVarint(into, at, low.length);
    into.set(low, at);
    at = writeVarint(into, at + low.length, high === undefined ? 0 : high.length + 1);
    if (high === undefined) continue;
    into.set(high, at);
    at += high.length;
  }
  return at - start;
}

/**
 * Reads `count` range tombstones, which must be all that is there.
 * @param commitSeq  not 0: the sequence number of each, whatever is stored
 * @returns undefined when the bytes are malformed
 */
export function readTombstones(
  body: Bytes,
  count: number,
  commitSeq: number,
): TableRangeTombstone[] | undefined {
  const varints = new VarintReader();
  const limit = body.length;
  if (varints.read(body, 0, limit) !== count || varints.end < 0) return undefined;
  const tombstones: TableRangeTombstone[] = [];
  for (let i = 0; i < count; i++) {
    const seq = varints.read(body, varints.end, limit);
    if (varints.end < 0) return undefined;
    const lowLength = varints.read(body, varints.end, limit);
    const lowAt = varints.end;
    if (lowAt < 0 || lowLength > limit - lowAt) return undefined;
    const highLength = varints.read(body, lowAt + lowLength, limit) - 1;
    const highAt = varints.end;
    if (highAt < 0 || highLength > limit - highAt) return undefined;
    const low = body.slice(lowAt, lowAt + lowLength);
    const high = highLength < 0 ? undefined : body.slice(highAt, highAt + highLength);
    if (highLength > 0) varints.end = highAt + highLength;
    tombstones.push({ low, high, seq: commitSeq !== 0 ? commitSeq : seq });
  }
  return varints.end === limit ? tombstones : undefined;
}

/** Bytes that `writeBlobIds` takes at most. */
export function blobIdsRoom(count: number): number {
  return 8 + count * 8;
}

/** @param ids  ascending, each once. @returns bytes written */
export function writeBlobIds(ids: readonly number[], into: Bytes, start: number): number {
  let at = writeVarint(into, start, ids.length);
  let before = 0;
  for (const id of ids) {
    at = writeVarint(into, at, id - before);
    before = id;
  }
  return at - start;
}

/** @returns the ids, ascending, or undefined when the bytes are malformed */
export function readBlobIds(body: Bytes): number[] | undefined {
  const varints = new VarintReader();
  const count = varints.read(body, 0, body.length);
  if (varints.end < 0 || count > body.length) return undefined;
  const ids: number[] = [];
  let id = 0;
  for (let i = 0; i < count; i++) {
    id += varints.read(body, varints.end, body.length);
    if (varints.end < 0 || !Number.isSafeInteger(id)) return undefined;
    ids.push(id);
  }
  return varints.end === body.length ? ids : undefined;
}

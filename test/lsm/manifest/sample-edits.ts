/** Tables and edits out of few words, for the tests of the manifest and of its checks. */
import fc from 'fast-check';
import type { TableMeta } from '../../../lsm/manifest/table-meta.js';
import type { TableAddition, VersionEdit } from '../../../lsm/manifest/version-edit.js';

export const text = (key: string): Uint8Array => new TextEncoder().encode(key);

/** A table of one unit with the keys from `low` to `high`. */
export function table(id: number, low: string, high: string, more: Partial<TableMeta> = {}): TableMeta {
  return {
    id,
    offset: 8192 + id * 4096,
    extentBytes: 4096,
    dataBytes: 1000,
    lowKey: text(low),
    highKey: text(high),
    entryCount: 10,
    tombstoneCount: 1,
    rangeTombstoneCount: 0,
    blobCount: 0,
    rawBytes: 900,
    maxSeq: 7,
    commitSeq: 0,
    ...more,
  };
}

export function add(level: number, order: number, meta: TableMeta): TableAddition {
  return { level, order, meta };
}

export function edit(version: number, more: Partial<VersionEdit> = {}): VersionEdit {
  return {
    version,
    dataSeq: 0,
    firstLog: 1,
    nextTableId: 1000,
    nextBlobId: 1000,
    removeTables: [],
    addTables: [],
    removeBlobs: [],
    addBlobs: [],
    levelPointers: [],
    ...more,
  };
}

const count = fc.oneof(fc.nat(300), fc.nat(Number.MAX_SAFE_INTEGER));
const id = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 48 - 1 }));
const level = fc.nat(63);
const key = fc.uint8Array({ maxLength: 40 });
const extent = fc
  .tuple(fc.integer({ min: 2, max: 2 ** 31 }), fc.integer({ min: 1, max: 2 ** 20 }))
  .map(([offset, bytes]) => ({ offset: offset * 4096, bytes: bytes * 4096 }));
const tableMeta: fc.Arbitrary<TableMeta> = fc
  .record({
    id,
    extent,
    unused: fc.nat(4095),
    lowKey: key,
    highKey: fc.option(key, { nil: undefined }),
    counts: fc.array(count, { minLength: 7, maxLength: 7 }),
  })
  .map(({ extent: { offset, bytes }, unused, counts, ...rest }) => ({
    id: rest.id,
    offset,
    extentBytes: bytes,
    dataBytes: bytes - unused,
    lowKey: rest.lowKey,
    highKey: rest.highKey,
    entryCount: counts[0]!,
    tombstoneCount: counts[1]!,
    rangeTombstoneCount: counts[2]!,
    blobCount: counts[3]!,
    rawBytes: counts[4]!,
    maxSeq: counts[5]!,
    commitSeq: counts[6]!,
  }));

/** Any edit that the format can tell, whether it makes sense or not. */
export const anyEdit: fc.Arbitrary<VersionEdit> = fc.record({
  version: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  dataSeq: count,
  firstLog: count,
  nextTableId: count,
  nextBlobId: count,
  removeTables: fc.array(id, { maxLength: 5 }),
  addTables: fc.array(fc.record({ level, order: count, meta: tableMeta }), { maxLength: 4 }),
  removeBlobs: fc.array(id, { maxLength: 5 }),
  addBlobs: fc.array(fc.record({ id, extents: fc.array(extent, { maxLength: 4 }) }), { maxLength: 3 }),
  levelPointers: fc.array(fc.record({ level, key }), { maxLength: 3 }),
});

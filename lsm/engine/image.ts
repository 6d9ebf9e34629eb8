/**
 * A copy of the store as of one moment, as the bytes of a new store file from front to back, while writes go on. Tables
 * and blobs are copied as they lie; only their places change, so the copy has no free space inside.
 */
import type { Bytes } from '../base/bytes.js';
import { FIRST_EXTENT, totalBytes, type Extent } from '../base/extent.js';
import type { Cipher } from '../env/cipher.js';
import type { Random } from '../env/env.js';
import type { File } from '../env/file-system.js';
import { corrupt } from '../errors.js';
import { storeImage } from '../manifest/image.js';
import type { ManifestState } from '../manifest/manifest-state.js';
import type { Meta } from '../manifest/meta-slots.js';
import type { BlobAddition, TableAddition } from '../manifest/version-edit.js';

/** Bytes of a piece of the copy. */
const CHUNK_BYTES = 256 * 1024;

export interface ImagePlan {
  readonly head: Bytes;
  readonly copies: readonly Extent[];
  readonly manifest: Bytes;
  /** Bytes of the whole file. */
  readonly byteLength: number;
}

/** Lays out a copy of the state of this moment; the caller keeps what it holds alive until the copy is read. */
export function planImage(
  state: ManifestState,
  meta: Meta,
  cipher: Cipher | undefined,
  random: Random,
): ImagePlan {
  const copies: Extent[] = [];
  let offset = FIRST_EXTENT;
  const place = (extent: Extent): Extent => {
    copies.push(extent);
    const placed = { offset, bytes: extent.bytes };
    offset += extent.bytes;
    return placed;
  };
  const addTables: TableAddition[] = [];
  for (const { level, order, tables } of state.version.runs) {
    for (const table of tables) {
      const at = place({ offset: table.offset, bytes: table.extentBytes });
      addTables.push({ level, order, meta: { ...table, offset: at.offset } });
    }
  }
  const addBlobs: BlobAddition[] = [];
  for (const [id, extents] of state.blobs) addBlobs.push({ id, extents: extents.map(place) });
  const edit = {
    version: state.version.number,
    dataSeq: state.lastSeq,
    firstLog: 1,
    nextTableId: state.nextTableId,
    nextBlobId: state.nextBlobId,
    removeTables: [],
    addTables,
    removeBlobs: [],
    addBlobs,
    levelPointers: [...state.levelPointers].map(([level, key]) => ({ level, key })),
  };
  const storeId = new Uint8Array(meta.storeId.length);
  random.fill(storeId);
  const { head, manifest } = storeImage({ ...meta, storeId }, edit, offset, cipher);
  return { head, copies, manifest, byteLength: FIRST_EXTENT + totalBytes(copies) + manifest.length };
}

/** The bytes of the copy; each chunk is the caller's to keep. */
export function* readImage(file: File, plan: ImagePlan): Generator<Bytes> {
  yield plan.head;
  for (const { offset, bytes } of plan.copies) {
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - at));
      // The last unit of an extent at the end of the file may be shorter on disk: the rest counts as zeros.
      const got = file.read(chunk, 0, chunk.length, offset + at);
      if (got < chunk.length && at + got + 4096 <= bytes) {
        throw corrupt('the file ends inside an extent', file.path, offset + at + got);
      }
      yield chunk;
    }
  }
  yield plan.manifest;
}

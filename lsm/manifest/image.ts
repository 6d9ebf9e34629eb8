/**
 * The parts of a store's file that are not tables or blobs, for a file that is written from front to back: both meta
 * slots, which come first, and a manifest that tells the whole state, which may come last.
 */
import type { Bytes } from '../base/bytes.js';
import { FIRST_EXTENT, extentBytesFor, type Extent } from '../base/extent.js';
import type { Cipher } from '../env/cipher.js';
import { RECORD_STATE, encodeRecord } from './format.js';
import { seedOf } from './manifest-log.js';
import { FORMAT, MIN_MANIFEST_BYTES, encodeMeta, type Meta, type StoreIdentity } from './meta-slots.js';
import type { VersionEdit } from './version-edit.js';

export interface StoreImage {
  /** Bytes 0 to 8191 of the file. */
  readonly head: Bytes;
  /** The manifest's extent, whole. */
  readonly manifest: Bytes;
  readonly extent: Extent;
}

/**
 * @param state   leads from nothing to the whole state; every extent in it lies before `offset`
 * @param offset  where the manifest goes: a multiple of 4096
 */
export function storeImage(
  identity: StoreIdentity,
  state: VersionEdit,
  offset: number,
  cipher: Cipher | undefined,
): StoreImage {
  const seed = seedOf(identity, state.version);
  const record = encodeRecord(RECORD_STATE, state, seed, cipher);
  const extent = { offset, bytes: Math.max(MIN_MANIFEST_BYTES, extentBytesFor(record.length)) };
  const manifest = new Uint8Array(extent.bytes);
  manifest.set(record);
  const head = new Uint8Array(FIRST_EXTENT);
  for (const sequence of [2, 3]) {
    const meta: Meta = {
      ...identity,
      format: FORMAT,
      minReader: FORMAT,
      sequence,
      version: state.version,
      firstLog: state.firstLog,
      isClean: true,
      manifest: { extent, validBytes: record.length, seed },
    };
    head.set(encodeMeta(meta), (sequence % 2) * (FIRST_EXTENT / 2));
  }
  return { head, manifest, extent };
}

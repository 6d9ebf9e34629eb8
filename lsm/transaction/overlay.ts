/** A transaction's overlay as batch operations. */
import { NO_BYTES, compareRanges, type Bytes } from '../base/bytes.js';
import { VarintReader } from '../base/varint.js';
import { KIND_BLOB, KIND_DELETE, KIND_RANGE_DELETE } from '../key/entry-kind.js';
import type { Memtable } from '../memtable/memtable.js';
import { MAX_SEQ } from '../read/view.js';
import type { OpsBuffer } from './write-batch.js';

/**
 * Appends what the overlay amounts to: its range tombstones, then the newest version of each key that none of them
 * hides.
 * @param blobIds  is given the ids of the blobs that the operations refer to
 */
export function encodeOverlay(overlay: Memtable, ops: OpsBuffer, blobIds: Set<number>): void {
  const { tombstones } = overlay;
  for (const { low, high } of tombstones.fragments(MAX_SEQ)) {
    const upper = high ?? NO_BYTES;
    ops.put(KIND_RANGE_DELETE, low, 0, low.length, upper, 0, upper.length);
  }
  const cursor = overlay.cursor();
  const varint = new VarintReader();
  let lastKey: Bytes = NO_BYTES;
  let lastOffset = 0;
  let lastLength = -1;
  for (cursor.first(); cursor.isValid; cursor.next()) {
    const { keyBytes, keyOffset, keyLength, kind } = cursor;
    if (
      keyLength === lastLength &&
      compareRanges(lastKey, lastOffset, lastLength, keyBytes, keyOffset, keyLength) === 0
    ) {
      continue;
    }
    lastKey = keyBytes;
    lastOffset = keyOffset;
    lastLength = keyLength;
    if (
      tombstones.count > 0 &&
      cursor.seq < tombstones.coveringSeq(keyBytes, keyOffset, keyLength, MAX_SEQ)
    ) {
      continue;
    }
    if (kind === KIND_DELETE) {
      ops.delete(keyBytes, keyOffset, keyLength);
      continue;
    }
    const { valueBytes, valueOffset, storedLength } = cursor;
    if (kind === KIND_BLOB) blobIds.add(varint.read(valueBytes, valueOffset, valueOffset + storedLength));
    ops.put(kind, keyBytes, keyOffset, keyLength, valueBytes, valueOffset, storedLength);
  }
  cursor.close();
}

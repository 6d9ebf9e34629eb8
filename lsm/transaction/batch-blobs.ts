/** Writes the large values of a batch as blobs, and the batch's operations with what refers to them. */
import { invariant } from '../base/invariant.js';
import type { BlobWriter } from '../blob/blob-writer.js';
import { KIND_BLOB, KIND_DELETE } from '../key/entry-kind.js';
import { OpsReader } from '../memtable/ops-reader.js';
import type { NewBlob } from './host.js';
import { OpsBuffer, type KvBatch } from './write-batch.js';

/** @throws LsmError DiskFull, Io; what was written is then given back */
export function writeBlobs(
  batch: KvBatch,
  newWriter: () => BlobWriter,
  dropBlob: (blob: NewBlob) => void,
): { ops: OpsBuffer; blobs: NewBlob[] } {
  const blobs: NewBlob[] = [];
  let writer: BlobWriter | undefined;
  try {
    const ops = new OpsBuffer(batch.ops.length + 256);
    const { bytes, length } = batch.ops;
    const reader = new OpsReader();
    for (let at = 0, large = 0; at < length; at = reader.end) {
      invariant(reader.read(bytes, at, length), 'a batch holds whole operations');
      const { kind, keyOffset, keyLength, valueOffset, valueLength } = reader;
      if (kind === KIND_DELETE) ops.delete(bytes, keyOffset, keyLength);
      else if (kind !== KIND_BLOB)
        ops.put(kind, bytes, keyOffset, keyLength, bytes, valueOffset, valueLength);
      else {
        writer = newWriter();
        const value = batch.large[large++]!;
        writer.expect(value.length);
        writer.write(value);
        const blob = writer.finish();
        blobs.push(blob);
        ops.put(kind, bytes, keyOffset, keyLength, blob.descriptor, 0, blob.descriptor.length);
      }
    }
    return { ops, blobs };
  } catch (error) {
    writer?.abandon();
    blobs.forEach(dropBlob);
    throw error;
  }
}

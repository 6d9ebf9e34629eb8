/** How fast do large values go in and out as streams, and how much memory does that take? */
import { mix } from '../data.js';
import { Laps, MIB, peakMemoryBytes, Stopwatch } from '../measure.js';
import { sizeOnDisk } from '../peers.js';
import type { Workload } from './workload.js';

const BLOB_BYTES = 32 * MIB;
const BLOBS = 8;
const CHUNK_BYTES = 64 * 1024;

/** Chunk `n` of blob `blob`; each is told apart by its first bytes. */
function fillChunk(chunk: Uint8Array, blob: number, n: number): void {
  let state = mix(blob * 100_003 + n, 1) | 1;
  for (let at = 0; at < 64; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    chunk[at] = state >>> 24;
  }
}

export const blobs: Workload = {
  name: 'blobs',
  question: 'How fast do values of 32 MiB go in and out as streams, and how much memory does that take?',
  unit: 'MB/s in',
  better: 'more',
  needs: 'nothing',
  writes: true,
  run: async (context) => {
    const peer = await context.open();
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let i = 0; i < CHUNK_BYTES; i++) chunk[i] = mix(i, context.seed);
    const memoryBefore = peakMemoryBytes();
    const chunkCount = BLOB_BYTES / CHUNK_BYTES;
    const writes = new Stopwatch();
    const key = peer.allocate(1);
    for (let blob = 0; blob < BLOBS; blob++) {
      key[0] = blob;
      writes.start();
      await peer.putStream(key, chunksOf(blob, chunk, chunkCount), BLOB_BYTES);
      writes.stop();
    }
    await peer.settle();
    const reads = new Stopwatch();
    const pieces = new Laps();
    const piece = peer.allocate(CHUNK_BYTES);
    for (let blob = 0; blob < BLOBS; blob++) {
      key[0] = blob;
      let bytes = 0;
      reads.start();
      await peer.readStream(key, (part) => (bytes += part.length));
      reads.stop();
      if (bytes !== BLOB_BYTES) throw new Error(`blobs: ${bytes} bytes came back`);
      const n = mix(blob, 5) % chunkCount;
      const started = performance.now();
      const got = peer.readAt(key, n * CHUNK_BYTES, piece);
      pieces.add(performance.now() - started);
      fillChunk(chunk, blob, n);
      if (got !== CHUNK_BYTES || Buffer.compare(piece, chunk) !== 0) throw new Error('blobs: a wrong piece');
    }
    await peer.close();
    const megabytes = (BLOBS * BLOB_BYTES) / 1e6;
    return {
      value: (megabytes / writes.ms) * 1000,
      details: {
        'MB/s out': (megabytes / reads.ms) * 1000,
        'ms for 64 KiB of one': pieces.percentile(0.5),
        'size × raw': sizeOnDisk(context.folder) / (BLOBS * BLOB_BYTES),
        'more memory MiB': (peakMemoryBytes() - memoryBefore) / MIB,
      },
    };
  },
};

function* chunksOf(blob: number, chunk: Uint8Array, count: number): Iterable<Uint8Array> {
  for (let n = 0; n < count; n++) {
    fillChunk(chunk, blob, n);
    yield chunk;
  }
}

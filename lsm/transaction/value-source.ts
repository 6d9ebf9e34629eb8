/** Values of unknown length: read to their end at once, small ones into memory, others into a blob as they come. */
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import type { BlobWriter } from '../blob/blob-writer.js';
import { LsmError } from '../errors.js';
import { MAX_VALUE_BYTES } from '../options.js';
import type { ValueSource } from '../ordered-kv.js';

export interface GatheredValue {
  /** The value, when there is no writer. */
  readonly bytes: Bytes;
  /** Holds the value, not finished yet. The caller finishes or abandons it. */
  readonly writer: BlobWriter | undefined;
  readonly length: number;
}

/**
 * Reads a source to its end.
 * @param inlineBytes  a value of so many bytes or more goes into a blob
 * @throws what the source throws, or LsmError BadValue; what was written is given back
 */
export async function readSource(
  source: ValueSource,
  inlineBytes: number,
  newWriter: () => BlobWriter,
): Promise<GatheredValue> {
  const chunks: Bytes[] = [];
  let length = 0;
  let writer: BlobWriter | undefined;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      if (!(chunk instanceof Uint8Array)) {
        throw new LsmError(`a value stream gives chunks of bytes, got ${typeof chunk}`, 'BadValue');
      }
      length += chunk.length;
      if (length > MAX_VALUE_BYTES) {
        throw new LsmError(`a value has at most ${MAX_VALUE_BYTES} bytes; the stream gave more`, 'BadValue');
      }
      if (writer === undefined && length >= inlineBytes) {
        writer = newWriter();
        for (const early of chunks) writer.write(early);
        chunks.length = 0;
      }
      if (writer !== undefined) writer.write(chunk);
      else if (chunk.length > 0) chunks.push(Uint8Array.from(chunk));
    }
  } catch (error) {
    writer?.abandon();
    throw error;
  }
  if (writer !== undefined) return { bytes: NO_BYTES, writer, length };
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, writer: undefined, length };
}

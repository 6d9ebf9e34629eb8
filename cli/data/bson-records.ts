/** Raw documents one behind the other, as dumps have them. */

const MOST_BYTES = 64 * 1024 * 1024;
const SMALLEST_DOCUMENT = 5;
/** In place of a document's length, in archives: the end of a list. */
const TERMINATOR = -1;

/** Stands for a terminator among the documents. */
export const END_OF_LIST: Uint8Array = new Uint8Array(0);

export interface BsonRecordsOptions {
  /** Whether lists of documents may end in a terminator, which is then given as `END_OF_LIST`. */
  readonly hasTerminators?: boolean;
  /** Where in the input the first byte lies, for messages. */
  readonly offset?: number;
}

/** What a document begins with. */
const LENGTH_BYTES = 4;

/** A document that began in one piece of the input and ends in another. */
class Spanning {
  private parts: Uint8Array[] = [];
  byteLength = 0;
  /** Bytes without which nothing more can be told: its length, then all of it. */
  wanted = LENGTH_BYTES;

  /** @returns where in the chunk that ends which is wanted, or the chunk's end */
  take(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.wanted - this.byteLength, chunk.length);
    this.parts.push(Uint8Array.prototype.slice.call(chunk, at, end)); // a Buffer would not be copied
    this.byteLength += end - at;
    return end;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  clear(): void {
    this.parts = [];
    this.byteLength = 0;
    this.wanted = LENGTH_BYTES;
  }
}

/**
 * @param chunks  each must stay as it is until the next one is asked for
 * @yields lists of whole documents, which stay as they are until the next list is asked for
 * @throws Error that names the byte where something is no document
 */
export async function* bsonRecords(
  chunks: AsyncIterable<Uint8Array>,
  { hasTerminators = false, offset: first = 0 }: BsonRecordsOptions = {},
): AsyncGenerator<readonly Uint8Array[]> {
  const spanning = new Spanning();
  /** Of the chunk's first byte. */
  let offset = first;
  /** @returns undefined: it is a terminator */
  const checked = (length: number, at: number): number | undefined => {
    if (hasTerminators && length === TERMINATOR) return undefined;
    if (length < SMALLEST_DOCUMENT || length > MOST_BYTES)
      throw new Error(`byte ${offset + at}: a document of ${length} bytes cannot be`);
    return length;
  };
  for await (const chunk of chunks) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
    const documents: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (spanning.byteLength === 0 && at + LENGTH_BYTES <= chunk.length) {
        const length = checked(view.getInt32(at, true), at);
        if (length !== undefined && at + length > chunk.length) {
          spanning.wanted = length;
          at = spanning.take(chunk, at);
          break;
        }
        documents.push(length === undefined ? END_OF_LIST : chunk.subarray(at, at + length));
        at += length ?? LENGTH_BYTES;
        continue;
      }
      at = spanning.take(chunk, at);
      if (spanning.byteLength < spanning.wanted) break;
      const { bytes } = spanning;
      const length = checked(bytes.readInt32LE(0), at - bytes.length);
      if (length !== undefined && length > bytes.length) {
        spanning.wanted = length;
        continue;
      }
      documents.push(length === undefined ? END_OF_LIST : bytes);
      spanning.clear();
    }
    offset += chunk.length;
    if (documents.length > 0) yield documents;
  }
  if (spanning.byteLength > 0)
    throw new Error(`byte ${offset - spanning.byteLength}: the input ends in the middle of a document`);
}

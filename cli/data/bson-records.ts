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

/**
 * @yields lists of whole documents, as long as the chunks they lie in stay as they are
 * @throws Error that names the byte where something is no document
 */
export async function* bsonRecords(
  chunks: AsyncIterable<Uint8Array>,
  { hasTerminators = false, offset: first = 0 }: BsonRecordsOptions = {},
): AsyncGenerator<readonly Uint8Array[]> {
  let parts: Uint8Array[] = [];
  let partBytes = 0;
  /** Bytes without which nothing more can be told. */
  let wanted = 4;
  let offset = first;
  for await (const chunk of chunks) {
    parts.push(chunk);
    partBytes += chunk.length;
    if (partBytes < wanted) continue;
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const documents: Uint8Array[] = [];
    let at = 0;
    wanted = 4;
    while (at + 4 <= bytes.length) {
      const length = view.getInt32(at, true);
      if (hasTerminators && length === TERMINATOR) {
        documents.push(END_OF_LIST);
        at += 4;
        continue;
      }
      if (length < SMALLEST_DOCUMENT || length > MOST_BYTES)
        throw new Error(`byte ${offset + at}: a document of ${length} bytes cannot be`);
      if (at + length > bytes.length) {
        wanted = length;
        break;
      }
      documents.push(bytes.subarray(at, at + length));
      at += length;
    }
    offset += at;
    partBytes = bytes.length - at;
    parts = partBytes === 0 ? [] : [bytes.subarray(at)];
    if (documents.length > 0) yield documents;
  }
  if (partBytes > 0) throw new Error(`byte ${offset}: the input ends in the middle of a document`);
}

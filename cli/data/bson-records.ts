/** Raw documents one behind the other, as dumps have them. */

const MOST_BYTES = 64 * 1024 * 1024;

/**
 * @yields lists of whole documents; they stay as they are
 * @throws Error that names the byte where something is no document
 */
export async function* bsonRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  let rest: Uint8Array = new Uint8Array(0);
  let offset = 0;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const documents: Uint8Array[] = [];
    let at = 0;
    while (at + 4 <= bytes.length) {
      const length = view.getInt32(at, true);
      if (length < 5 || length > MOST_BYTES)
        throw new Error(`byte ${offset + at}: a document of ${length} bytes cannot be`);
      if (at + length > bytes.length) break;
      documents.push(bytes.slice(at, at + length));
      at += length;
    }
    offset += at;
    rest = bytes.subarray(at);
    if (documents.length > 0) yield documents;
  }
  if (rest.length > 0) throw new Error(`byte ${offset}: the input ends in the middle of a document`);
}

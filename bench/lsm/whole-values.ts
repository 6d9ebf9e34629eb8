/** Streams for stores that have none: a value is gathered whole before it is stored, and read whole. */

export function gather(chunks: Iterable<Uint8Array>, into: Uint8Array): Uint8Array {
  let at = 0;
  for (const chunk of chunks) {
    into.set(chunk, at);
    at += chunk.length;
  }
  return into.subarray(0, at);
}

export function visitWhole(value: Uint8Array | undefined, visit: (chunk: Uint8Array) => void): void {
  if (value === undefined) throw new Error('the value is absent');
  visit(value);
}

/**
 * Gives the memory of large arrays back soon. An array that has lived for long is collected late, which may be after
 * whatever its memory was wanted for; so its memory is moved to one that has just been made, for the next small collection.
 *
 * Those come as objects are made, of which there may be few for long. But the runtime also runs one before it makes an array
 * when others that were just made have taken more than `YOUNG_BYTES`; so one of that length is made, to which nobody writes,
 * so that the system gives it no memory. Where the runtime does not do so memory comes back later, and nothing else changes.
 */
const YOUNG_BYTES = 33 << 20;
/** A small collection takes a millisecond or two: so many bytes are worth one. */
const WORTH_BYTES = 8 << 20;

let waitingBytes = 0;

/** The array is empty afterwards, as are all others over the same memory. */
export function letGo({ buffer }: Uint8Array<ArrayBuffer>): void {
  waitingBytes += buffer.byteLength;
  structuredClone(buffer, { transfer: [buffer] });
  if (waitingBytes < WORTH_BYTES) return;
  waitingBytes = 0;
  void new ArrayBuffer(YOUNG_BYTES);
}

/**
 * Has arrays collected that have lived for long and are of no more use. The runtime looks for them when arrays have taken
 * 64 MB more than they did when it last looked, which those here do for a moment, again without memory of the system.
 */
export function collectSoon(): void {
  void [new ArrayBuffer(YOUNG_BYTES), new ArrayBuffer(YOUNG_BYTES)];
}

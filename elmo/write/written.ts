/** Waiting for what a statement has written. */

/** Resolves when all of it is as durable as asked. @throws what the first of them that fails is refused with */
export function allWritten(written: readonly Promise<void>[]): Promise<unknown> {
  // most statements write once
  return written.length === 1 ? written[0]! : Promise.all(written);
}

/** Waiting for what a statement has written. */

/** Resolves when all of it is as durable as asked. @throws what the first of them that fails is refused with */
export function allWritten(written: readonly Promise<void>[]): Promise<unknown> {
  // most statements write once
  return written.length === 1 ? written[0]! : Promise.all(written);
}

const nothing = (): void => undefined;

/**
 * Before others get their turn: what fails meanwhile waits for `allWritten`, where the runtime would else end the process
 * over an error that nobody takes.
 * @param from  those before it are kept already
 * @returns where the next ones begin
 */
export function keepFailures(written: readonly Promise<void>[], from = 0): number {
  for (let i = from; i < written.length; i++) written[i]!.catch(nothing);
  return written.length;
}

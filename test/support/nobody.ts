/** Doing something as a user who may do little, for tests of what is not permitted: root may do everything. */
import { chmodSync } from 'node:fs';

const NOBODY = 65_534;

/** Whether the system has users: Windows has none of this kind. */
export const canBeNobody = process.seteuid !== undefined;

/**
 * Runs it with no more rights than a stranger has; as who we are, if that is not root.
 * @param open  folders that are opened to everybody, so that a stranger finds the way
 */
export async function asNobody<T>(open: readonly string[], run: () => T | Promise<T>): Promise<T> {
  if (process.geteuid!() !== 0) return run();
  for (const folder of open) chmodSync(folder, 0o777);
  process.seteuid!(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid!(0);
  }
}

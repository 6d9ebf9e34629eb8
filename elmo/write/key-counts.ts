/** Counts the keys of indexes that a write changes, for commands that the profiler writes down. */
import type { OpenCollection } from '../index/open-collection.js';
import type { WriteContext } from './write-context.js';

/** @param write  one synchronous stretch of the command's */
export function withKeysCounted<T>(
  { operation }: WriteContext,
  { state }: OpenCollection,
  write: () => T,
): T {
  const { keysInserted, keysDeleted } = state;
  const result = write();
  operation.trace?.profile?.addKeys(state.keysInserted - keysInserted, state.keysDeleted - keysDeleted);
  return result;
}

export const isProfiled = ({ operation }: WriteContext): boolean => operation.trace?.profile !== undefined;

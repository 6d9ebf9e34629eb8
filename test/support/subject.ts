/**
 * The engine as the laboratories see it: its door, without its rooms.
 *
 * The door is imported when a laboratory starts, so that the laboratories themselves can be tested on a toy store.
 */
import type { Env } from '../../lsm/env/env.js';
import type { LsmOptions } from '../../lsm/options.js';
import type { OrderedKv } from '../../lsm/ordered-kv.js';

/** A finding of `check`. */
export interface Finding {
  readonly code: string;
  readonly message: string;
}

/** What a store must offer to be put through the laboratories. */
export interface LabStore extends OrderedKv {
  flush(): Promise<void>;
  settle(): Promise<void>;
  mergeAll(): Promise<void>;
  compact(): Promise<void>;
  check(options?: { deep?: boolean }): Promise<readonly Finding[]>;
}

export type OpenStore = (path: string, options: LsmOptions & { env?: Env }) => Promise<LabStore>;

/** @returns the engine's `openLsm` */
export async function engine(): Promise<OpenStore> {
  const door = (await import(DOOR)) as { openLsm: OpenStore };
  return door.openLsm;
}

/** The door's address, kept from the compiler: see the header. */
const DOOR: string = new URL('../../lsm/index.js', import.meta.url).href;

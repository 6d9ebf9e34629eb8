/** A store that is open, and what can be said of it before the programs of the document layer are loaded. */
import {
  openLsm,
  systemEnv,
  type Clock,
  type LsmOptions,
  type OrderedKv,
  type Random,
} from '../../lsm/index.js';
import { ServerState } from './server-state.js';

/** What of an engine is there before it is made. */
export interface EngineFacts {
  readonly clock: Clock;
  readonly state: ServerState;
}

/** What an engine is made of. */
export interface OpenStore extends EngineFacts {
  readonly kv: OrderedKv;
  readonly random: Random;
}

/** @throws LsmError */
export async function openStore(path: string, options: LsmOptions = {}): Promise<OpenStore> {
  const { clock, random } = systemEnv();
  const kv = await openLsm(path, options);
  const state = new ServerState(
    () => clock.wallMs(),
    () => clock.nowMs(),
  );
  return { kv, clock, random, state };
}

/** What an engine is made with. */
import type { ServerState } from './server-state.js';

export interface EngineOptions {
  /** What the engine calls its host where the reference tells 'host:port'. Default 'localhost:27017'. */
  readonly host?: string;
  /** Collections kept open. Default 1000. */
  readonly openCollections?: number;
  /** Most cursors that clients may have open. Default 10,000. */
  readonly maxCursors?: number;
  /** Documents, about, from which on an index over them is loaded from sorted runs. Default 4096. */
  readonly leastLoaded?: number;
  /** What was known before the engine was made; default: nothing. */
  readonly state?: ServerState;
}

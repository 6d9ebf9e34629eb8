/** All commands and the engine they are run by, loaded once a server listens (docs/decisions/0017-started-early.md). */
import * as host from './host.js';

export const lateHost = (): typeof host => host;

/** The door for who serves a file and does nothing else: what else the layers can do is not loaded. */
export { openEngine } from '../elmo/index.js';
export { serve, serveBeside } from './host.js';
export type { ServerOptions, TlsOptions } from './options.js';

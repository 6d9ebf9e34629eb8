/** The door of the wire protocol. */
export { serve } from './host.js';
export { WireServer } from './connection/server.js';
export { ServerError, type ServerOptions, type TlsOptions } from './options.js';
export {
  connect,
  ElmoClient,
  ElmoClient as MongoClient,
  openShared,
  type ElmoClientOptions,
} from './client.js';
export { fileUserCommands } from './commands/users.js';

/** The door of the document layer. */
export { BsonError } from './bson/errors.js';
export { compareDocuments } from './bson/compare.js';
export { decodeDocument, Decoder } from './bson/decode.js';
export { encodeDocument } from './bson/encode.js';
export { validateDocument } from './bson/validate.js';
export { BsonWriter, type WriterMemory } from './bson/writer.js';
export { ElmoError } from './errors.js';
export { Engine } from './engine/engine.js';
export { CommandTable } from './commands/command-table.js';
export { dispatch, type Dispatched, type DispatchOptions } from './commands/dispatch.js';
export { Arguments, firstName as commandName, type CommandMessage } from './commands/arguments.js';
export type {
  AuthenticatedUser,
  Command,
  CommandClient,
  CommandContext,
  RoleName,
  ServerFacts,
} from './commands/command.js';
export { ReplyWriter } from './commands/reply.js';
export { cursorIdOf } from './commands/cursor-reply.js';
export { writeClusterTime, writeOpTime } from './commands/cluster-time.js';
export { elmoCommands } from './commands/table.js';
export * as fields from './commands/fields.js';
export { helloFields, identityCommands } from './commands/diagnostics/identity.js';
export { MemoryEngine, type Mark } from './engine/memory-engine.js';
export { engineOn, openEngine, type OpenEngineOptions } from './engine/open-engine.js';
export { openStore, type EngineFacts, type OpenStore } from './engine/open-store.js';
export { operatorNames, type OperatorNames } from './operator-names.js';
export { parseShellText } from './query/filter-text.js';
export { runCommand } from './api/run-command.js';
export { backupStore, checkAll, compactStore, storeStats } from './api/maintenance.js';
export type { ApiEngine, ApiSessions, CommandEngine, CommandSettings } from './api/api-engine.js';
export { documentValue, plainJs, Value } from './bson/value.js';
export type { ElmoCursor, RawBatch, BatchOptions } from './exec/cursor.js';
export type { SessionContext } from './session/session-context.js';
export type * as requests from './operation/requests.js';
export type { RawDocument } from './operation/requests.js';
export type { ReadDocument } from './operation/row-source.js';
export { ElmoClient, connect, isServerUri, type ElmoClientOptions } from './api/client.js';
export * from './api/public.js';

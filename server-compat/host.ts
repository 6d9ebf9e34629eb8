/** Puts engine and server together: commands, sessions of connections, their end. */
import {
  CommandTable,
  dispatch,
  elmoCommands,
  type CommandMessage,
  type Engine,
  type ReplyWriter,
} from '../elmo/index.js';
import { helloCommands } from './commands/hello.js';
import type { Connection, DispatchOutcome, Dispatcher } from './connection/connection.js';
import { WireServer, type ServerHost } from './connection/server.js';
import type { ServerOptions } from './options.js';

class EngineHost implements ServerHost {
  constructor(private readonly engine: Engine) {}

  dispatcherFor(server: WireServer): Dispatcher {
    const { engine } = this;
    const commands = new CommandTable([...elmoCommands, ...helloCommands(server)]);
    return {
      async dispatch(
        command: CommandMessage,
        connection: Connection,
        reply: ReplyWriter,
      ): Promise<DispatchOutcome> {
        await dispatch(command, { engine, client: connection, commands, signal: connection.signal }, reply);
        return {};
      },
    };
  }

  ended(_connection: Connection): void {
    // cursors outlive their connection: drivers come back for them on another one
  }
}

/** Serves an engine that is open. @returns the server, listening */
export async function serve(engine: Engine, options: ServerOptions = {}): Promise<WireServer> {
  const server = new WireServer(new EngineHost(engine), options);
  await server.listen();
  return server;
}

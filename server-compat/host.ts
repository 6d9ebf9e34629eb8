/** Puts engine and server together: commands, what stands in every reply, what is cleaned up in the background. */
import {
  type Arguments,
  CommandTable,
  cursorIdOf,
  dispatch,
  elmoCommands,
  engineOn,
  writeClusterTime,
  type Command,
  type Dispatched,
  type DispatchOptions,
  type Engine,
  type OpenStore,
  type RawDocument,
  type ReplyWriter,
} from '../elmo/index.js';
import { localSocketPath } from '../lsm/index.js';
import { authorize } from './commands/authorize.js';
import type { Users } from './auth/users.js';
import { helloCommands } from './commands/hello.js';
import { failPointCommands } from './commands/fail-point.js';
import { fileCommands } from './commands/file.js';
import { loginCommands, Logins } from './commands/login.js';
import { replicationCommands } from './commands/replication.js';
import { userCommands } from './commands/users.js';
import { connectionLog } from './connection/connection-log.js';
import type { Connection, DispatchOutcome, Dispatcher } from './connection/connection.js';
import { ClosesConnection, FailPoints, meet } from './connection/fail-points.js';
import { WireServer, type ServerHost } from './connection/server.js';
import type { ServerOptions } from './options.js';

const NOTHING_MORE: DispatchOutcome = {};
const CLOSES: DispatchOutcome = { closes: true };

/** How one connection's commands are run: made once for each. */
class ConnectionDispatch implements DispatchOptions {
  readonly isReplicaSet: boolean;
  readonly interrupt: () => void;
  /** Of the write that was just done; raw. */
  private writeConcernError: RawDocument | undefined;

  constructor(
    readonly engine: Engine,
    readonly client: Connection,
    readonly commands: CommandTable,
    private readonly server: WireServer,
    private readonly failPoints: FailPoints | undefined,
    private readonly users: Users,
  ) {
    this.isReplicaSet = !server.options.standalone;
    this.interrupt = client.interrupt;
  }

  readonly before = (command: Command, args: Arguments, db: string): void | Promise<void> => {
    if (this.server.options.auth) authorize(command, args, db, this.client, this.users);
    const { name } = command;
    const failure = this.failPoints?.take(name, this.client.appName);
    if (failure === undefined) return;
    this.writeConcernError = failure.writeConcernError;
    return meet(failure, (ms) => this.server.idle(ms, this.signal));
  };

  readonly finish = (reply: ReplyWriter): void => {
    const { writeConcernError } = this;
    if (writeConcernError !== undefined) {
      this.writeConcernError = undefined;
      reply.document('writeConcernError', writeConcernError);
    }
    if (this.isReplicaSet) writeClusterTime(reply, this.engine.state.clusterClock.now);
  };

  get signal(): AbortSignal {
    return this.client.signal;
  }
}

export class EngineHost implements ServerHost {
  private readonly dispatches = new WeakMap<Connection, ConnectionDispatch>();

  constructor(
    readonly engine: Engine,
    private readonly more: readonly Command[] = [],
  ) {}

  dispatcherFor(server: WireServer): Dispatcher {
    const failPoints = server.options.enableTestCommands ? new FailPoints() : undefined;
    if (server.options.standalone) this.engine.state.hasClusterTime = false;
    const logins = new Logins(this.engine);
    const commands = new CommandTable([
      ...elmoCommands.filter(({ name }) => name !== 'logout'),
      ...helloCommands(server, () => logins),
      ...loginCommands(logins),
      ...userCommands(logins.users),
      ...replicationCommands(server),
      ...(failPoints === undefined ? [] : failPointCommands(failPoints)),
      ...this.more,
    ]);
    return {
      ...connectionLog(this.engine.state),
      dispatch: (message, connection, reply, allowsExhaust) => {
        let options = this.dispatches.get(connection);
        if (options === undefined) {
          options = new ConnectionDispatch(
            this.engine,
            connection,
            commands,
            server,
            failPoints,
            logins.users,
          );
          this.dispatches.set(connection, options);
        }
        const start = reply.length;
        const dispatched = dispatch(message, options, reply);
        const outcome = ({ name, error }: Dispatched): DispatchOutcome => {
          if (error?.details.cause instanceof ClosesConnection) return CLOSES;
          if (!allowsExhaust || error !== undefined) return NOTHING_MORE;
          return goesOn(name, connection, reply, start) ? { continuation: message } : NOTHING_MORE;
        };
        return dispatched instanceof Promise ? dispatched.then(outcome) : outcome(dispatched);
      },
    };
  }
}

/** Whether a client that allowed it is sent more replies without asking. */
function goesOn(name: string, connection: Connection, reply: ReplyWriter, start: number): boolean {
  if (name === 'getMore') return cursorIdOf(reply.bytes, start) !== 0n;
  return (name === 'hello' || name === 'isMaster' || name === 'ismaster') && connection.isStreamingHello;
}

/** A server for an engine that is open; it does not listen yet. @param more  commands beside the usual ones */
export function hostOf(
  engine: Engine,
  options: ServerOptions = {},
  more: readonly Command[] = [],
): WireServer {
  return new WireServer(new EngineHost(engine, more), options);
}

/** The engine of a store that is open, and the host for its servers. @throws LsmError */
export async function hostOn(store: OpenStore): Promise<EngineHost> {
  return new EngineHost(await engineOn(store));
}

/** Serves an engine that is open. @returns the server, listening */
export async function serve(engine: Engine, options: ServerOptions = {}): Promise<WireServer> {
  const server = hostOf(engine, options);
  await server.listen();
  if (server.options.tcp) engine.host = server.options.advertise ?? server.address;
  return server;
}

/** Lets those in who open the file as one that is shared: on a socket beside it, for this user alone. */
export async function serveBeside(engine: Engine, path: string): Promise<WireServer> {
  const server = hostOf(engine, { unixSocket: localSocketPath(path), tcp: false }, fileCommands);
  await server.listen();
  return server;
}

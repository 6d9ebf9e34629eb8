/**
 * Answers clients from the moment the store is open. What they say on connecting is answered with the few programs that are
 * loaded by then; all else waits until the engine is there, which is loaded behind the first reply, or soon after the
 * start if nobody comes (docs/decisions/0017-started-early.md).
 */
import {
  Arguments,
  CommandTable,
  commandName,
  dispatch,
  documentValue,
  identityCommands,
  writeClusterTime,
  type CommandMessage,
  type DispatchOptions,
  type Engine,
  type EngineFacts,
  type OpenStore,
  type ReplyWriter,
} from '../elmo/index.js';
import { helloCommands } from './commands/hello.js';
import { connectionLog } from './connection/connection-log.js';
import type { Connection, DispatchOutcome, Dispatcher } from './connection/connection.js';
import type { ServerHost, WireServer } from './connection/server.js';
import { lateHost } from './late-host.js';

/** How long the first client is waited for before the rest is loaded. */
const LONELY_MS = 50;

const EARLY_COMMANDS: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'ping',
  'buildInfo',
  'buildinfo',
]);
/** What they may say beside their name: nothing that concerns users, transactions or waiting. */
const EARLY_FIELDS: ReadonlySet<string> = new Set([
  '$db',
  '$clusterTime',
  '$readPreference',
  'client',
  'compression',
  'helloOk',
  'hostInfo',
  'loadBalanced',
  'lsid',
]);

const NOTHING_MORE: DispatchOutcome = {};

export class EarlyHost implements ServerHost {
  private whole: Dispatcher | undefined;
  private loading: Promise<Engine> | undefined;

  /** @param onFailure  told when the engine cannot be made of the store */
  constructor(
    private readonly store: OpenStore,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  dispatcherFor(server: WireServer): Dispatcher {
    const { standalone, auth, enableTestCommands } = server.options;
    if (standalone) this.store.state.hasClusterTime = false;
    const isOpen = !auth && !enableTestCommands;
    const commands = new CommandTable([...helloCommands(server, withoutEngine), ...identityCommands]);
    return {
      ...connectionLog(this.store.state),
      dispatch: (message, connection, reply, allowsExhaust) => {
        const { whole } = this;
        if (whole !== undefined) return whole.dispatch(message, connection, reply, allowsExhaust);
        if (!isOpen || !isEarly(message))
          return this.load(server).then(() =>
            this.whole!.dispatch(message, connection, reply, allowsExhaust),
          );
        setImmediate(() => this.begin(server));
        const done = dispatch(
          message,
          new EarlyDispatch(this.store, connection, commands, !standalone),
          reply,
        );
        return done instanceof Promise ? done.then(() => NOTHING_MORE) : NOTHING_MORE;
      },
    };
  }

  /** Loads the rest when nobody has come for a while. */
  loadSoon(server: WireServer): void {
    setTimeout(() => this.begin(server), LONELY_MS).unref();
  }

  /** A failure is told to `onFailure`. */
  private begin(server: WireServer): void {
    this.load(server).catch(() => undefined);
  }

  /** @returns the engine. @throws LsmError */
  load(server: WireServer): Promise<Engine> {
    if (this.loading === undefined) {
      this.loading = this.loadNow(server);
      this.loading.catch(this.onFailure);
    }
    return this.loading;
  }

  private async loadNow(server: WireServer): Promise<Engine> {
    const host = await lateHost().hostOn(this.store);
    this.whole = host.dispatcherFor(server);
    return host.engine;
  }

  /** Closes the engine, or the store alone. */
  async close(): Promise<void> {
    const engine = await this.loading?.catch(() => undefined);
    await (engine ?? this.store.kv).close();
  }
}

/** How a command is run that needs no engine. */
class EarlyDispatch implements DispatchOptions {
  readonly interrupt: () => void;

  constructor(
    readonly facts: EngineFacts,
    readonly client: Connection,
    readonly commands: CommandTable,
    readonly isReplicaSet: boolean,
  ) {
    this.interrupt = client.interrupt;
  }

  readonly finish = (reply: ReplyWriter): void => {
    if (this.isReplicaSet) writeClusterTime(reply, this.facts.state.clusterClock.now);
  };

  get engine(): Engine {
    return withoutEngine();
  }

  get signal(): AbortSignal {
    return this.client.signal;
  }
}

function withoutEngine(): never {
  throw new Error('an early command asked for the engine');
}

function isEarly({ body, sequences }: CommandMessage): boolean {
  const command = commandName(body);
  if (sequences !== undefined || !EARLY_COMMANDS.has(command)) return false;
  const fields = Arguments.of(documentValue(body)).entries();
  return [...fields].every(([field]) => field === command || EARLY_FIELDS.has(field));
}

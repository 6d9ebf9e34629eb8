/** The client of the package: the embedded one, which can also let others in over the wire. */
import {
  connect as connectEmbedded,
  ElmoClient as EmbeddedClient,
  isServerUri,
  type ApiEngine,
  type CommandEngine,
  type ElmoClientOptions as EmbeddedOptions,
  type OpenEngineOptions,
} from '../elmo/index.js';
import type { WireServer } from './connection/server.js';
import type { ServerOptions } from './options.js';

export interface ElmoClientOptions extends EmbeddedOptions {
  /**
   * Use the file together with other processes of this user on this machine that open it the same way: one of them holds
   * it, the others talk to that one, and when it goes away another takes its place. Default false: a second opener gets
   * the error `Locked`.
   */
  shared?: boolean;
}

export class ElmoClient extends EmbeddedClient {
  private readonly servers = new Set<WireServer>();
  private readonly isShared: boolean;

  /** @param path  a file, or ':memory:' */
  constructor(path: string, { shared = false, ...options }: ElmoClientOptions = {}) {
    super(path, options);
    this.isShared = shared && path !== ':memory:';
  }

  protected override async open(options: OpenEngineOptions): Promise<ApiEngine> {
    if (!this.isShared) return super.open(options);
    const { SharedEngine } = await import('./shared/shared-engine.js');
    const { serveBeside } = await import('./host.js');
    return SharedEngine.open(this.path, options, serveBeside);
  }

  /**
   * Serves this database to MongoDB drivers and tools, until the client is closed.
   * @param options  `port: 0` takes any free one
   * @returns `uri` is what to connect with
   */
  async listen(options: ServerOptions = {}): Promise<WireServer> {
    const { serve } = await import('./host.js');
    const server = await serve(this.engine, options);
    this.servers.add(server);
    return server;
  }

  override async close(force?: boolean): Promise<void> {
    const servers = [...this.servers];
    this.servers.clear();
    await Promise.all(servers.map((server) => server.close(force === true ? 0 : undefined)));
    await super.close(force);
  }
}

/**
 * Opens a database.
 * @param path  a file, made if it is not there; ':memory:'; or 'mongodb://…', which gives a client of the official driver
 */
export async function connect(path: string, options: ElmoClientOptions = {}): Promise<ElmoClient> {
  if (isServerUri(path)) return (await connectEmbedded(path, options as EmbeddedOptions)) as ElmoClient;
  return new ElmoClient(path, options).connect();
}

/**
 * Opens a file together with other processes, for tools that speak in commands.
 * @throws LsmError Locked when another process holds the file and does not share it
 */
export async function openShared(path: string, options: OpenEngineOptions = {}): Promise<CommandEngine> {
  const { SharedEngine } = await import('./shared/shared-engine.js');
  const { serveBeside } = await import('./host.js');
  return SharedEngine.open(path, options, serveBeside);
}

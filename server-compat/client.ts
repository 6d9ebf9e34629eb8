/** The client of the package: the embedded one, which can also let others in over the wire. */
import {
  connect as connectEmbedded,
  ElmoClient as EmbeddedClient,
  isServerUri,
  type ElmoClientOptions,
} from '../elmo/index.js';
import type { WireServer } from './connection/server.js';
import type { ServerOptions } from './options.js';

export class ElmoClient extends EmbeddedClient {
  private readonly servers = new Set<WireServer>();

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
  if (isServerUri(path)) return (await connectEmbedded(path, options)) as ElmoClient;
  return new ElmoClient(path, options).connect();
}

/** A database in memory that listens, for the clients that others have written. */
import { connect, type ElmoClient, type ServerOptions, type WireServer } from '../../index.js';

export interface Served {
  readonly elmo: ElmoClient;
  readonly server: WireServer;
  readonly uri: string;
  close(): Promise<void>;
}

export async function serveInMemory(options: ServerOptions = {}): Promise<Served> {
  const elmo = await connect(':memory:');
  const server = await elmo.listen({ port: 0, ...options });
  return { elmo, server, uri: server.uri, close: () => elmo.close(true) };
}

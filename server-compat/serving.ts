/**
 * The door for who serves a file and does nothing else: what else the layers can do is loaded once the server listens
 * (docs/decisions/0017-started-early.md).
 */
import { openStore } from '../elmo/index.js';
import { WireServer } from './connection/server.js';
import { StormWatch } from './connection/storm-watch.js';
import { EarlyHost } from './early-host.js';
import { lateGarbage } from './late-garbage.js';
import { lateHost } from './late-host.js';
import type { ServerOptions } from './options.js';

export type { ServerOptions, TlsOptions } from './options.js';

/** A file that is served. */
export interface ServedFile {
  /** For drivers. */
  readonly uri: string;
  /** Resolves when a client has asked the server to stop. @throws LsmError when the file turns out not to be usable */
  readonly stopAsked: Promise<void>;
  /** Ends the server and closes the file. */
  close(): Promise<void>;
}

/**
 * Opens a file and listens.
 * @param path  of the file, or ':memory:'
 * @param isShared  whether other processes of this user may open the file as one that is shared
 * @throws LsmError, ServerError, the system's error when the address is taken or not ours
 */
export async function serveFile(
  path: string,
  options: ServerOptions,
  isShared: boolean,
): Promise<ServedFile> {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined); // told by `stopAsked`, to who waits for it
  const host = new EarlyHost(await openStore(path), fail);
  let server: WireServer | undefined;
  try {
    server = new WireServer(host, options);
    const { replyMemory } = server;
    new StormWatch(server, () => {
      replyMemory.releaseIdle();
      lateGarbage().collectGarbage();
    });
    await server.listen();
    const beside = isShared ? await lateHost().serveBeside(await host.load(server), path) : undefined;
    host.loadSoon(server);
    return {
      uri: server.uri,
      stopAsked: Promise.race([server.stopAsked, failed]),
      close: async () => {
        await Promise.all([server!.close(), beside?.close()]);
        await host.close();
      },
    };
  } catch (error) {
    await server?.close();
    await host.close();
    throw error;
  }
}

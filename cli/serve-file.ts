/** What `elmo serve` does once it is understood. */
import { readFileSync } from 'node:fs';
import { serveFile, type ServerOptions, type TlsOptions } from '../server-compat/serving.js';
import { UsageError } from './errors.js';
import type { ServeFlags } from './serve-flags.js';
import type { Terminal } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Serves until it is told to stop. @throws UsageError, LsmError, ServerError */
export async function serveUntilStopped(
  file: string,
  flags: ServeFlags,
  terminal: Pick<Terminal, 'write'>,
): Promise<void> {
  const options = optionsOf(flags);
  if (flags.shared === true && file === ':memory:') throw new UsageError('--shared needs a file');
  const served = await serveFile(file, options, flags.shared === true);
  try {
    const stopped = nextSignal();
    await terminal.write(`elmo serves ${file} at ${served.uri}\n`);
    await Promise.race([stopped, served.stopAsked]);
  } finally {
    await served.close();
  }
}

function optionsOf(flags: ServeFlags): ServerOptions {
  if (!/^\d+$/.test(flags.port)) throw new UsageError(`--port has to be a whole number, got ${flags.port}`);
  const tls = tlsOf(flags);
  return {
    port: Number(flags.port),
    bind: flags.bind,
    auth: flags.auth === true,
    allowUnauthenticated: flags.allowUnauthenticated === true,
    standalone: flags.standalone === true,
    enableTestCommands: flags.enableTestCommands === true,
    ...(flags.replicaSet === undefined ? {} : { replicaSet: flags.replicaSet }),
    ...(flags.advertise === undefined ? {} : { advertise: flags.advertise }),
    ...(flags.unixSocket === undefined ? {} : { unixSocket: flags.unixSocket }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: ServeFlags): TlsOptions | undefined {
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UsageError('TLS needs both --tls-cert and --tls-key');
  return {
    cert: readFileSync(tlsCert),
    key: readFileSync(tlsKey),
    ...(tlsCa === undefined ? {} : { ca: readFileSync(tlsCa) }),
  };
}

/** Resolves when the process is told to stop. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}

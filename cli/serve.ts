/** `elmo serve FILE`: lets drivers, shells and tools in over MongoDB's wire protocol, until it is told to stop. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import {
  openEngine,
  serve,
  serveBeside,
  type ServerOptions,
  type TlsOptions,
} from '../server-compat/serving.js';
import { outputTo } from './command-output.js';
import { UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

interface ServeFlags {
  readonly port: string;
  readonly bind: string;
  readonly advertise?: string;
  readonly unixSocket?: string;
  readonly auth?: boolean;
  readonly allowUnauthenticated?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly standalone?: boolean;
  readonly replicaSet?: string;
  readonly enableTestCommands?: boolean;
  readonly shared?: boolean;
}

const EXAMPLES = `
Examples:
  elmo serve app.elmo                        on 127.0.0.1:27017
  elmo serve app.elmo --port 0               on any free port; the line it prints says which
  elmo serve app.elmo --auth                 clients have to log in
  elmo serve :memory: --standalone           nothing is kept
  elmo serve app.elmo --tls-cert cert.pem --tls-key key.pem`;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .argument('<file>', "the database, made if it is not there; ':memory:' keeps nothing")
    .option('-p, --port <number>', 'TCP port; 0 takes a free one', '27017')
    .option('--bind <address>', 'address to listen on', '127.0.0.1')
    .option('--advertise <host:port>', 'where clients are told to find it')
    .option('--unix-socket <path>', 'listen there as well')
    .option('--auth', 'clients have to log in; the first user is made from this machine')
    .option('--allow-unauthenticated', 'listen beyond this machine without logins')
    .option('--tls-cert <file>', 'certificate (PEM)')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-ca <file>', 'who signs the certificates of clients (PEM)')
    .option('--standalone', 'be no replica set of one: no transactions for drivers')
    .option('--enable-test-commands', 'commands that make others fail, for the tests of clients')
    .option('--shared', 'programs on this machine may open the same file with { shared: true }')
    .option('--replica-set <name>', 'name of the replica set of one', 'elmo')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .action((file: string, flags: ServeFlags) => serveFile(file, flags, terminal));
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

async function serveFile(file: string, flags: ServeFlags, terminal: Terminal): Promise<void> {
  const options = optionsOf(flags);
  if (flags.shared === true && file === ':memory:') throw new UsageError('--shared needs a file');
  const engine = await openEngine(file);
  try {
    const server = await serve(engine, options);
    const beside = flags.shared === true ? await serveBeside(engine, file) : undefined;
    const stopped = nextSignal();
    await terminal.write(`elmo serves ${file} at ${server.uri}\n`);
    await Promise.race([stopped, server.stopAsked]);
    await Promise.all([server.close(), beside?.close()]);
  } finally {
    await engine.close();
  }
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

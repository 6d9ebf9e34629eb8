/** The two servers that are measured side by side, each a process of its own, spoken to by the same driver. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { serialize } from 'bson';
import { MongoClient } from 'mongodb';
import { Drivers } from './drivers.js';

/** Connections a client of the driver may open. */
const POOL_SIZE = 32;

/** A server that is running, with a client on it. */
export interface Side {
  readonly name: string;
  readonly client: MongoClient;
  /** More clients, in processes of their own. */
  readonly drivers: Drivers;
  /** Undefined: of another's process. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** Both sides are spoken to alike: a standalone server, so no cluster times in replies, no statements that may be retried. */
export function clientOf(uri: string): MongoClient {
  return new MongoClient(uri, {
    directConnection: true,
    retryWrites: false,
    retryReads: false,
    maxPoolSize: POOL_SIZE,
    serverSelectionTimeoutMS: 5000,
  });
}

/** A server of ours, just started. */
export interface Started {
  readonly child: ChildProcess;
  readonly uri: string;
  readonly port: number;
}

/** Of the package, where the command is. */
const COMMAND = join('dist', 'cli', 'elmo.cjs');

/**
 * @param installed  folder of the package
 * @param nodeArguments  of the runtime: '--cpu-prof', say
 */
export async function startElmo(
  installed: string,
  file: string,
  nodeArguments: readonly string[] = [],
): Promise<Started> {
  const command = join(installed, COMMAND);
  const child = spawn(
    process.execPath,
    [...nodeArguments, command, 'serve', file, '--port', '0', '--standalone'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child.stdout.setEncoding('utf8');
  let line = '';
  while (!line.includes('\n')) {
    const [piece] = (await once(child.stdout, 'data')) as [string];
    line += piece;
  }
  const found = /mongodb:\/\/[^/]*:(\d+)\S*/.exec(line);
  if (found === null) throw new Error(`the server has not said where it is: ${line}`);
  return { child, uri: found[0].replace(/replicaSet=[^&]*&?/, ''), port: Number(found[1]) };
}

export async function stopElmo({ child }: Started): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

export async function elmoSide(
  installed: string,
  file: string,
  nodeArguments: readonly string[],
): Promise<Side> {
  const started = await startElmo(installed, file, nodeArguments);
  const client = clientOf(started.uri);
  await client.connect();
  const drivers = await Drivers.start(started.uri);
  return {
    name: 'elmo',
    client,
    drivers,
    pid: started.child.pid,
    async stop() {
      await drivers.stop();
      await client.close();
      await stopElmo(started);
    },
  };
}

/** @throws the driver's error when nobody listens there */
export async function referenceSide(uri: string): Promise<Side> {
  const client = clientOf(uri);
  await client.connect();
  const drivers = await Drivers.start(uri);
  return {
    name: 'reference',
    client,
    drivers,
    pid: undefined,
    async stop() {
      await drivers.stop();
      await client.close();
    },
  };
}

/** {ping: 1, $db: 'admin'} as OP_MSG. */
function pingMessage(): Buffer {
  const body = serialize({ ping: 1, $db: 'admin' });
  const message = Buffer.alloc(21 + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(2013, 12);
  message.set(body, 21);
  return message;
}

/** Milliseconds from the start of a process to its first reply. */
export async function startToReplyMs(installed: string, file: string): Promise<number> {
  const startedAt = performance.now();
  const started = await startElmo(installed, file);
  try {
    const socket = connectSocket({ port: started.port, host: '127.0.0.1' });
    await once(socket, 'connect');
    socket.write(pingMessage());
    await once(socket, 'data');
    const ms = performance.now() - startedAt;
    socket.destroy();
    return ms;
  } finally {
    await stopElmo(started);
  }
}

/** Resident memory of a process; NaN where the system does not tell. */
export function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return NaN;
  }
}

const TICK_MICROS = 10_000;

/** Processor time of a process so far, in microseconds; NaN where the system does not tell. */
export function processorMicros(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
  } catch {
    return NaN;
  }
}

/**
 * Clients that misbehave all at once, and one that does not: storms of connections, sockets that are half closed or never
 * read, messages that come byte by byte. The well-behaved one is served throughout, and when the others have gone
 * the server holds on to no more than before, and when it is left in peace gives back to the system what it took.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { opMsg } from '../server-compat/wire/messages.js';
import { projectFolder } from '../support/source-tree.js';
import { WireClient } from '../support/wire-client.js';

export interface StormReport {
  readonly connections: number;
  readonly pings: number;
  readonly slowestPingMs: number;
  /** Resident memory of the server, in MiB: before, with all of them there, and when they have gone. */
  readonly residentMiB: readonly [number, number, number];
  /** What is alive in its heap and outside of it after a collection, in MiB: before, and when they have gone. */
  readonly heldMiB: readonly [number, number];
  readonly wrong: readonly string[];
}

const BATCH = 250;
const PING_EVERY_MS = 20;
const REST_MS = 1500;
/** How often it is looked whether the server has noticed that they are gone. */
const MOST_LOOKS = 10;
/** A reply that does not fit into what the system keeps for a socket. */
const BIG_DOCUMENTS = 400;

/** Makes the server collect its garbage on a signal, and tell what is left: what it holds on to, in bytes. */
const COLLECTS = `data:text/javascript,process.on("SIGUSR2",()=>{gc();gc();const{heapUsed,external}=process.memoryUsage();process.send(heapUsed+external)})`;
/** By how much that may be more than before: programs that were compiled meanwhile, statistics. */
const MOST_GROWTH_MIB = 8;
/** By how much its resident memory may be more: what `malloc` keeps, programs that were compiled. */
const MOST_RESIDENT_GROWTH_MIB = 24;
/** It waits for some quiet seconds before it gives memory back. */
const GIVES_BACK_MS = 30_000;

type Misbehaviour = (socket: Socket) => void;

const big = opMsg({ find: 'big', filter: {}, batchSize: BIG_DOCUMENTS, singleBatch: true, $db: 'storm' });
const ping = opMsg({ ping: 1, $db: 'admin' });

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  () => undefined, // says nothing
  (socket) => socket.write(ping.subarray(0, 10)), // stops in the middle
  (socket) => socket.end(ping), // half closed, waits for the answer
  (socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  (socket) => {
    socket.pause(); // asks for much and reads none of it
    socket.write(Buffer.concat([big, big, big, big]));
  },
  (socket) => {
    socket.write(ping);
    socket.resetAndDestroy();
  },
  (socket) => {
    for (const byte of ping) socket.write(Buffer.from([byte]));
  },
];

function residentMiB({ pid }: ChildProcess): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(line?.[1]) / 1024);
  } catch {
    return 0; // not Linux
  }
}

interface Memory {
  readonly residentMiB: number;
  readonly heldMiB: number;
}

async function settled(child: ChildProcess): Promise<Memory> {
  const told = once(child, 'message');
  child.kill('SIGUSR2');
  const [bytes] = (await told) as [number];
  await rest(REST_MS);
  return { residentMiB: residentMiB(child), heldMiB: Math.round((bytes / 1024 / 1024) * 10) / 10 };
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function startServer(): Promise<{ child: ChildProcess; port: number }> {
  const command = join(projectFolder(), 'dist/cli/main.js');
  const flags = ['--expose-gc', '--import', COLLECTS];
  const child = spawn(process.execPath, [...flags, command, 'serve', ':memory:', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(/:(\d+)\//.exec(line.toString())![1]) };
}

function openSocket(port: number, misbehave: Misbehaviour): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.once('connect', () => {
      misbehave(socket);
      resolve(socket);
    });
  });
}

/** @param waves  how often all of them come and go */
export async function storm(connections: number, waves = 1): Promise<StormReport> {
  const { child, port } = await startServer();
  const wrong: string[] = [];
  let isOver = false;
  let pings = 0;
  let slowestPingMs = 0;
  try {
    const witness = await WireClient.open(port);
    const note = 'x'.repeat(1000);
    await witness.run(
      { insert: 'big', documents: Array.from({ length: BIG_DOCUMENTS }, () => ({ note })) },
      'storm',
    );
    const before = await settled(child);
    const served = (async () => {
      while (!isOver) {
        const startedMs = performance.now();
        const { ok } = await witness.run({ count: 'big' }, 'storm');
        if (ok !== 1) wrong.push('the well-behaved client was refused');
        slowestPingMs = Math.max(slowestPingMs, performance.now() - startedMs);
        pings++;
        await rest(PING_EVERY_MS);
      }
    })();
    served.catch((error: unknown) => wrong.push(`the well-behaved client: ${String(error)}`));
    let during = 0;
    for (let wave = 0; wave < waves; wave++) {
      const sockets: Socket[] = [];
      while (sockets.length < connections) {
        const count = Math.min(BATCH, connections - sockets.length);
        const batch = Array.from({ length: count }, (_, i) =>
          openSocket(port, MISBEHAVIOURS[(sockets.length + i) % MISBEHAVIOURS.length]!),
        );
        sockets.push(...(await Promise.all(batch)));
      }
      await rest(REST_MS);
      during = Math.max(during, residentMiB(child));
      for (const socket of sockets) socket.destroy();
      await rest(REST_MS);
    }
    isOver = true;
    await served.catch(() => undefined);
    let left = await openConnections(witness);
    for (let looks = 0; left !== 1 && looks < MOST_LOOKS; looks++) {
      await rest(REST_MS);
      left = await openConnections(witness);
    }
    if (left !== 1) wrong.push(`${left} connections are left, expected 1`);
    witness.close();
    if (child.exitCode !== null) {
      wrong.push(`the server has ended with ${child.exitCode}`);
      throw new Error(wrong.join('; '));
    }
    const mostHeld = before.heldMiB + MOST_GROWTH_MIB;
    const mostResident = before.residentMiB + MOST_RESIDENT_GROWTH_MIB;
    const after = await whenQuiet(child, mostHeld, mostResident);
    if (after.heldMiB > mostHeld) wrong.push(`${after.heldMiB} MiB are held, ${before.heldMiB} before`);
    if (after.residentMiB > mostResident)
      wrong.push(`${after.residentMiB} MiB are resident, ${before.residentMiB} before`);
    return {
      connections,
      pings,
      slowestPingMs: Math.round(slowestPingMs),
      residentMiB: [before.residentMiB, during, after.residentMiB],
      heldMiB: [before.heldMiB, after.heldMiB],
      wrong,
    };
  } finally {
    child.kill('SIGKILL');
  }
}

/** Its memory once it is at most that much, or after GIVES_BACK_MS. */
async function whenQuiet(child: ChildProcess, mostHeldMiB: number, mostResidentMiB: number): Promise<Memory> {
  const until = performance.now() + GIVES_BACK_MS;
  for (;;) {
    const memory = await settled(child);
    const isEnough = memory.heldMiB <= mostHeldMiB && memory.residentMiB <= mostResidentMiB;
    if (isEnough || performance.now() > until) return memory;
  }
}

async function openConnections(witness: WireClient): Promise<number> {
  const status = await witness.run({ serverStatus: 1 }, 'admin');
  return Number((status['connections'] as { current: unknown }).current);
}

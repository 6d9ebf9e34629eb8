/**
 * The thread that holds the database, so that the shell's own thread can sleep until an answer is there (decision 0011).
 * It does one thing: commands in, replies out.
 */
import { workerData } from 'node:worker_threads';
import type { Host } from './host.js';
import { OPENED, type Answer, type Failure, type Request, type WorkerInput } from './protocol.js';

const { target, port, answers } = workerData as WorkerInput;
/** Ends what runs. Another takes its place after an interrupt. */
let running = new AbortController();

function answer(message: Answer): void {
  port.postMessage(message);
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

async function open(): Promise<Host> {
  if (/^mongodb(\+srv)?:\/\//.test(target.address))
    return (await import('./server-host.js')).openServer(target);
  return (await import('./file-host.js')).openFile(target);
}

const opening = open();
opening.then(
  () => answer({ id: OPENED, closed: true }),
  (error: unknown) => answer({ id: OPENED, failure: failureOf(error) }),
);

async function handle(request: Request): Promise<void> {
  if (request.kind === 'interrupt') {
    running.abort();
    running = new AbortController();
    return;
  }
  try {
    const host = await opening;
    if (request.kind === 'command')
      answer({ id: request.id, body: await host.command(request.db, request.body, running.signal) });
    else if (request.kind === 'operators') answer({ id: request.id, operators: await host.operators() });
    else {
      await host.close();
      answer({ id: request.id, closed: true });
      port.close();
    }
  } catch (error) {
    answer({ id: request.id, failure: failureOf(error) });
  }
}

port.on('message', (request: Request) => void handle(request));
process.on('uncaughtException', (error) => answer({ id: OPENED, failure: failureOf(error) }));

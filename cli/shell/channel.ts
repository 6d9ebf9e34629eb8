/**
 * The shell's end of the wire to its database's thread. A call sends a request and sleeps until its answer is there, so
 * what people type needs no `await` (decision 0011). Sleep ends early when the code that called is interrupted.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import type { OperatorNames } from '../../elmo/index.js';
import { ShellError } from './errors.js';
import {
  OPENED,
  type Answer,
  type Failure,
  type Request,
  type Target,
  type WorkerInput,
} from './protocol.js';

/** A request without the number that `call` gives it. */
type Question<T = Request> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

export class Channel {
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly answers = new Int32Array(new SharedArrayBuffer(4));
  private lastId = 0;
  private opened: true | Failure | undefined;
  private readonly waiting: (() => void)[] = [];

  constructor(target: Target) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const input: WorkerInput = { target, port: port2, answers: this.answers };
    this.worker = new Worker(new URL('./shell-worker.js', import.meta.url), {
      workerData: input,
      transferList: [port2],
    });
    this.worker.on('error', (error) => this.settle({ name: error.name, message: error.message }));
    this.worker.on('exit', () => this.settle({ name: 'Error', message: 'the database was closed' }));
    this.port.on('message', (answer: Answer) => this.hear(answer));
    this.port.unref();
    this.worker.unref();
  }

  /** Resolves when the database is open. @throws ShellError why it cannot be opened */
  async whenOpen(): Promise<void> {
    this.port.ref();
    while (this.opened === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.port.unref();
    if (this.opened !== true) throw failed(this.opened);
  }

  /** Runs a command. @returns its reply, BSON. @throws ShellError if there was none */
  command(db: string, body: Uint8Array, timeoutMs?: number): Uint8Array {
    const answer = this.call({ kind: 'command', db, body }, timeoutMs);
    if ('body' in answer) return answer.body;
    throw unexpected(answer);
  }

  /** Sends a command that nobody waits for. */
  send(db: string, body: Uint8Array): void {
    this.post({ kind: 'command', id: 0, db, body });
  }

  operators(timeoutMs?: number): OperatorNames {
    const answer = this.call({ kind: 'operators' }, timeoutMs);
    if ('operators' in answer) return answer.operators;
    throw unexpected(answer);
  }

  /** Ends what runs in the database. */
  interrupt(): void {
    this.post({ kind: 'interrupt' });
  }

  /** Closes the database. Safe to call twice. */
  async close(): Promise<void> {
    if (this.opened === true) this.call({ kind: 'close' });
    this.port.close();
    await this.worker.terminate();
  }

  private post(request: Request): void {
    this.port.postMessage(request);
  }

  private call(question: Question, timeoutMs = Infinity): Answer {
    if (this.opened !== undefined && this.opened !== true) throw failed(this.opened);
    const id = ++this.lastId;
    this.post({ ...question, id } as Request);
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const seen = Atomics.load(this.answers, 0);
      for (let received = receiveMessageOnPort(this.port); received !== undefined;) {
        const answer = (received as { message: Answer }).message;
        this.hear(answer);
        if (answer.id === id) {
          if ('failure' in answer) throw failed(answer.failure);
          return answer;
        }
        if (this.opened !== undefined && this.opened !== true) throw failed(this.opened);
        received = receiveMessageOnPort(this.port);
      }
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new ShellError('ShellTimeout', 'the database has not answered in time');
      Atomics.wait(this.answers, 0, seen, leftMs);
    }
  }

  /** Answers to calls that were interrupted are let go. */
  private hear(answer: Answer): void {
    if (answer.id === OPENED) this.settle('failure' in answer ? answer.failure : true);
  }

  private settle(opened: true | Failure): void {
    if (this.opened !== undefined && this.opened !== true) return;
    this.opened = opened;
    for (const wake of this.waiting.splice(0)) wake();
  }
}

function failed({ name, message, code, stack }: Failure): ShellError {
  const error = new ShellError(name, message, code);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function unexpected(answer: Answer): ShellError {
  return new ShellError('Error', `an answer of another kind: ${Object.keys(answer).join(', ')}`);
}

/** A socket without a system below it: what a connection writes is kept, what it should read is pushed. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** As much of `net.Socket` as a connection uses. */
export class MemorySocket extends EventEmitter {
  readonly writableNeedDrain = false;
  /** All is taken at once, as by a system with room for it. */
  readonly writableLength = 0;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 27017;
  readonly remotePort = 40_000;
  destroyed = false;
  private paused = false;
  private readonly written: Uint8Array[] = [];
  /** Called when something has happened: bytes were written, or it was destroyed. */
  onChange: () => void = () => undefined;

  constructor(readonly remoteAddress: string) {
    super();
  }

  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  setNoDelay(): this {
    return this;
  }

  /** Who writes may use the bytes again at once. */
  write(bytes: Uint8Array, done?: () => void): boolean {
    this.written.push(bytes.slice());
    if (done !== undefined) process.nextTick(done);
    this.onChange();
    return true;
  }

  pause(): this {
    this.paused = true;
    return this;
  }

  resume(): this {
    this.paused = false;
    return this;
  }

  isPaused(): boolean {
    return this.paused;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.emit('close');
    this.onChange();
    return this;
  }

  /** What a client has sent. */
  push(bytes: Uint8Array): void {
    if (!this.destroyed) this.emit('data', bytes);
  }

  /** Takes what was written so far. */
  take(): Uint8Array[] {
    return this.written.splice(0);
  }
}

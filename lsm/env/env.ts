/** The outside world, passed in: files, time and randomness. Nothing else in the engine touches them. */
import type { FileSystem } from './file-system.js';

export interface Clock {
  /** Milliseconds since 1970, for people (who holds the lock, since when). */
  wallMs(): number;
  /** Milliseconds that never go back, with fractions, for measuring. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`; does not keep the process alive. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves in a later turn of the event loop (I/O and timers get their turn first). */
  turn(): Promise<void>;
  /** Resolves after `delayMs`. Keeps the process alive. */
  sleep(delayMs: number): Promise<void>;
}

export interface Random {
  /** Cryptographically strong bytes (nonces, ids) in production; seeded in tests. */
  fill(into: Uint8Array): void;
}

export interface Env {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

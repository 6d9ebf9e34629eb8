/**
 * Logins of one server: conversations under way, and the pace of those that fail. A name that is not there is answered like
 * a wrong password, after the same work.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { ElmoError } from '../../elmo/index.js';
import {
  ITERATIONS,
  SALT_BYTES,
  ScramConversation,
  ScramError,
  type ScramCredential,
  type ScramMechanism,
} from './scram.js';
import type { User, Users } from './users.js';

/** Failed logins of one address before it has to wait. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 200;
const MOST_WAIT_MS = 10_000;
/** After that long without a failure an address is forgotten. */
const FORGET_MS = 60_000;
const MOST_ADDRESSES = 10_000;

export const AUTHENTICATION_FAILED = (): ElmoError =>
  new ElmoError('AuthenticationFailed', 'Authentication failed.');

export interface LoginStep {
  /** The server's message. */
  readonly payload: string;
  readonly isDone: boolean;
  /** Who has logged in, when it is done. */
  readonly user: User | undefined;
}

export class Login {
  private isProved = false;
  private user: User | undefined;
  private readonly conversation: ScramConversation;

  constructor(
    private readonly mechanism: ScramMechanism,
    private readonly db: string,
    private readonly users: Users,
    private readonly secret: Uint8Array,
    private readonly skipsEmptyExchange: boolean,
  ) {
    this.conversation = new ScramConversation(mechanism);
  }

  start(payload: string): LoginStep {
    const name = this.conversation.start(payload);
    this.user = this.users.get(this.db, name);
    const credential = this.user?.credentials[this.mechanism] ?? this.pretended(name);
    return {
      payload: this.conversation.challenge(credential, randomBytes(24).toString('base64')),
      isDone: false,
      user: undefined,
    };
  }

  continue(payload: string): LoginStep {
    if (this.isProved) return { payload: '', isDone: true, user: this.user };
    const signature = this.conversation.finish(payload);
    if (this.user?.credentials[this.mechanism] === undefined) throw new ScramError('no such user');
    this.isProved = true;
    return {
      payload: signature,
      isDone: this.skipsEmptyExchange,
      user: this.skipsEmptyExchange ? this.user : undefined,
    };
  }

  /** The same for a name each time, so that nobody learns which names there are. */
  private pretended(name: string): ScramCredential {
    const make = (what: string, bytes: number): string =>
      createHmac('sha256', this.secret)
        .update(`${what}:${this.db}:${name}`)
        .digest()
        .subarray(0, bytes)
        .toString('base64');
    return {
      iterationCount: ITERATIONS[this.mechanism],
      salt: make('salt', SALT_BYTES[this.mechanism]),
      storedKey: make('stored', 32),
      serverKey: make('server', 32),
    };
  }
}

/** Makes those wait who fail again and again. */
export class FailurePace {
  private readonly failures = new Map<string, { count: number; lastMs: number }>();

  constructor(private readonly nowMs: () => number) {}

  /** How long from now until an address is answered. Whoever has waited asks again: others may have failed meanwhile. */
  waitMs(address: string): number {
    const found = this.failures.get(address);
    if (found === undefined || found.count < FREE_FAILURES) return 0;
    const sinceMs = this.nowMs() - found.lastMs;
    if (sinceMs > FORGET_MS) return 0;
    const paceMs = Math.min(FIRST_WAIT_MS * 2 ** (found.count - FREE_FAILURES), MOST_WAIT_MS);
    return Math.max(paceMs - sinceMs, 0);
  }

  failed(address: string): void {
    const now = this.nowMs();
    const found = this.failures.get(address);
    const isRecent = found !== undefined && now - found.lastMs <= FORGET_MS;
    if (this.failures.size >= MOST_ADDRESSES) this.failures.clear();
    this.failures.set(address, { count: isRecent ? found.count + 1 : 1, lastMs: now });
  }

  succeeded(address: string): void {
    this.failures.delete(address);
  }
}

/** What the engine does by itself now and then: ends sessions and cursors nobody uses, deletes what is over. */
import type { Clock } from '../../lsm/index.js';
import type { Catalog } from '../catalog/catalog.js';
import { TtlDeleter } from '../index/ttl.js';
import type { Committer } from '../operation/committer.js';
import type { DeleteRequest, DeleteResult } from '../operation/requests.js';
import type { RetryLog } from '../session/retry-log.js';
import type { SessionRegistry } from '../session/session-registry.js';
import type { ExpirySettings } from './server-state.js';
import type { CursorRegistry } from './cursor-registry.js';
import type { WriteGate } from './write-gate.js';

/** The engine, as far as it is needed. */
export interface BackgroundHost {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly committer: Committer;
  readonly cursors: CursorRegistry;
  readonly retries: RetryLog;
  readonly sessions: SessionRegistry;
  readonly state: {
    readonly cursorTimeoutMs: number;
    readonly expiry: ExpirySettings;
    readonly writeGate: Pick<WriteGate, 'whenOpen'>;
  };
  delete(request: DeleteRequest): Promise<DeleteResult>;
}

export interface BackgroundOptions {
  /** Milliseconds between two rounds of deleting documents whose time is over. Default 60,000. */
  readonly ttlIntervalMs?: number;
}

const TTL_INTERVAL_MS = 60_000;
/** How late an open transaction may be ended, which others may be waiting for; and an idle cursor closed. */
const LOOK_AFTER_MS = 4000;
/** A client gives up a write long before. */
const RETRY_AGE_MS = 30 * 60_000;
/** Rounds of looking after sessions between two looks at recorded results. */
const ROUNDS_PER_SWEEP = 15;

export class Background {
  private readonly ttl: TtlDeleter;
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private rounds = 0;

  constructor(
    private readonly engine: BackgroundHost,
    options: BackgroundOptions,
  ) {
    const { expiry } = engine.state;
    this.ttl = new TtlDeleter(engine.catalog, {
      intervalMs: () => expiry.intervalMs ?? options.ttlIntervalMs ?? TTL_INTERVAL_MS,
      isEnabled: () => expiry.isEnabled,
      nowMs: () => engine.clock.wallMs(),
      deleteMatching: async (namespace, filter) => {
        if (engine.state.writeGate.whenOpen() !== undefined) return 0; // held back by `fsync`: the next round is soon
        const statements = [{ filter, isMulti: true }];
        // what fails in one collection (it was just dropped, say) is tried again, and keeps nobody else waiting
        const done = await engine
          .delete({ namespace, statements, isOrdered: true, isOwn: true })
          .catch(() => ({ deleted: 0 }));
        return done.deleted;
      },
    });
    expiry.changed = () => this.ttl.reschedule();
  }

  start(): void {
    this.ttl.start();
    this.timer = setInterval(() => this.lookAfter(), LOOK_AFTER_MS);
    this.timer.unref();
  }

  private lookAfter(): void {
    const { sessions, cursors, retries, committer, state } = this.engine;
    sessions.expire();
    cursors.closeIdle(state.cursorTimeoutMs);
    if (this.rounds++ % ROUNDS_PER_SWEEP !== 0) return;
    // a sweep that fails is made again
    this.sweeping = this.sweeping.then(() => retries.sweep(committer, RETRY_AGE_MS)).catch(() => undefined);
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.ttl.stop();
    await this.sweeping;
  }
}

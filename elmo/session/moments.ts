/**
 * The moments a session reads again and again (read concern 'snapshot'). Each is a snapshot of the store with the cluster
 * time it stands for; old versions of documents are kept for it, so it is forgotten when nobody has read it for a while.
 */
import type { OrderedKv, Snapshot } from '../../lsm/index.js';
import { ElmoError } from '../errors.js';
import type { ClusterTime } from '../operation/operation.js';

/** How long a moment is kept that nobody reads. Source: MongoDB manual, "minSnapshotHistoryWindowInSeconds". */
const HISTORY_MS = 300_000;
/** Of one session; those beyond are forgotten, the one longest unread first. */
const MOST_MOMENTS = 16;

interface Moment {
  readonly time: ClusterTime;
  readonly snapshot: Snapshot;
  usedMs: number;
}

export class Moments {
  /** The one read last comes last. */
  private moments: Moment[] = [];

  constructor(private readonly kv: OrderedKv) {}

  /**
   * The store as it was at a time.
   * @param asked  undefined: as it is now
   * @returns its time, with which it is found again
   * @throws ElmoError SnapshotTooOld when it is not kept (any more)
   */
  open(asked: ClusterTime | undefined, now: ClusterTime, nowMs: number): ClusterTime {
    const time = asked ?? now;
    if (this.take(time, nowMs) !== undefined) return time;
    if (!isSame(time, now))
      throw new ElmoError(
        'SnapshotTooOld',
        `Read timestamp Timestamp(${time.seconds}, ${time.increment}) is older than the oldest available timestamp.`,
      );
    this.moments.push({ time, snapshot: this.kv.snapshot(), usedMs: nowMs });
    if (this.moments.length > MOST_MOMENTS) this.moments.shift()!.snapshot.release();
    return time;
  }

  /** @throws ElmoError SnapshotTooOld */
  at(time: ClusterTime, nowMs: number): Snapshot {
    const moment = this.take(time, nowMs);
    if (moment === undefined) throw new ElmoError('SnapshotTooOld', 'the moment is not kept any more');
    return moment.snapshot;
  }

  private take(time: ClusterTime, nowMs: number): Moment | undefined {
    const i = this.moments.findIndex((moment) => isSame(moment.time, time));
    if (i < 0) return undefined;
    const [moment] = this.moments.splice(i, 1);
    this.moments.push(moment!);
    moment!.usedMs = nowMs;
    return moment;
  }

  expire(nowMs: number): void {
    const isKept = ({ usedMs }: Moment): boolean => nowMs - usedMs <= HISTORY_MS;
    for (const moment of this.moments) if (!isKept(moment)) moment.snapshot.release();
    this.moments = this.moments.filter(isKept);
  }

  release(): void {
    for (const { snapshot } of this.moments) snapshot.release();
    this.moments = [];
  }
}

function isSame(a: ClusterTime, b: ClusterTime): boolean {
  return a.seconds === b.seconds && a.increment === b.increment;
}

/** The documents of record ids, those that match the rest of the filter. */
import { BATCH_KEYS, LookupBatch, type ReadView } from '../../lsm/index.js';
import { appendRecordKey } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import type { RecordIdSource } from './index-scan.js';
import { StageStats } from './plan-stats.js';
import type { Screen } from './screen.js';
import { Spare } from './spare.js';

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);
/** When so many batches were no longer good before they were used up, no more are asked for: the cache is too small. */
const MOST_STALE = 3;
/** Records looked up together, first; later twice as many as before. */
const FIRST_BATCH = 4;
const LARGEST_BATCH = 16;

/** Records looked up together, those of the next ids. */
class Ahead {
  readonly ids = new Float64Array(BATCH_KEYS);
  readonly batch = new LookupBatch();
}

const spare = new Spare(() => new Ahead());

export interface FetchOptions {
  /** What the scan has not decided; undefined: nothing. */
  readonly matcher?: Matcher | undefined;
  /** Leaves records out before they are looked up; undefined: none is. */
  readonly screen?: Screen | undefined;
  /** So many rows will be pulled at most. Default: perhaps all. */
  readonly wanted?: number;
  /** Where it counts what it does. */
  readonly stats?: StageStats;
}

export class Fetch implements RowSource {
  bytes: Uint8Array = NOTHING;
  at = 0;
  readonly metadata: RowMetadata | undefined = undefined;
  readonly stats: StageStats;
  private readonly matcher: Matcher | undefined;
  private readonly screen: Screen | undefined;
  private readonly key = new KeyWriter();
  /** Undefined: each record is looked up by itself. */
  private ahead: Ahead | undefined;
  private next = 0;
  private count = 0;
  private most: number;
  /** How many more records will be pulled at most. */
  private left: number;
  private staleBatches = 0;

  /** @param keyspace  of the records */
  constructor(
    readonly source: RecordIdSource,
    private readonly view: ReadView,
    private readonly keyspace: number,
    { matcher, screen, wanted = Infinity, stats = new StageStats() }: FetchOptions,
  ) {
    this.matcher = matcher;
    this.screen = screen;
    this.stats = stats;
    this.left = matcher === undefined ? wanted : Infinity;
    // most of what is not left out is wanted
    const expected = screen === undefined ? FIRST_BATCH : Math.max(FIRST_BATCH, wanted);
    this.most = this.left < Infinity ? LARGEST_BATCH : Math.min(LARGEST_BATCH, expected);
    this.ahead = source.peek === undefined || !view.isFrozen ? undefined : spare.take();
  }

  get recordId(): number {
    return this.source.recordId;
  }

  pull(): Pulled {
    const { source, matcher, stats, screen } = this;
    for (;;) {
      const pulled = source.pull();
      if (source.leftOut !== undefined) stats.documents += source.leftOut;
      if (pulled !== ROW) {
        stats.isAtEnd = pulled === END;
        return pulled === PAUSE ? PAUSE : END;
      }
      if (screen?.leavesOut(source.recordId) === true) {
        stats.documents++;
        continue;
      }
      if (!(this.ahead !== undefined && this.findAhead(this.ahead)) && !this.find()) {
        screen?.learn(source.recordId, undefined, 0);
        continue;
      }
      stats.documents++;
      screen?.learn(source.recordId, this.bytes, this.at);
      const isKnown = matcher === undefined || screen?.accepts(source.recordId) === true;
      if (isKnown || matcher.matches(this.bytes, this.at)) {
        stats.returned++;
        return ROW;
      }
    }
  }

  /** Looks the current record up by itself. @returns false: it was deleted since, in a view that moves on */
  private find(): boolean {
    const { view, key, source } = this;
    key.clear();
    appendRecordKey(key, this.keyspace, source.recordId);
    if (!view.lookup(key.bytes, key.length)) return false;
    this.bytes = view.valueBytes;
    this.at = view.valueOffset;
    return true;
  }

  /** Takes the current record from those that were looked up together. @returns false: it must be looked up by itself */
  private findAhead({ ids, batch }: Ahead): boolean {
    const { recordId } = this.source;
    while (this.next < this.count && ids[this.next] !== recordId) this.next++;
    if (this.next === this.count) this.lookAhead();
    else if (!batch.isFresh) {
      if (++this.staleBatches === MOST_STALE) this.endAhead();
      this.next = this.count = 0;
      return false;
    }
    const n = this.next++;
    if (n >= this.count || batch.valueAt[n]! < 0) return false;
    this.bytes = batch.bytes[n]!;
    this.at = batch.valueAt[n]!;
    return true;
  }

  private lookAhead(): void {
    const { key, source, view } = this;
    const { ids, batch } = this.ahead!;
    this.next = 0;
    this.count = source.peek!(ids, Math.min(this.most, this.left > 0 ? this.left : FIRST_BATCH));
    this.left -= this.count;
    if (this.most < LARGEST_BATCH) this.most *= 2;
    batch.clear();
    for (let i = 0; i < this.count; i++) {
      key.clear();
      appendRecordKey(key, this.keyspace, ids[i]!);
      batch.add(key.bytes, 0, key.length);
    }
    view.lookupMany(batch);
  }

  private endAhead(): void {
    const { ahead } = this;
    this.ahead = undefined;
    if (ahead === undefined) return;
    ahead.batch.forget();
    spare.give(ahead);
  }

  close(): void {
    this.endAhead();
    this.screen?.close(this.stats.documents);
    this.source.close();
  }
}

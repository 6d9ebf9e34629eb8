/**
 * Deletes documents whose time is over: in the background, now and then, index by index. How documents are deleted is told
 * from above. Source: MongoDB manual, "TTL Indexes".
 */
import { ARRAY } from '../bson/types.js';
import { dateValue, documentValue, Value } from '../bson/value.js';
import type { Catalog } from '../catalog/catalog.js';
import type { CollectionSpec } from '../catalog/collection-spec.js';
import { timeFieldOf } from '../catalog/timeseries.js';
import { rawArray, rawDocument, type NamedValue } from '../catalog/raw-document.js';
import type { Namespace } from '../operation/requests.js';

export interface TtlOptions {
  /** Milliseconds between two rounds; `reschedule` when it changes. */
  intervalMs(): number;
  /** Whether rounds do anything. */
  isEnabled(): boolean;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /**
   * Deletes the documents that match, as `deleteMany` does.
   * @param filter  a raw document
   */
  deleteMatching(namespace: Namespace, filter: Uint8Array): Promise<number>;
}

export class TtlDeleter {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private isStopped = true;
  private isInRound = false;

  constructor(
    private readonly catalog: Catalog,
    private readonly options: TtlOptions,
  ) {}

  start(): void {
    this.isStopped = false;
    this.schedule();
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Counts the time to the next round anew. */
  reschedule(): void {
    if (this.isInRound) return;
    clearTimeout(this.timer);
    this.schedule();
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.isInRound = true;
      // a round that fails (a store that became read-only, say) is tried again; whoever writes is told the reason
      const round = this.options.isEnabled() ? this.runOnce() : Promise.resolve();
      this.running = round
        .catch(() => undefined)
        .finally(() => {
          this.isInRound = false;
          this.schedule();
        });
    }, this.options.intervalMs());
    this.timer.unref();
  }

  /** One round. @returns how many documents were deleted */
  async runOnce(): Promise<number> {
    let deleted = 0;
    for (const namespace of this.catalog.expiringNamespaces()) {
      const spec = this.catalog.get(namespace)?.spec;
      if (spec === undefined) continue;
      for (const filter of expiredFilters(spec, this.options.nowMs())) {
        if (this.isStopped && this.timer !== undefined) return deleted;
        deleted += await this.options.deleteMatching(namespace, filter);
      }
    }
    return deleted;
  }
}

/** What is over, one filter for each index that says so. */
export function expiredFilters(spec: CollectionSpec, nowMs: number): Uint8Array[] {
  if (spec.kind === 'timeseries') {
    const timeField = timeFieldOf(spec.options);
    return spec.expireAfterSeconds === undefined
      ? []
      : [rawDocument([before(timeField, nowMs, spec.expireAfterSeconds)])];
  }
  return spec.indexes.flatMap(({ isReady, expireAfterSeconds, fields, partialFilter, kind }) => {
    if (!isReady || expireAfterSeconds === undefined || fields.length !== 1 || kind !== 'ordered') return [];
    const condition = rawDocument([before(fields[0]!.path, nowMs, expireAfterSeconds)]);
    if (partialFilter === undefined) return [condition];
    const both = rawArray([documentValue(condition), documentValue(partialFilter)]);
    return [rawDocument([['$and', new Value(ARRAY, both, 0)]])];
  });
}

function before(path: string, nowMs: number, seconds: number): NamedValue {
  const limit = dateValue(nowMs - seconds * 1000);
  return [path, documentValue(rawDocument([['$lte', limit]]))];
}

/**
 * After a merge that came in a quiet moment, brings its tables into the cache where those they replace lay there: else
 * whoever reads next pays for it. A little at a time, as far as there is room, and only while it stays quiet.
 */
import type { BlockCache } from '../cache/block-cache.js';
import type { Clock } from '../env/env.js';
import type { LsmError } from '../errors.js';
import type { TableMeta } from '../manifest/table-meta.js';
import { tablesOf } from '../manifest/version.js';
import { QUIET_BYTES } from '../merge/schedule.js';
import { anyWithin, tableSpan } from '../merge/spans.js';
import type { TableReader } from '../table/table-reader.js';
import type { LiveState } from './live-state.js';

/** So much of what a table replaces must have been in the cache. */
const LEAST_SHARE = 1 / 2;
/** Milliseconds at a stretch. */
const SLICE_MS = 1;
const BLOCKS_PER_LOOK = 16;

export interface WarmUpParts {
  readonly cache: BlockCache;
  readonly clock: Clock;
  readonly live: Pick<LiveState, 'tableReader' | 'version'>;
  bytesWritten(): number;
  onError(error: LsmError): void;
}

/** Of tables that are about to go, how many blocks they have, and how many of these lie in the cache. */
export interface Warmth {
  readonly tables: readonly TableMeta[];
  readonly blocks: ReadonlyMap<number, { readonly count: number; readonly cached: number }>;
}

export class WarmUp {
  private isClosed = false;

  constructor(private readonly parts: WarmUpParts) {}

  /** @param ids  of tables of the version */
  warmthOf(ids: readonly number[]): Warmth {
    const { cache, live } = this.parts;
    const wanted = new Set(ids);
    const tables = [...tablesOf(live.version)].filter(({ id }) => wanted.has(id));
    const blocks = new Map<number, { count: number; cached: number }>();
    for (const meta of tables) {
      const count = live.tableReader(meta).needIndex().blockCount;
      blocks.set(meta.id, { count, cached: cache.countOf(meta.id) });
    }
    return { tables, blocks };
  }

  /** @param replaced  what the tables took the place of, as it was before */
  async run(tables: readonly TableMeta[], replaced: Warmth): Promise<void> {
    const before = this.parts.bytesWritten();
    try {
      for (const meta of tables) {
        if (!isWarm(meta, replaced)) continue;
        for (let block = 0; block >= 0;) {
          if (!this.mayGoOn(meta, before)) return;
          block = this.readSome(this.parts.live.tableReader(meta), block);
          await this.parts.clock.turn();
        }
      }
    } catch (error) {
      if (!this.isClosed) this.parts.onError(error as LsmError);
    }
  }

  /** Nothing is read any more. */
  close(): void {
    this.isClosed = true;
  }

  private mayGoOn({ id }: TableMeta, before: number): boolean {
    const { bytesWritten, live } = this.parts;
    if (this.isClosed || bytesWritten() - before > QUIET_BYTES) return false;
    for (const table of tablesOf(live.version)) if (table.id === id) return true;
    return false;
  }

  /** @returns the block that comes next; -1: none, or there is no more room */
  private readSome(table: TableReader, from: number): number {
    const { cache, clock } = this.parts;
    const { blockCount } = table.needIndex();
    const endMs = clock.nowMs() + SLICE_MS;
    for (let block = from; block < blockCount; block++) {
      table.loadBlock(block, true);
      if (!cache.hasRoom) return -1;
      if ((block + 1) % BLOCKS_PER_LOOK === 0 && clock.nowMs() >= endMs) return block + 1;
    }
    return -1;
  }
}

function isWarm(meta: TableMeta, { tables, blocks }: Warmth): boolean {
  let count = 0;
  let cached = 0;
  for (const table of tables) {
    if (!anyWithin([table], tableSpan(meta))) continue;
    const part = blocks.get(table.id)!;
    count += part.count;
    cached += part.cached;
  }
  return count > 0 && cached >= LEAST_SHARE * count;
}

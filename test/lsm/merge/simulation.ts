/**
 * The merge policy without data: tables are stretches of a key space with so many bytes in them, spread evenly. Tells how
 * many bytes flushes and merges write for each byte loaded.
 */
import { invariant } from '../../../lsm/base/invariant.js';
import type { TableMeta } from '../../../lsm/manifest/table-meta.js';
import type { Run, Version } from '../../../lsm/manifest/version.js';
import { pickMerge, type MergeOptions, type MergePlan } from '../../../lsm/merge/pick.js';

const SCALE = 2 ** 48;

export function keyAt(position: number): Uint8Array {
  const key = new Uint8Array(6);
  let rest = Math.min(SCALE - 1, Math.max(0, Math.floor(position * SCALE)));
  for (let i = 5; i >= 0; i--) {
    key[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return key;
}

function positionOf(key: Uint8Array): number {
  let value = 0;
  for (const byte of key) value = value * 256 + byte;
  return value / SCALE;
}

export class Simulation {
  version: Version = { number: 0, runs: [] };
  bytesLoaded = 0;
  bytesFlushed = 0;
  bytesMerged = 0;
  merges = 0;
  moves = 0;
  mostRuns = 0;
  private lastId = 0;
  private readonly pointers = new Map<number, Uint8Array>();

  constructor(readonly options: MergeOptions) {}

  table(low: number, high: number, bytes: number, more: Partial<TableMeta> = {}): TableMeta {
    return {
      id: ++this.lastId,
      offset: 8192,
      extentBytes: Math.ceil(bytes / 4096) * 4096,
      dataBytes: bytes,
      lowKey: keyAt(low),
      highKey: keyAt(high),
      entryCount: Math.ceil(bytes / 100),
      tombstoneCount: 0,
      rangeTombstoneCount: 0,
      blobCount: 0,
      rawBytes: bytes,
      maxSeq: 0,
      commitSeq: 0,
      ...more,
    };
  }

  /** A flushed memtable whose keys lie in [low, high]. */
  flush(low: number, high: number, bytes: number): void {
    const count = Math.max(1, Math.ceil(bytes / (1.25 * this.options.tableBytes)));
    const tables: TableMeta[] = [];
    const step = (high - low) / count;
    for (let i = 0; i < count; i++) {
      tables.push(this.table(low + i * step, low + (i + 0.999) * step, bytes / count));
    }
    const order = this.version.number + 1;
    this.version = { number: order, runs: [{ level: 0, order, tables }, ...this.version.runs] };
    this.bytesLoaded += bytes;
    this.bytesFlushed += bytes;
    this.mostRuns = Math.max(this.mostRuns, this.version.runs.filter((run) => run.level === 0).length);
  }

  /** Merges until nothing is due. @returns how many merges that took */
  settle(): number {
    for (let n = 0; ; n++) {
      invariant(n < 1000, 'merging comes to rest');
      const plan = this.pick();
      if (plan === undefined) return n;
      this.apply(plan);
    }
  }

  pick(): MergePlan | undefined {
    return pickMerge(this.version, {
      options: this.options,
      levelPointers: this.pointers,
      busyTables: new Set(),
      keepSeqsAbove: Infinity,
    });
  }

  apply(plan: MergePlan): void {
    const gone = new Set([...plan.inputs.flat(), ...plan.moves].map((table) => table.id));
    const added = [...plan.moves, ...this.rewrite(plan)];
    if (plan.pointer !== undefined) this.pointers.set(plan.inputLevel, plan.pointer);
    this.merges++;
    this.moves += plan.moves.length;
    const runs: Run[] = [];
    for (const run of this.version.runs) {
      const tables = run.tables.filter((table) => !gone.has(table.id));
      if (run.level === plan.outputLevel) tables.push(...added.splice(0));
      if (tables.length > 0) runs.push({ ...run, tables: sorted(tables) });
    }
    if (added.length > 0) runs.push({ level: plan.outputLevel, order: 0, tables: sorted(added) });
    runs.sort((a, b) => a.level - b.level || b.order - a.order);
    this.version = { number: this.version.number + 1, runs };
  }

  /** The inputs laid over one another and cut anew. */
  private rewrite(plan: MergePlan): TableMeta[] {
    const inputs = plan.inputs.flat().map((table) => ({
      low: positionOf(table.lowKey),
      high: positionOf(table.highKey!),
      bytes: table.dataBytes,
    }));
    const total = inputs.reduce((sum, input) => sum + input.bytes, 0);
    this.bytesMerged += total;
    const count = Math.max(1, Math.ceil(total / (1.25 * this.options.tableBytes)));
    const bounds = [...new Set(inputs.flatMap(({ low, high }) => [low, high]))].sort((a, b) => a - b);
    const outputs: TableMeta[] = [];
    let start = bounds[0]!;
    let filled = 0;
    for (let i = 0; i + 1 < bounds.length; i++) {
      const [from, to] = [bounds[i]!, bounds[i + 1]!];
      let density = 0;
      for (const { low, high, bytes } of inputs)
        if (low <= from && high >= to) density += bytes / (high - low);
      let at = from;
      while (density > 0 && filled + density * (to - at) >= total / count) {
        at += (total / count - filled) / density;
        outputs.push(this.table(start, at - 2 / SCALE, total / count));
        start = at;
        filled = 0;
      }
      filled += density * (to - at);
    }
    if (filled > total / count / 1000) outputs.push(this.table(start, bounds[bounds.length - 1]!, filled));
    return outputs;
  }

  /** Bytes written to tables for each byte loaded. */
  get amplification(): number {
    return (this.bytesFlushed + this.bytesMerged) / this.bytesLoaded;
  }
}

function sorted(tables: TableMeta[]): TableMeta[] {
  return tables.sort((a, b) => positionOf(a.lowKey) - positionOf(b.lowKey));
}

const MIB = 1024 * 1024;

/** Loads `bytes` in memtables of 16 MiB, with tables of 4 MiB. `mergeEvery`: flushes between two looks at what is due. */
export function simulateLoad(
  bytes: number,
  levelFactor: number,
  levelOneBytes: number,
  order: 'random' | 'ascending',
  mergeEvery = 1,
): Simulation {
  const simulation = new Simulation({ levelZeroRuns: 4, levelFactor, levelOneBytes, tableBytes: 4 * MIB });
  const flushes = Math.ceil(bytes / (16 * MIB));
  for (let i = 0; i < flushes; i++) {
    if (order === 'random') simulation.flush(0, 1, 16 * MIB);
    else simulation.flush(i / flushes, (i + 0.99) / flushes, 16 * MIB);
    if (i % mergeEvery === 0) simulation.settle();
  }
  simulation.settle();
  return simulation;
}

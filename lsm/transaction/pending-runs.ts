/**
 * The pending tables of one transaction: overlays that grew past their limit, flushed into the file but into no version.
 * Runs of one size class are merged when there are many. What savepoints separate stays in separate runs, so that a
 * rollback to a savepoint drops whole runs.
 */
import { invariant } from '../base/invariant.js';
import type { Memtable } from '../memtable/memtable.js';
import type { SortedEntries } from '../memtable/sorted-entries.js';
import { Layer } from '../read/layer.js';
import type { RunReader } from '../read/run-reader.js';
import type { TransactionHost } from './host.js';

/** Operations with steps in (from, to]: first as the overlay they were written to, then as a run. */
interface Unit {
  readonly layer: Layer;
  readonly from: number;
  readonly to: number;
  /** Where savepoints cut it, ascending. */
  readonly cuts: readonly number[];
}

export class PendingRuns {
  /** Newest first. */
  private units: Unit[] = [];
  private lastStep = 0;
  private savepoints: readonly number[] = [];
  private working: Promise<void> | undefined = undefined;
  private failure: unknown = undefined;
  private isEnded = false;
  /** No merge begins any more: the transaction is being committed. */
  private isCommitting = false;
  /** Open cursors, value readers and a merge: what they may read is not freed yet. */
  private holders = 0;
  private readonly unused: RunReader[] = [];
  private readonly flushes = new Map<Unit, Promise<void>>();
  private whenUnheld: (() => void) | undefined = undefined;

  constructor(
    private readonly host: TransactionHost,
    private readonly onChange: () => void,
  ) {}

  /** Whether an overlay was ever taken over. */
  get isUsed(): boolean {
    return this.lastStep > 0;
  }

  get isBusy(): boolean {
    return this.working !== undefined;
  }

  get layerCount(): number {
    return this.units.length;
  }

  get tableCount(): number {
    let count = 0;
    for (const { layer } of this.units) count += layer.run === undefined ? 0 : layer.run.tables.length;
    return count;
  }

  /** Bytes of the overlays that are being flushed. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const { layer } of this.units)
      bytes += layer.memtable === undefined ? 0 : layer.memtable.memoryBytes;
    return bytes;
  }

  layers(): Layer[] {
    return this.units.map((unit) => unit.layer);
  }

  /**
   * Takes over an overlay and begins to flush it.
   * @param savepoints  the live marks, ascending; the array itself is kept, to be looked at later
   * @param step        the last step that the overlay holds
   */
  add(overlay: Memtable, savepoints: readonly number[], step: number): void {
    this.take(overlay, savepoints, step);
    if (this.working === undefined) this.begin();
  }

  /** The same, holding the event loop until it is flushed: who writes in one go gives others no chance to do it. */
  addNow(overlay: Memtable, savepoints: readonly number[], step: number): void {
    const unit = this.take(overlay, savepoints, step);
    const runs = this.groupsOf(unit).map((group) => ({ group, run: this.host.buildRunNow(group.entries) }));
    this.replace(unit, runs.map(({ group, run }) => asUnit(group.from, group.to, run)).reverse());
  }

  /** Resolves when every overlay is flushed and no merge is due. @throws what made a flush fail; a later call tries again */
  async settled(): Promise<void> {
    while (!this.isEnded && !this.isCommitting && (this.working !== undefined || this.hasOverlay())) {
      if (this.working === undefined) this.begin();
      await this.working;
      if (this.failure !== undefined) {
        const cause = this.failure;
        this.failure = undefined;
        throw cause;
      }
    }
  }

  /** Flushes every overlay, for the commit. Waits for no merge: what one under way makes is dropped. */
  async flushAll(): Promise<void> {
    this.isCommitting = true;
    for (;;) {
      const unit = this.oldestOverlay();
      if (unit === undefined) return;
      await this.flush(unit);
    }
  }

  /** Drops what was written after the mark. */
  rollbackAbove(mark: number): void {
    const kept: Unit[] = [];
    for (const unit of this.units) {
      const { memtable, run } = unit.layer;
      if (unit.from >= mark) {
        if (run !== undefined) this.drop(run);
        continue;
      }
      if (unit.to > mark) {
        invariant(memtable !== undefined, 'a savepoint lies inside a pending run');
        memtable.rollbackAbove(mark);
      }
      kept.push(unit);
    }
    this.units = kept;
    this.onChange();
  }

  /** Keeps the runs' space until the returned function is called. */
  hold(): () => void {
    this.holders++;
    return () => {
      this.holders--;
      if (this.holders > 0) return;
      this.freeUnused();
      this.whenUnheld?.();
      this.whenUnheld = undefined;
    };
  }

  /** Calls `run` at once, or when the last holder is gone. */
  onceUnheld(run: () => void): void {
    if (this.holders === 0) run();
    else this.whenUnheld = run;
  }

  /** Everything is flushed: the runs, oldest first. */
  oldestFirst(): RunReader[] {
    return this.units.map(({ layer }) => layer.run!).reverse();
  }

  /** The runs belong to the store now. */
  adopted(): void {
    this.units = [];
  }

  /** The transaction is over. */
  end(isCommitted: boolean): void {
    this.isEnded = true;
    if (!isCommitted) for (const { layer } of this.units) if (layer.run !== undefined) this.drop(layer.run);
    this.units = [];
    this.freeUnused();
  }

  private take(overlay: Memtable, savepoints: readonly number[], step: number): Unit {
    const from = this.lastStep;
    const unit: Unit = {
      layer: new Layer(0, overlay, undefined),
      from,
      to: step,
      cuts: savepoints.filter((mark) => mark > from && mark < step),
    };
    this.savepoints = savepoints;
    this.lastStep = step;
    this.units.unshift(unit);
    this.onChange();
    return unit;
  }

  private hasOverlay(): boolean {
    return this.oldestOverlay() !== undefined;
  }

  private oldestOverlay(): Unit | undefined {
    return this.units.findLast(({ layer }) => layer.memtable !== undefined);
  }

  private begin(): void {
    this.working = this.work()
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.working = undefined;
      });
  }

  private async work(): Promise<void> {
    for (;;) {
      if (this.isEnded || this.isCommitting) return;
      const unit = this.oldestOverlay();
      if (unit !== undefined) await this.flush(unit);
      else if (!(await this.mergeOnce())) return;
    }
  }

  /** Once for each unit, whoever asks. */
  private flush(unit: Unit): Promise<void> {
    let flush = this.flushes.get(unit);
    if (flush === undefined) {
      flush = this.flushUnit(unit).finally(() => this.flushes.delete(unit));
      this.flushes.set(unit, flush);
    }
    return flush;
  }

  private async flushUnit(unit: Unit): Promise<void> {
    const built: Unit[] = [];
    try {
      for (const { entries, from, to } of this.groupsOf(unit)) {
        built.unshift(asUnit(from, to, await this.host.buildRun(entries)));
      }
    } catch (error) {
      for (const { layer } of built) this.drop(layer.run!);
      throw error;
    }
    this.replace(unit, built);
  }

  /** Puts runs (newest first) in the place of a unit; what was rolled back meanwhile is dropped. */
  private replace(unit: Unit, built: readonly Unit[]): void {
    const at = this.units.indexOf(unit);
    const { memtable } = unit.layer;
    const top = memtable !== undefined && !memtable.isEmpty ? memtable.maxSeq : 0;
    const kept: Unit[] = [];
    for (const part of built) {
      const run = part.layer.run!;
      if (this.isEnded || at < 0 || part.from >= top) this.drop(run);
      else if (run.tables.length > 0) kept.push(part);
    }
    if (at >= 0) this.units.splice(at, 1, ...kept);
    this.onChange();
    if (memtable !== undefined && this.holders === 0) this.host.spares.giveLargeOverlay(memtable);
  }

  private groupsOf(unit: Unit): { entries: SortedEntries; from: number; to: number }[] {
    const entries = unit.layer.memtable!.exportSorted();
    if (unit.cuts.length === 0) return [{ entries, from: unit.from, to: unit.to }];
    const bounds = [unit.from, ...unit.cuts, unit.to];
    return bounds
      .slice(1)
      .map((to, i) => ({ entries: selectSteps(entries, bounds[i]!, to), from: bounds[i]!, to }));
  }

  /** @returns whether there was something to merge */
  private async mergeOnce(): Promise<boolean> {
    const inputs = this.pickRuns();
    if (inputs === undefined) return false;
    const release = this.hold();
    let run: RunReader;
    try {
      ({ run } = await this.host.mergeRuns(inputs.map(({ layer }) => layer.run!)));
    } finally {
      release();
    }
    const at = this.units.indexOf(inputs[0]!);
    const areAllThere = inputs.every((unit, i) => at >= 0 && this.units[at + i] === unit);
    if (this.isEnded || !areAllThere) {
      this.drop(run);
      return !this.isEnded;
    }
    const merged = asUnit(inputs[inputs.length - 1]!.from, inputs[0]!.to, run);
    this.units.splice(at, inputs.length, ...(run.tables.length > 0 ? [merged] : []));
    for (const { layer } of inputs) this.drop(layer.run!);
    this.onChange();
    return true;
  }

  /** Adjacent runs of one size class, between two savepoints, as many as make a merge due. */
  private pickRuns(): Unit[] | undefined {
    const { transactionRuns, transactionBytes } = this.host.options;
    let group: Unit[] = [];
    for (const unit of this.units) {
      const last = group[group.length - 1];
      const isNeighbour =
        last !== undefined &&
        sizeClass(last, transactionBytes, transactionRuns) >=
          sizeClass(unit, transactionBytes, transactionRuns) &&
        !this.savepoints.includes(unit.to);
      group = isNeighbour ? [...group, unit] : [unit];
      if (group.length > transactionRuns) return group;
    }
    return undefined;
  }

  private drop(run: RunReader): void {
    if (this.holders > 0 && !this.isEnded) this.unused.push(run);
    else this.host.dropRun(run);
  }

  private freeUnused(): void {
    for (const run of this.unused.splice(0)) this.host.dropRun(run);
  }
}

function asUnit(from: number, to: number, run: RunReader): Unit {
  return { layer: new Layer(0, undefined, run), from, to, cuts: [] };
}

function sizeClass({ layer }: Unit, unitBytes: number, factor: number): number {
  let bytes = 0;
  for (const { meta } of layer.run!.tables) bytes += meta.rawBytes;
  return Math.max(0, Math.floor(Math.log(Math.max(1, bytes / unitBytes)) / Math.log(factor)));
}

function selectSteps(entries: SortedEntries, from: number, to: number): SortedEntries {
  const { offsets, seqs, baseSeq, count } = entries;
  const chosen: number[] = [];
  for (let i = 0; i < count; i++) {
    const step = baseSeq + seqs[i]!;
    if (step > from && step <= to) chosen.push(i);
  }
  return {
    ...entries,
    offsets: Int32Array.from(chosen, (i) => offsets[i]!),
    seqs: Uint32Array.from(chosen, (i) => seqs[i]!),
    count: chosen.length,
    tombstones: entries.tombstones.filter(({ seq }) => seq > from && seq <= to),
  };
}

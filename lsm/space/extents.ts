/**
 * Where things lie in the file. Every byte from `FIRST_EXTENT` to `end` is in exactly one state:
 *
 *   free      nobody's: may be allocated
 *   lent      allocated, in no manifest yet: a table or a blob being written; a crash frees it by itself
 *   live      a table, a blob or the manifest, as the newest version says
 *   awaiting  was live until version V: free again when V is durable and no reader pins a version older than V
 *
 * That holds by construction: this is one sorted list of segments, neighbours in different states, and each operation
 * changes the state of a stretch that lies inside one segment. So a caller may return part of an extent, or several
 * neighbouring extents as one. There is no free list on disk: `fromLive` makes the map from what the manifest holds.
 *
 * A call costs well under a microsecond with few segments and a few of them with tens of thousands.
 */
import {
  EXTENT_UNIT,
  FIRST_EXTENT,
  MAX_EXTENT_UNITS,
  extentBytesFor,
  findOverlap,
  isExtent,
  type Extent,
} from '../base/extent.js';
import { invariant } from '../base/invariant.js';
import { LsmError, corrupt } from '../errors.js';

export { EXTENT_UNIT, FIRST_EXTENT, extentBytesFor, type Extent } from '../base/extent.js';

export type ExtentState = 'free' | 'lent' | 'live' | 'awaiting';

export interface Segment extends Extent {
  readonly state: ExtentState;
}

/** Space freed by a version that may not be reused yet. */
export interface AwaitingExtent extends Extent {
  /** The first version that does not use it. */
  readonly version: number;
}

export interface SpaceStats {
  /** Bytes of the file, meta slots included. */
  readonly endBytes: number;
  readonly liveBytes: number;
  readonly lentBytes: number;
  readonly awaitingBytes: number;
  readonly freeBytes: number;
  readonly largestFreeBytes: number;
  /** Free bytes at the end of the file, which `cutTail` would cut off. */
  readonly freeTailBytes: number;
  /** How many stretches the free bytes are in. */
  readonly fragments: number;
}

const FREE = 0;
const LENT = 1;
const LIVE = 2;
const AWAITING = 3;
const STATES: readonly ExtentState[] = ['free', 'lent', 'live', 'awaiting'];
const FIRST_UNIT = FIRST_EXTENT / EXTENT_UNIT;
/** Size classes of free segments: class c has 2^c units and more. */
const CLASSES = 32;

export class ExtentMap {
  /** Unit at which segment i begins; it ends where i + 1 begins, the last one at `endUnit`. */
  private starts: Uint32Array;
  private states: Uint8Array;
  private count: number;
  private endUnit: number;
  /** Units in each state. */
  private readonly units: Float64Array;
  /** No free segment of class c begins below `hints[c]`. */
  private readonly hints: Uint32Array;
  /** By version, ascending; the part before `released` is done with. */
  private waiting: AwaitingExtent[];
  private released: number;

  /**
   * A map of a file of `fileEnd` bytes in which everything after the meta slots is free.
   * @throws LsmError TooLarge when the file has more than 16 TiB
   */
  constructor(fileEnd: number) {
    this.starts = new Uint32Array(64);
    this.states = new Uint8Array(64);
    this.count = 0;
    this.endUnit = Math.max(FIRST_UNIT, Math.ceil(fileEnd / EXTENT_UNIT));
    if (this.endUnit > MAX_EXTENT_UNITS) throw tooLarge();
    this.units = new Float64Array(STATES.length);
    this.hints = new Uint32Array(CLASSES).fill(FIRST_UNIT);
    this.waiting = [];
    this.released = 0;
    if (this.endUnit > FIRST_UNIT) {
      this.put(0, FIRST_UNIT, FREE);
      this.count = 1;
      this.units[FREE] = this.endUnit - FIRST_UNIT;
    }
  }

  /**
   * The map of a file in which exactly `extents` are live.
   * @param fileEnd  bytes of the file
   * @throws LsmError Corrupt when an extent is none, or reaches past the end of the file, or two overlap
   */
  static fromLive(extents: readonly Extent[], fileEnd: number, fileName = 'the file'): ExtentMap {
    const map = new ExtentMap(fileEnd);
    for (const { offset, bytes } of extents) {
      if (!isExtent(offset, bytes)) throw corrupt(`an extent has ${bytes} bytes`, fileName, offset);
      if (offset + bytes > map.end) {
        throw corrupt(`${bytes} bytes in use, but the file ends at ${fileEnd}`, fileName, offset);
      }
    }
    const overlap = findOverlap(extents);
    if (overlap) {
      const [before, after] = overlap;
      throw corrupt(`in use twice, also from byte ${before.offset}`, fileName, after.offset);
    }
    const ascending = [...extents].sort((a, b) => a.offset - b.offset);
    for (const extent of ascending) map.change(extent, FREE, LIVE);
    return map;
  }

  /** Bytes of the file, up to the end of its last extent. */
  get end(): number {
    return this.endUnit * EXTENT_UNIT;
  }

  /**
   * Lends the lowest stretch of free bytes that is long enough; at the end of the file when there is none.
   * @param bytes  at least 1; rounded up to whole units
   * @throws LsmError TooLarge when the file would pass 16 TiB
   */
  allocate(bytes: number): Extent {
    invariant(bytes > 0, 'an extent has at least one byte');
    const units = extentBytesFor(bytes) / EXTENT_UNIT;
    const index = this.firstFit(units);
    const extent = { offset: 0, bytes: units * EXTENT_UNIT };
    if (index < 0) extent.offset = this.append(units) * EXTENT_UNIT;
    else {
      extent.offset = this.starts[index]! * EXTENT_UNIT;
      this.change(extent, FREE, LENT);
    }
    return extent;
  }

  /** Like `allocate`, but only when the extent ends at or below `limit`: for moving things away from the tail. */
  allocateBelow(bytes: number, limit: number): Extent | undefined {
    invariant(bytes > 0, 'an extent has at least one byte');
    const units = extentBytesFor(bytes) / EXTENT_UNIT;
    const index = this.firstFit(units);
    if (index < 0 || (this.starts[index]! + units) * EXTENT_UNIT > limit) return undefined;
    const extent = { offset: this.starts[index]! * EXTENT_UNIT, bytes: units * EXTENT_UNIT };
    this.change(extent, FREE, LENT);
    return extent;
  }

  /**
   * free → lent, for one certain place: a blob that a log, but no manifest, tells of.
   * @returns false, and nothing is changed, unless all of it is free
   */
  claim(extent: Extent): boolean {
    if (!isExtent(extent.offset, extent.bytes) || extent.offset + extent.bytes > this.end) return false;
    const first = extent.offset / EXTENT_UNIT;
    const index = this.find(first);
    if (this.states[index] !== FREE || this.endOf(index) < first + extent.bytes / EXTENT_UNIT) return false;
    this.change(extent, FREE, LENT);
    return true;
  }

  /** lent → live: a durable manifest has it. */
  publish(extent: Extent): void {
    this.change(extent, LENT, LIVE);
  }

  /** lent → free, at once: nobody else has ever seen it. */
  giveBack(extent: Extent): void {
    this.change(extent, LENT, FREE);
  }

  /** live → awaiting: `version` is the first that does not use it. */
  retire(extent: Extent, version: number): void {
    this.change(extent, LIVE, AWAITING);
    const entry = { offset: extent.offset, bytes: extent.bytes, version };
    let at = this.waiting.length;
    while (at > this.released && this.waiting[at - 1]!.version > version) at--;
    if (at === this.waiting.length) this.waiting.push(entry);
    else this.waiting.splice(at, 0, entry);
  }

  /**
   * awaiting → free, for what every version that could still be read, after a crash too, does without.
   * @param durableVersion       the version the meta slot on disk points at
   * @param oldestPinnedVersion  Infinity when nothing is pinned
   * @returns how many bytes became free
   */
  release(durableVersion: number, oldestPinnedVersion: number): number {
    const limit = Math.min(durableVersion, oldestPinnedVersion);
    let freed = 0;
    while (this.released < this.waiting.length && this.waiting[this.released]!.version <= limit) {
      const extent = this.waiting[this.released++]!;
      this.change(extent, AWAITING, FREE);
      freed += extent.bytes;
    }
    if (this.released > 0 && (this.released === this.waiting.length || this.released >= 1024)) {
      this.waiting = this.waiting.slice(this.released);
      this.released = 0;
    }
    return freed;
  }

  /** Free bytes at the end of the file. */
  freeTailBytes(): number {
    if (this.count === 0 || this.states[this.count - 1] !== FREE) return 0;
    return (this.endUnit - this.starts[this.count - 1]!) * EXTENT_UNIT;
  }

  /**
   * Forgets the free bytes at the end of the file.
   * @returns the length the caller is now to truncate the file to, before it allocates again
   */
  cutTail(): number {
    const units = this.freeTailBytes() / EXTENT_UNIT;
    if (units > 0) {
      this.count--;
      this.endUnit -= units;
      this.units[FREE]! -= units;
    }
    return this.end;
  }

  /** Every byte from `FIRST_EXTENT` to `end`, once: segments ascending, neighbours in different states. */
  partition(): Segment[] {
    const segments: Segment[] = [];
    for (let i = 0; i < this.count; i++) {
      const offset = this.starts[i]! * EXTENT_UNIT;
      segments.push({
        offset,
        bytes: this.endOf(i) * EXTENT_UNIT - offset,
        state: STATES[this.states[i]!]!,
      });
    }
    return segments;
  }

  /** What was retired and is not free yet, by version ascending. */
  awaiting(): AwaitingExtent[] {
    return this.waiting.slice(this.released);
  }

  stats(): SpaceStats {
    let largest = 0;
    let fragments = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.states[i] !== FREE) continue;
      fragments++;
      largest = Math.max(largest, this.endOf(i) - this.starts[i]!);
    }
    return {
      endBytes: this.end,
      liveBytes: this.units[LIVE]! * EXTENT_UNIT,
      lentBytes: this.units[LENT]! * EXTENT_UNIT,
      awaitingBytes: this.units[AWAITING]! * EXTENT_UNIT,
      freeBytes: this.units[FREE]! * EXTENT_UNIT,
      largestFreeBytes: largest * EXTENT_UNIT,
      freeTailBytes: this.freeTailBytes(),
      fragments,
    };
  }

  /** Index of the segment that holds a unit; -1 when the unit is below the first one. */
  private find(unit: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle]! <= unit) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  private endOf(index: number): number {
    return index + 1 < this.count ? this.starts[index + 1]! : this.endUnit;
  }

  /** Index of the lowest free segment of at least `units` units, or -1. Makes the hint of its class better. */
  private firstFit(units: number): number {
    const sizeClass = 31 - Math.clz32(units);
    const classUnits = 2 ** sizeClass;
    const hint = this.hints[sizeClass]!;
    let i = Math.max(0, this.find(hint));
    let lowestOfClass = -1;
    for (; i < this.count; i++) {
      if (this.states[i] !== FREE) continue;
      const size = this.endOf(i) - this.starts[i]!;
      if (size >= classUnits && lowestOfClass < 0) lowestOfClass = this.starts[i]!;
      if (size >= units) break;
    }
    this.hints[sizeClass] = lowestOfClass < 0 ? this.endUnit : Math.max(hint, lowestOfClass);
    return i < this.count ? i : -1;
  }

  /** Lends `units` units at the end, beginning with the free ones that are there. @returns the first of them */
  private append(units: number): number {
    const isTailFree = this.count > 0 && this.states[this.count - 1] === FREE;
    const first = isTailFree ? this.starts[this.count - 1]! : this.endUnit;
    if (first + units > MAX_EXTENT_UNITS) throw tooLarge();
    const tail = this.endUnit - first;
    if (isTailFree) this.change({ offset: first * EXTENT_UNIT, bytes: tail * EXTENT_UNIT }, FREE, LENT);
    const added = units - tail;
    if (this.count === 0 || this.states[this.count - 1] !== LENT) {
      this.splice(this.count, 0, 1);
      this.put(this.count - 1, this.endUnit, LENT);
    }
    this.endUnit += added;
    this.units[LENT]! += added;
    return first;
  }

  /** Changes the state of a stretch that lies in one segment, and joins it with its neighbours where they are alike. */
  private change(extent: Extent, from: number, to: number): void {
    const first = extent.offset / EXTENT_UNIT;
    const length = extent.bytes / EXTENT_UNIT;
    const end = first + length;
    const index = this.find(first);
    invariant(
      index >= 0 && length > 0 && this.states[index] === from && end <= this.endOf(index),
      `bytes ${extent.offset} to ${extent.offset + extent.bytes} are not all ${STATES[from]!}`,
    );
    const hasLeft = first > this.starts[index]!;
    const hasRight = end < this.endOf(index);
    const joinsLeft = !hasLeft && index > 0 && this.states[index - 1] === to;
    const joinsRight = !hasRight && index + 1 < this.count && this.states[index + 1] === to;
    const inserted = (hasLeft ? 1 : 0) + (joinsLeft ? 0 : 1) + (hasRight ? 1 : 0);
    this.splice(index, joinsRight ? 2 : 1, inserted);
    let at = index;
    if (hasLeft) at++;
    if (!joinsLeft) this.put(at++, first, to);
    if (hasRight) this.put(at, end, from);
    this.units[from]! -= length;
    this.units[to]! += length;
    if (to === FREE) this.noteFree(this.find(first));
  }

  /** Replaces `removed` segments at `index` by room for `inserted`; the first `inserted` of the old ones stay as they were. */
  private splice(index: number, removed: number, inserted: number): void {
    const grown = this.count + inserted - removed;
    if (grown > this.starts.length) {
      const starts = new Uint32Array(grown * 2);
      starts.set(this.starts);
      this.starts = starts;
      const states = new Uint8Array(grown * 2);
      states.set(this.states);
      this.states = states;
    }
    if (removed !== inserted && index + removed < this.count) {
      this.starts.copyWithin(index + inserted, index + removed, this.count);
      this.states.copyWithin(index + inserted, index + removed, this.count);
    }
    this.count = grown;
  }

  private put(index: number, start: number, state: number): void {
    this.starts[index] = start;
    this.states[index] = state;
  }

  private noteFree(index: number): void {
    const start = this.starts[index]!;
    const sizeClass = 31 - Math.clz32(this.endOf(index) - start);
    for (let c = 0; c <= sizeClass; c++) if (this.hints[c]! > start) this.hints[c] = start;
  }
}

function tooLarge(): LsmError {
  return new LsmError(`a store's file has at most ${MAX_EXTENT_UNITS * EXTENT_UNIT} bytes`, 'TooLarge');
}

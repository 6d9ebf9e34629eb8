/**
 * Which versions are being read: a reader pins the version it reads, and what that version holds stays where it is
 * until the reader unpins it.
 *
 * Pins hang in a list for each version, the versions in a list by number, so the oldest is at hand, and pinning and
 * unpinning touch a few pointers. Versions change with flushes and merges only: few of them are pinned at once, however
 * many pins there are.
 */
import { invariant } from '../base/invariant.js';

/** One reader's hold on a version. Opaque to its owner; ends with `Pins.unpin`. */
export class Pin {
  /** Undefined once unpinned. */
  owner: PinnedVersion | undefined;
  previous: Pin | undefined = undefined;
  next: Pin | undefined = undefined;

  constructor(
    owner: PinnedVersion,
    readonly version: number,
    /** When it was pinned, by the clock's `nowMs`. */
    readonly sinceMs: number,
    /** For people: who reads. */
    readonly label: string,
  ) {
    this.owner = owner;
  }
}

/** A version with its pins, oldest first. */
class PinnedVersion {
  previous: PinnedVersion | undefined = undefined;
  next: PinnedVersion | undefined = undefined;
  first: Pin | undefined = undefined;
  last: Pin | undefined = undefined;
  count = 0;

  constructor(readonly number: number) {}
}

export interface PinInfo {
  readonly version: number;
  readonly ageMs: number;
  readonly label: string;
}

export interface PinnedVersionInfo {
  readonly version: number;
  /** How many pins it has. */
  readonly count: number;
  /** Age of the oldest of them. */
  readonly ageMs: number;
}

export class Pins {
  private oldestVersion: PinnedVersion | undefined = undefined;
  private newestVersion: PinnedVersion | undefined = undefined;
  private total = 0;

  /** How many pins there are. */
  get count(): number {
    return this.total;
  }

  /** Number of the oldest pinned version; Infinity when nothing is pinned. */
  get oldest(): number {
    return this.oldestVersion === undefined ? Infinity : this.oldestVersion.number;
  }

  /**
   * Holds a version. The owner unpins what it gets exactly once.
   * @param nowMs  the clock's `nowMs`
   * @param label  for people: who reads
   */
  pin(version: number, nowMs: number, label = ''): Pin {
    const newest = this.newestVersion;
    const owner = newest !== undefined && newest.number === version ? newest : this.versionNode(version);
    const pin = new Pin(owner, version, nowMs, label);
    pin.previous = owner.last;
    if (owner.last === undefined) owner.first = pin;
    else owner.last.next = pin;
    owner.last = pin;
    owner.count++;
    this.total++;
    return pin;
  }

  unpin(pin: Pin): void {
    const owner = pin.owner;
    invariant(owner !== undefined, `version ${pin.version} is unpinned twice`);
    if (pin.previous === undefined) owner.first = pin.next;
    else pin.previous.next = pin.next;
    if (pin.next === undefined) owner.last = pin.previous;
    else pin.next.previous = pin.previous;
    pin.owner = undefined;
    pin.previous = undefined;
    pin.next = undefined;
    this.total--;
    if (--owner.count === 0) this.remove(owner);
  }

  /** Every pinned version, oldest first. */
  versions(nowMs: number): PinnedVersionInfo[] {
    const infos: PinnedVersionInfo[] = [];
    for (let node = this.oldestVersion; node !== undefined; node = node.next) {
      infos.push({ version: node.number, count: node.count, ageMs: nowMs - node.first!.sinceMs });
    }
    return infos;
  }

  /** The pins, those of the oldest version first; at most `limit` of them. */
  list(nowMs: number, limit = 100): PinInfo[] {
    const infos: PinInfo[] = [];
    for (let node = this.oldestVersion; node !== undefined; node = node.next) {
      for (let pin = node.first; pin !== undefined && infos.length < limit; pin = pin.next) {
        infos.push({ version: pin.version, ageMs: nowMs - pin.sinceMs, label: pin.label });
      }
    }
    return infos;
  }

  /** Finds the node of a version, or puts a new one in its place; looks from the newest back. */
  private versionNode(version: number): PinnedVersion {
    let before = this.newestVersion;
    while (before !== undefined && before.number > version) before = before.previous;
    if (before !== undefined && before.number === version) return before;
    const node = new PinnedVersion(version);
    const after = before === undefined ? this.oldestVersion : before.next;
    node.previous = before;
    node.next = after;
    if (before === undefined) this.oldestVersion = node;
    else before.next = node;
    if (after === undefined) this.newestVersion = node;
    else after.previous = node;
    return node;
  }

  private remove(node: PinnedVersion): void {
    if (node.previous === undefined) this.oldestVersion = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.newestVersion = node.previous;
    else node.next.previous = node.previous;
  }
}

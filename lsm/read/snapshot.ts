/**
 * Snapshots: a pinned read state and a sequence number. The live ones form a list in order of their numbers, so that a
 * flush knows what it must keep and a writer what it may replace.
 */
import { LsmError } from '../errors.js';
import type { Snapshot } from '../ordered-kv.js';
import type { Pin, Pins } from '../space/pins.js';
import type { Layer, ReadState } from './layer.js';
import { LayeredView, type ReadContext } from './view.js';

/** One reader that holds a state alive: a snapshot, an open cursor, a value reader, a transaction. */
export class Hold {
  previous: Hold | undefined = undefined;
  next: Hold | undefined = undefined;
  pin: Pin | undefined = undefined;

  constructor(
    /** Entries with a greater sequence number are not seen. */
    readonly seq: number,
    readonly state: ReadState,
    /** When the reader began, by the clock's `nowMs`. */
    readonly since: number,
    readonly label: string,
  ) {}
}

/** The live readers, oldest first; sequence numbers only grow along the list. */
export class HoldList {
  private oldest: Hold | undefined = undefined;
  private newest: Hold | undefined = undefined;
  count = 0;

  constructor(private readonly pins: Pins) {}

  add(hold: Hold): Hold {
    hold.pin = this.pins.pin(hold.state.versionNumber, hold.since, hold.label);
    // A cursor of an old snapshot takes a hold with the snapshot's number: it goes to its place, searched from the newest.
    let after = this.newest;
    while (after !== undefined && after.seq > hold.seq) after = after.previous;
    hold.previous = after;
    if (after === undefined) {
      hold.next = this.oldest;
      this.oldest = hold;
    } else {
      hold.next = after.next;
      after.next = hold;
    }
    if (hold.next === undefined) this.newest = hold;
    else hold.next.previous = hold;
    this.count++;
    return hold;
  }

  remove(hold: Hold): void {
    const { pin } = hold;
    if (pin === undefined) return;
    hold.pin = undefined;
    if (hold.previous === undefined) this.oldest = hold.next;
    else hold.previous.next = hold.next;
    if (hold.next === undefined) this.newest = hold.previous;
    else hold.next.previous = hold.previous;
    hold.previous = undefined;
    hold.next = undefined;
    this.count--;
    this.pins.unpin(pin);
  }

  /** Greatest sequence number a live reader reads at; 0 when there is none. */
  get newestSeq(): number {
    return this.newest === undefined ? 0 : this.newest.seq;
  }

  get oldestHold(): Hold | undefined {
    return this.oldest;
  }

  /** Distinct sequence numbers of the live readers up to `maxSeq`, ascending. */
  seqsUpTo(maxSeq: number): number[] {
    const seqs: number[] = [];
    for (let hold = this.oldest; hold !== undefined && hold.seq <= maxSeq; hold = hold.next) {
      if (seqs.length === 0 || seqs[seqs.length - 1] !== hold.seq) seqs.push(hold.seq);
    }
    return seqs;
  }

  *[Symbol.iterator](): Generator<Hold> {
    for (let hold = this.oldest; hold !== undefined; hold = hold.next) yield hold;
  }
}

export class KvSnapshot extends LayeredView implements Snapshot {
  override readonly isFrozen = true;
  private isReleased = false;

  constructor(
    context: ReadContext,
    private readonly holds: HoldList,
    private readonly held: Hold,
    private readonly isStoreOpen: () => boolean,
  ) {
    super(context);
  }

  get seq(): number {
    return this.held.seq;
  }

  protected readLayers(): readonly Layer[] {
    if (this.isReleased) throw new LsmError('the snapshot was released', 'Closed');
    if (!this.isStoreOpen()) throw new LsmError('the store is closed', 'Closed');
    return this.held.state.layers;
  }

  protected ownLayerCount(): number {
    return 0;
  }

  protected readSeq(): number {
    return this.held.seq;
  }

  protected hold(): () => void {
    const hold = this.holds.add(new Hold(this.held.seq, this.held.state, this.held.since, 'cursor'));
    return () => this.holds.remove(hold);
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.holds.remove(this.held);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** What is kept of records of neighbouring ids, by the slots of columns. */
import { PAGE_IDS, UNKNOWN } from './codes.js';

/** When so many records of a page have changed, it is to be read again rather than each of them be looked up. */
const MANY_CHANGES = PAGE_IDS >>> 2;

export class ColumnPage {
  /** Writes that are not yet visible, or given up. */
  writers = 0;
  /** Counts all writes. */
  changes = 0;
  /** Writes since the page was last read as a whole. */
  private forgotten = 0;
  /** WIDE_BYTES for each record, if the column is wide. */
  readonly wide: (Uint8Array | undefined)[] = [];
  /** Of columns that tell values apart. */
  readonly codes: (Uint16Array | undefined)[] = [];
  /** Of the others. */
  readonly signatures: (Int32Array | undefined)[] = [];
  /** Whether it is told of each record whether it is there, unless it has changed since. */
  readonly isWhole: boolean[] = [];

  /** @param readableFrom  sequence number from which on views see what is told here; Infinity: none does */
  constructor(public readableFrom: number) {}

  held(slot: number): Uint16Array | Int32Array | undefined {
    return this.codes[slot] ?? this.signatures[slot];
  }

  /** Nothing is known of a record any more. */
  forget(at: number): void {
    for (const codes of this.codes) if (codes !== undefined) codes[at] = UNKNOWN;
    for (const signatures of this.signatures) if (signatures !== undefined) signatures[at] = UNKNOWN;
    if (++this.forgotten > MANY_CHANGES) this.isWhole.fill(false);
  }

  /** It is told of each record in a slot, for the page was read. */
  markWhole(slot: number): void {
    this.isWhole[slot] = true;
    this.forgotten = 0;
  }

  drop(slot: number): void {
    this.codes[slot] = this.wide[slot] = this.signatures[slot] = undefined;
    this.isWhole[slot] = false;
  }
}

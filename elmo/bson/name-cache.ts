/**
 * Field names as strings, without making the same string again for every document. Names are few and come in the same
 * order document after document: the cache first guesses that the name that followed last time follows again, which
 * costs one comparison of bytes; then it looks the name up by a hash of its bytes.
 */
import { readText } from './read.js';

const SLOTS = 2048;
/** Longer names are read each time. */
const NAME_BYTES = 32;

export class NameCache {
  /** After `read`: the offset after the name's NUL. */
  end = 0;
  /** By slot: the name; an unused slot holds the empty name. */
  private readonly texts: string[] = new Array<string>(SLOTS).fill('');
  private readonly lengths = new Uint8Array(SLOTS);
  private readonly bytes = new Uint8Array(SLOTS * NAME_BYTES);
  /** By slot: the slot of the name that followed. */
  private readonly followers = new Uint16Array(SLOTS);
  private last = 0;

  /** The name at `at`; `end` is set. */
  read(from: Uint8Array, at: number): string {
    const guess = this.followers[this.last]!;
    const length = this.lengths[guess]!;
    if (from[at + length] === 0 && this.holds(guess, from, at, length)) {
      this.last = guess;
      this.end = at + length + 1;
      return this.texts[guess]!;
    }
    return this.lookUp(from, at);
  }

  private lookUp(from: Uint8Array, at: number): string {
    let hash = 0x811c9dc5;
    let end = at;
    for (let byte = from[at]!; byte !== 0 && end < from.length; byte = from[++end]!)
      hash = Math.imul(hash ^ byte, 0x01000193);
    this.end = end + 1;
    const length = end - at;
    if (length > NAME_BYTES) return readText(from, at, end);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    this.followers[this.last] = slot;
    this.last = slot;
    if (this.lengths[slot] !== length || !this.holds(slot, from, at, length)) {
      this.texts[slot] = internalised(readText(from, at, end));
      this.lengths[slot] = length;
      for (let i = 0; i < length; i++) this.bytes[slot * NAME_BYTES + i] = from[at + i]!;
    }
    return this.texts[slot]!;
  }

  private holds(slot: number, from: Uint8Array, at: number, length: number): boolean {
    const { bytes } = this;
    const base = slot * NAME_BYTES;
    for (let i = 0; i < length; i++) if (bytes[base + i] !== from[at + i]) return false;
    return true;
  }
}

const internals: Record<string, boolean> = Object.create(null) as Record<string, boolean>;

/** The runtime's one copy of a text, which it makes for names of properties: quicker to use as one from then on. */
function internalised(text: string): string {
  internals[text] = true;
  const [name] = Object.keys(internals);
  delete internals[text];
  return name!;
}

/**
 * A hash table of byte strings that gives each a number, 0 and up in the order of their coming. Keys lie one behind the
 * other in one array, slots hold numbers: no object per key.
 */

const FIRST_SLOTS = 64;
const FIRST_BYTES = 1024;
const FIRST_KEYS = 32;

export class ByteTable {
  /** Keys so far; their numbers are below. */
  count = 0;
  /** All keys; key n is [starts[n], starts[n + 1]). */
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  starts: Uint32Array = new Uint32Array(FIRST_KEYS);
  /** Whether the last `add` met its key for the first time. */
  isNew = false;

  private slots = new Int32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_KEYS);

  /** Bytes of memory it takes. */
  get heldBytes(): number {
    return this.bytes.length + 4 * (this.slots.length + this.starts.length + this.hashes.length);
  }

  clear(): void {
    this.count = 0;
    this.bytes = new Uint8Array(FIRST_BYTES);
    this.starts = new Uint32Array(FIRST_KEYS);
    this.slots = new Int32Array(FIRST_SLOTS);
    this.hashes = new Int32Array(FIRST_KEYS);
  }

  /** The number of the key from[start, end), a new one if it is new: see `isNew`. */
  add(from: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(from, start, end);
    const slot = this.slotOf(hash, from, start, end);
    const found = this.slots[slot]! - 1;
    this.isNew = found < 0;
    return found < 0 ? this.insert(slot, hash, from, start, end) : found;
  }

  /** The number of the key from[start, end), -1 if it is not in the table. */
  find(from: Uint8Array, start: number, end: number): number {
    return this.slots[this.slotOf(hashBytes(from, start, end), from, start, end)]! - 1;
  }

  /** Where the key is, or would be. */
  private slotOf(hash: number, from: Uint8Array, start: number, end: number): number {
    const { slots, hashes, starts, bytes } = this;
    const mask = slots.length - 1;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]! - 1;
      if (index < 0) return slot;
      if (hashes[index] !== hash) continue;
      const at = starts[index]!;
      if (starts[index + 1]! - at !== length) continue;
      let i = 0;
      while (i < length && bytes[at + i] === from[start + i]) i++;
      if (i === length) return slot;
    }
  }

  private insert(slot: number, hash: number, from: Uint8Array, start: number, end: number): number {
    const index = this.count++;
    if (index + 2 > this.starts.length) {
      this.starts = grown(this.starts, new Uint32Array(this.starts.length * 2));
      this.hashes = grown(this.hashes, new Int32Array(this.starts.length));
    }
    const at = this.starts[index]!;
    const after = at + end - start;
    if (after > this.bytes.length)
      this.bytes = grown(this.bytes, new Uint8Array(Math.max(after, this.bytes.length * 2)));
    for (let i = start, to = at; i < end; i++) this.bytes[to++] = from[i]!;
    this.starts[index + 1] = after;
    this.hashes[index] = hash;
    this.slots[slot] = index + 1;
    if (this.count * 2 > this.slots.length) this.spread();
    return index;
  }

  private spread(): void {
    const slots = new Int32Array(this.slots.length * 4);
    const mask = slots.length - 1;
    for (let index = 0; index < this.count; index++) {
      let slot = this.hashes[index]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.slots = slots;
  }
}

function grown<A extends Uint8Array | Int32Array | Uint32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

/** 32 bits of from[start, end). */
export function hashBytes(from: Uint8Array, start: number, end: number): number {
  let hash = (end - start) | 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ from[at]!, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * One value per group, which may be replaced: type and place in one array that all share. What is replaced by something
 * no longer is overwritten where it stands; else it moves to a place with room to spare, so waste stays bounded.
 */
import { MISSING } from '../bson/types.js';
import { MISSING_VALUE, Value } from '../bson/value.js';
import { endOfValue } from '../bson/walk.js';

const FIRST_SLOTS = 16;
const FIRST_BYTES = 256;

export class ValueSlots {
  count = 0;
  /** All values. Another array after a `set`. */
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  types: Uint8Array = new Uint8Array(FIRST_SLOTS);
  starts: Uint32Array = new Uint32Array(FIRST_SLOTS);
  private rooms = new Uint32Array(FIRST_SLOTS);
  private used = 0;

  get heldBytes(): number {
    return this.bytes.length + 9 * this.types.length;
  }

  clear(): void {
    this.count = this.used = 0;
    this.bytes = new Uint8Array(FIRST_BYTES);
    this.types = new Uint8Array(FIRST_SLOTS);
    this.starts = new Uint32Array(FIRST_SLOTS);
    this.rooms = new Uint32Array(FIRST_SLOTS);
  }

  /** One more slot, without a value. @returns its number */
  add(): number {
    const slot = this.count++;
    if (slot === this.types.length) {
      const types = new Uint8Array(slot * 2);
      const starts = new Uint32Array(slot * 2);
      const rooms = new Uint32Array(slot * 2);
      types.set(this.types);
      starts.set(this.starts);
      rooms.set(this.rooms);
      this.types = types;
      this.starts = starts;
      this.rooms = rooms;
    }
    return slot;
  }

  set(slot: number, type: number, from: Uint8Array, at: number): void {
    this.types[slot] = type;
    if (type === MISSING) return;
    const length = endOfValue(from, type, at) - at;
    if (length > this.rooms[slot]!) this.move(slot, length);
    const { bytes } = this;
    const to = this.starts[slot]!;
    if (length <= 32) for (let i = 0; i < length; i++) bytes[to + i] = from[at + i]!;
    else bytes.set(from.subarray(at, at + length), to);
  }

  private move(slot: number, length: number): void {
    const room = this.rooms[slot] === 0 ? length : length * 2;
    if (this.used + room > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(this.used + room, this.bytes.length * 2));
      bytes.set(this.bytes.subarray(0, this.used));
      this.bytes = bytes;
    }
    this.starts[slot] = this.used;
    this.rooms[slot] = room;
    this.used += room;
  }

  /** Valid until the next `set`. */
  get(slot: number): Value {
    const type = this.types[slot]!;
    return type === MISSING ? MISSING_VALUE : new Value(type, this.bytes, this.starts[slot]!);
  }
}

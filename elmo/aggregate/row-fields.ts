/**
 * The fields of a row that several readers want, found in one walk over the row instead of one walk for each. Readers
 * register the names they want, once, and look at `types` and `starts` after each `read`.
 */
import { LayoutGuess } from '../bson/layout.js';
import { readInt32 } from '../bson/read.js';
import { MISSING } from '../bson/types.js';
import type { Operand } from './operand.js';
import { endOfValue, FieldName } from '../bson/walk.js';

const NONE = -1;

export class RowFields {
  /** By slot: type of the field in the row last read, MISSING if it is not there. */
  types: Uint8Array = new Uint8Array(0);
  /** By slot: where its value starts. */
  starts: Int32Array = new Int32Array(0);

  /** All that read of it. */
  readonly operands: Operand[] = [];
  /** Number of the row, where rows are codes. */
  row = 0;

  private readonly names: FieldName[] = [];
  /** By first byte of a name: a slot of such a name; and by slot: the next one with the same first byte. */
  private readonly slotOfByte = new Int16Array(256).fill(NONE);
  private readonly nextSlot: number[] = [];
  private guess: LayoutGuess | undefined = undefined;

  /** The slot of a field, the same for all who want it. */
  want(name: string): number {
    const known = this.names.findIndex(({ text }) => text === name);
    if (known >= 0) return known;
    const slot = this.names.length;
    const wanted = new FieldName(name);
    const first = wanted.bytes[0] ?? 0;
    this.names.push(wanted);
    this.nextSlot.push(this.slotOfByte[first]!);
    this.slotOfByte[first] = slot;
    this.guess = undefined;
    this.types = new Uint8Array(slot + 1);
    this.starts = new Int32Array(slot + 1);
    return slot;
  }

  /** Looks for all wanted fields in the document at `at`. Of equal names the first counts. */
  read(bytes: Uint8Array, at: number): void {
    const { types, slotOfByte } = this;
    let left = types.length;
    if (left === 0) return;
    this.guess ??= new LayoutGuess(this.names);
    if (this.guess.read(bytes, at, types, this.starts)) return;
    for (let i = 0; i < types.length; i++) types[i] = MISSING;
    const limit = at + readInt32(bytes, at) - 1;
    at += 4;
    while (at < limit) {
      const type = bytes[at]!;
      const name = at + 1;
      at = name;
      while (bytes[at]! > 0) at++;
      const slot = slotOfByte[bytes[name]!]!;
      if (slot !== NONE && this.take(slot, type, bytes, name, at) && --left === 0) return;
      at = endOfValue(bytes, type, at + 1);
    }
  }

  /** @returns whether a field was wanted and not yet seen */
  private take(slot: number, type: number, bytes: Uint8Array, name: number, end: number): boolean {
    for (; slot !== NONE; slot = this.nextSlot[slot]!) {
      const wanted = this.names[slot]!.bytes;
      if (wanted.length !== end - name) continue;
      let i = 0;
      while (i < wanted.length && bytes[name + i] === wanted[i]) i++;
      if (i < wanted.length) continue;
      if (this.types[slot] !== MISSING) return false;
      this.types[slot] = type;
      this.starts[slot] = end + 1;
      return true;
    }
    return false;
  }
}

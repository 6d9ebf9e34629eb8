/**
 * Which keys a memtable surely does not have: a bit for each key's hash, so that most lookups of what lies in tables do not
 * search the memtable's tree. Long keys, those of indexes, are told apart by how they begin: as a rule whole keyspaces.
 */
import type { Bytes } from '../base/bytes.js';

const BITS = 1 << 17;
/** Keys of so many bytes are hashed by their first bytes only. */
const LONG_KEY = 10;
const HASHED_OF_LONG = 5;

export class KeyMarks {
  private readonly words = new Int32Array(BITS >>> 5);

  add(bytes: Bytes, offset: number, length: number): void {
    const bit = bitOf(bytes, offset, length);
    this.words[bit >>> 5]! |= 1 << (bit & 31);
  }

  /** @returns false: the key was never added */
  mayHave(bytes: Bytes, offset: number, length: number): boolean {
    const bit = bitOf(bytes, offset, length);
    return (this.words[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }
}

function bitOf(bytes: Bytes, offset: number, length: number): number {
  const end = offset + (length < LONG_KEY ? length : HASHED_OF_LONG);
  let hash = length;
  for (let i = offset; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x9e37_79b1) ^ (hash >>> 15);
  return (hash ^ (hash >>> 16)) & (BITS - 1);
}

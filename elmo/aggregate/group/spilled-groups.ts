/**
 * Groups that did not fit into memory: each time memory was full, what was known of every group went to disk, sorted by
 * key. Afterwards the parts of a group lie behind one another, in the order they were made.
 *
 *   a part   length of the key u32le | key | what `Groups.save` wrote
 */
import { readInt32 } from '../../bson/read.js';
import { BsonWriter } from '../../bson/writer.js';
import { Spill } from '../../exec/spill.js';
import type { OrderedKv } from '../../../lsm/index.js';
import type { Operation } from '../../operation/operation.js';
import type { Groups } from './groups.js';

export class SpilledGroups {
  private readonly spill: Spill;
  private readonly part = new BsonWriter();
  private saved = 0;
  private sequence = 0;
  private hasNext: boolean | undefined;

  constructor(
    kv: OrderedKv,
    operation: Operation,
    private readonly groups: Groups,
  ) {
    this.spill = new Spill(kv, operation);
  }

  /**
   * Moves all groups to disk.
   * @returns false to pause, and to be called again
   */
  takeAll(): boolean {
    const { groups, part } = this;
    while (this.saved < groups.count) {
      const key = groups.keyOf(this.saved);
      part.clear();
      part.writeInt32(key.length);
      part.writeRange(key, 0, key.length);
      groups.save(this.saved++, part);
      if (this.spill.add(key, part.bytes.slice(0, part.length), this.sequence++)) return false;
    }
    groups.clear();
    this.saved = 0;
    return true;
  }

  /** After the last of them. @returns whether to pause, and to call again */
  complete(): boolean {
    return this.spill.complete();
  }

  /**
   * Makes `groups` hold the next group whole. Groups whose long keys begin alike may come together.
   * @returns false if there is none
   */
  next(): boolean {
    const { groups, spill } = this;
    groups.clear();
    this.hasNext ??= spill.next();
    if (!this.hasNext) return false;
    const first = this.keyBytes().slice();
    do {
      const { bytes, at } = spill;
      const end = at + 4 + readInt32(bytes, at);
      groups.restore(bytes, at + 4, end, bytes, end);
      this.hasNext = spill.next();
    } while (this.hasNext && haveSameStart(first, this.keyBytes()));
    return true;
  }

  private keyBytes(): Uint8Array {
    const { bytes, at } = this.spill;
    return bytes.subarray(at + 4, at + 4 + readInt32(bytes, at));
  }

  close(): void {
    this.spill.close();
  }
}

/** As much of a key as the order on disk is sure to respect. */
const COMPARED_BYTES = 32_768;

function haveSameStart(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length && Math.min(a.length, b.length) < COMPARED_BYTES) return false;
  const length = Math.min(a.length, COMPARED_BYTES);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

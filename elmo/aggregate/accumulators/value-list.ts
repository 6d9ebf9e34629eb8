/**
 * Lists of values, one per group: the elements of arrays to be, each `type | name | value` already, so that a result is
 * written in one piece. Names count up from 0.
 */
import { ARRAY, MISSING, NULL } from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import { ElementWalker, endOfValue } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { endOfCString } from '../../bson/read.js';
import { MAX_ACCUMULATOR_BYTES } from '../limits.js';

const FIRST_BYTES = 32;
const NAME_BYTES = 8;
const NOTHING = new Uint8Array(0);

export class ValueLists {
  /** Of all lists. */
  heldBytes = 0;
  private lists: Uint8Array[] = [];
  private lengths: number[] = [];
  private counts: number[] = [];
  private readonly writer = new BsonWriter();
  private readonly walker = new ElementWalker();

  /** @param name  of the accumulator, for the message when it grows too large */
  constructor(private readonly name: string) {}

  /** One more list. */
  add(): void {
    this.lists.push(NOTHING);
    this.lengths.push(0);
    this.counts.push(0);
  }

  countOf(list: number): number {
    return this.counts[list]!;
  }

  /** Appends a value; a missing one as null. */
  push(list: number, type: number, from: Uint8Array, at: number): void {
    if (type === MISSING) type = NULL;
    const end = type === NULL ? at : endOfValue(from, type, at);
    const count = this.counts[list]!;
    const { writer } = this;
    writer.clear();
    writer.writeIndex(type, count);
    writer.writeRange(from, at, end);
    this.append(list, writer.bytes, writer.length);
    this.counts[list] = count + 1;
  }

  /** Appends all elements of an array. */
  pushAll(list: number, array: Uint8Array, at: number): void {
    const { walker } = this;
    walker.open(array, at);
    while (walker.next()) this.push(list, walker.type, array, walker.valueStart);
  }

  private append(list: number, from: Uint8Array, count: number): void {
    const length = this.lengths[list]!;
    let bytes = this.lists[list]!;
    if (length + count > bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, length + count + NAME_BYTES, bytes.length * 2));
      grown.set(length === bytes.length ? bytes : bytes.subarray(0, length));
      this.heldBytes += grown.length - bytes.length;
      this.lists[list] = bytes = grown;
      if (this.heldBytes > MAX_ACCUMULATOR_BYTES)
        throw new ElmoError(
          'ExceededMemoryLimit',
          `${this.name} used too much memory and cannot spill to disk. Memory limit: ${MAX_ACCUMULATOR_BYTES} bytes`,
        );
    }
    if (count <= 32) for (let i = 0; i < count; i++) bytes[length + i] = from[i]!;
    else bytes.set(from.subarray(0, count), length);
    this.lengths[list] = length + count;
  }

  /** The list as an array. Valid until the next call. */
  array(list: number): Value {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    writer.writeRange(this.lists[list]!, 0, this.lengths[list]!);
    writer.endDocument(start);
    return new Value(ARRAY, writer.bytes, start);
  }

  /** Shows the values of a list in order. */
  each(list: number, see: (type: number, bytes: Uint8Array, at: number) => void): void {
    const bytes = this.lists[list]!;
    const length = this.lengths[list]!;
    for (let at = 0; at < length;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      see(type, bytes, value);
      at = endOfValue(bytes, type, value);
    }
  }

  clear(): void {
    this.heldBytes = 0;
    this.lists = [];
    this.lengths = [];
    this.counts = [];
  }
}

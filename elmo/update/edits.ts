/**
 * What changes in a document, as a list of ranges and what comes in their places. All that is not in the list is copied.
 *
 *   {a: 1, b: 2}:  13 00 00 00 | 10 61 00 01 00 00 00 | 10 62 00 02 00 00 00 | 00
 *   {$set: {b: 3, c: null}}:  [0, 4) → 16 00 00 00,  [14, 18) → 03 00 00 00,  [18, 18) → 0a 63 00
 *
 * Ranges never overlap; of several empty ones at the same place the first added comes first.
 */
import { BsonWriter, copyBytes } from '../bson/writer.js';

/** Up to so many edits are put into order by insertion. */
const INSERTION_SORT_COUNT = 64;

export class Edits {
  /** What comes in the places of ranges is written here, one after another. */
  readonly scratch = new BsonWriter();
  count = 0;
  /** Bytes by which the document grows. */
  delta = 0;
  private readonly output = new BsonWriter();
  private starts: number[] = [];
  private ends: number[] = [];
  private froms: number[] = [];
  private tos: number[] = [];

  clear(): void {
    this.scratch.clear();
    this.count = 0;
    this.delta = 0;
  }

  /** The range [start, end) becomes all that was written to `scratch` since its length was `from`. */
  replace(start: number, end: number, from: number): void {
    this.replaceBy(start, end, from, this.scratch.length);
  }

  /** The range [start, end) becomes [from, to) of `scratch`. */
  replaceBy(start: number, end: number, from: number, to: number): void {
    const i = this.count++;
    this.starts[i] = start;
    this.ends[i] = end;
    this.froms[i] = from;
    this.tos[i] = to;
    this.delta += to - from - (end - start);
  }

  /** The document at [at, end) with all edits. A copy. */
  build(bytes: Uint8Array, at: number, end: number): Uint8Array {
    this.sort();
    const { output, starts, ends, froms, tos, count } = this;
    const from = this.scratch.bytes;
    output.clear();
    output.reserve(end - at + Math.max(this.delta, 0));
    let copied = at;
    for (let i = 0; i < count; i++) {
      const start = starts[i]!;
      if (start > copied) output.writeRange(bytes, copied, start);
      output.writeRange(from, froms[i]!, tos[i]!);
      copied = ends[i]!;
    }
    output.writeRange(bytes, copied, end);
    return copyBytes(output.bytes, 0, output.length);
  }

  private sort(): void {
    const { starts, count } = this;
    let i = 1;
    while (i < count && starts[i - 1]! <= starts[i]!) i++;
    if (i >= count) return;
    if (count > INSERTION_SORT_COUNT) this.sortMany();
    else for (; i < count; i++) this.insertAt(i);
  }

  private insertAt(i: number): void {
    const { starts, ends, froms, tos } = this;
    const start = starts[i]!;
    const end = ends[i]!;
    const from = froms[i]!;
    const to = tos[i]!;
    let j = i;
    for (; j > 0 && starts[j - 1]! > start; j--) {
      starts[j] = starts[j - 1]!;
      ends[j] = ends[j - 1]!;
      froms[j] = froms[j - 1]!;
      tos[j] = tos[j - 1]!;
    }
    starts[j] = start;
    ends[j] = end;
    froms[j] = from;
    tos[j] = to;
  }

  private sortMany(): void {
    const { starts } = this;
    const order = Array.from({ length: this.count }, (_, i) => i);
    order.sort((a, b) => starts[a]! - starts[b]!);
    const inOrder = (values: number[]): number[] => order.map((i) => values[i]!);
    this.ends = inOrder(this.ends);
    this.froms = inOrder(this.froms);
    this.tos = inOrder(this.tos);
    this.starts = inOrder(starts);
  }
}

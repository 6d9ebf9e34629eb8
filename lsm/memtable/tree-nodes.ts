/**
 * The nodes of an arena tree, all in one Int32Array: 256 numbers (1 KiB) a node, addressed by `node << 8`.
 *   leaf    0 count · 1 prefix · 2 next leaf · 3 previous leaf · 4 bound of seqs · 7… slots of (head, offset, seq)
 *   inner   0 count · 1 prefix · 8… slots of (head, offset, seq, child)
 * - prefix: every key of the leaf (every separator of the inner node but slot 0's, which counts as below all keys)
 *   begins with the same `prefix` bytes, and perhaps a few more; a head is the four bytes after them (see `headAt`).
 * - offset: of the operation in the arena, for a leaf perhaps with DELETION_FLAG; seq: as a delta to the base.
 * - bound of seqs: no entry of the leaf has a greater delta.
 * What must stay true: slots ascend by (key, seq descending, offset descending); the entries under a slot of an inner
 * node are not below its separator, except that the newest version of a key may have been replaced by a newer one. A
 * separator outlives its entry.
 */
import type { Bytes } from '../base/bytes.js';
import { OFFSET_MASK, headAt, keyLengthAt, keyOffsetAt, sharedKeyBytes } from './arena-keys.js';

export const NODE_SHIFT = 8;
export const NODE_INTS = 256;
export const COUNT = 0;
export const PREFIX = 1;
export const NEXT = 2;
export const PREVIOUS = 3;
export const SEQ_BOUND = 4;

export const LEAF_SLOTS = 7;
export const LEAF_STRIDE = 3;
export const LEAF_CAPACITY = 83;
export const INNER_SLOTS = 8;
export const INNER_STRIDE = 4;
export const INNER_CAPACITY = 62;

/** Places in a slot. */
export const HEAD = 0;
export const OFFSET = 1;
export const SEQ = 2;
export const CHILD = 3;

/** Below this many numbers a loop moves them faster than `copyWithin`. */
const SHORT_MOVE = 24;

/** Moves slots by `by` numbers to the right within their node. */
export function moveSlots(nodes: Int32Array, from: number, end: number, by: number): void {
  if (end - from > SHORT_MOVE) nodes.copyWithin(from + by, from, end);
  else for (let i = end - 1; i >= from; i--) nodes[i + by] = nodes[i]!;
}

/**
 * Computes the heads of the slots [begin, end) anew, for a changed prefix.
 * @param slots   where the node's slots begin
 * @param stride  numbers a slot
 */
export function writeHeads(
  nodes: Int32Array,
  slots: number,
  stride: number,
  begin: number,
  end: number,
  prefix: number,
  arena: Bytes,
): void {
  for (let i = begin; i < end; i++) {
    const slot = slots + i * stride;
    const at = nodes[slot + OFFSET]! & OFFSET_MASK;
    const length = keyLengthAt(arena, at);
    nodes[slot + HEAD] = headAt(arena, keyOffsetAt(at, length) + prefix, length - prefix);
  }
}

/** Bits of the heads of which the first and the last entry of half a node must not share all. */
const TELLING_BITS = 0xffff_0000;

/** Gives a leaf that is half of another a longer prefix, and the heads for it, if its heads do not tell much. */
export function settleLeaf(nodes: Int32Array, leaf: number, arena: Bytes): void {
  const address = leaf << NODE_SHIFT;
  settle(nodes, address, address + LEAF_SLOTS, LEAF_STRIDE, 0, arena);
}

/** The same for an inner node. */
export function settleInner(nodes: Int32Array, inner: number, arena: Bytes): void {
  const address = inner << NODE_SHIFT;
  settle(nodes, address, address + INNER_SLOTS, INNER_STRIDE, 1, arena);
}

function settle(
  nodes: Int32Array,
  address: number,
  slots: number,
  stride: number,
  first: number,
  arena: Bytes,
): void {
  const count = nodes[address + COUNT]!;
  if (count <= first) {
    nodes[address + PREFIX] = 0;
    return;
  }
  const least = slots + first * stride;
  const greatest = slots + (count - 1) * stride;
  if (((nodes[least + HEAD]! ^ nodes[greatest + HEAD]!) & TELLING_BITS) !== 0) return;
  const a = nodes[least + OFFSET]! & OFFSET_MASK;
  const b = nodes[greatest + OFFSET]! & OFFSET_MASK;
  const prefix = sharedKeyBytes(arena, a, b, keyLengthAt(arena, a));
  nodes[address + PREFIX] = prefix;
  writeHeads(nodes, slots, stride, first, count, prefix, arena);
}

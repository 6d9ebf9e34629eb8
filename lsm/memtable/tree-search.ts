/**
 * The searching half of an arena tree: places of keys, and steps between entries. The changing half is arena-tree.ts.
 * A place is a leaf and a slot; slot = count of the leaf means after its last entry.
 */
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import { OFFSET_MASK, firstDifference, headAt, keyLengthAt, keyOffsetAt } from './arena-keys.js';
import * as node from './tree-nodes.js';

/** The greatest delta: a limit of a search that every version passes. */
export const MAX_DELTA = 0x7fff_ffff;
const MAX_HEIGHT = 16;
const NO_NODES = new Int32Array(0);

/** The way of the last descent, from the root: searches are synchronous, so all trees share it. */
export const pathNodes = new Int32Array(MAX_HEIGHT);
export const pathSlots = new Int32Array(MAX_HEIGHT);

export abstract class TreeSearch {
  /** The bytes that offsets point into; the owner replaces it by a longer copy as it grows. */
  arena: Bytes = NO_BYTES;
  nodes: Int32Array = NO_NODES;
  nodeCount = 0;
  leafCount = 0;
  entryCount = 0;
  firstLeaf = 0;
  lastLeaf = 0;
  /** Changes when offsets and places lose their meaning. */
  generation = 0;

  /** Result of a search: the leaf and slot; slot = count of the leaf: after its last entry. */
  leaf = 0;
  slot = 0;

  protected root = 0;
  /** Inner nodes on the way to a leaf. */
  protected height = 0;
  /** Of the last search in a leaf: whether the entry at the slot has the key. */
  protected isMatch = false;
  /** Of the last search in a leaf: how many bytes the key shares with the leaf's prefix. */
  protected shared = 0;
  /** Of the last `compare`: the first byte that differs. */
  protected difference = 0;

  /** Forgets all entries and lets go of the arena. */
  clear(): void {
    this.arena = NO_BYTES;
    this.dropNodes();
  }

  /** Forgets all entries and keeps the arrays. */
  recycle(): void {
    const { nodes } = this;
    // A new node is blank.
    nodes.fill(0, 0, this.nodeCount << node.NODE_SHIFT);
    this.dropNodes();
    this.nodes = nodes;
  }

  protected dropNodes(): void {
    this.nodes = NO_NODES;
    this.nodeCount = 0;
    this.leafCount = 0;
    this.entryCount = 0;
    this.firstLeaf = 0;
    this.lastLeaf = 0;
    this.root = 0;
    this.height = 0;
    this.generation++;
  }

  /**
   * Finds the first entry at or after (key, limit): of the key with a delta <= limit, or of a greater key.
   * Sets `leaf` and `slot`, perhaps to the end of a leaf.
   */
  search(bytes: Bytes, offset: number, length: number, limit: number): void {
    const nodes = this.nodes;
    let at = this.root;
    let known = 0;
    for (let level = 0; level < this.height; level++) {
      const slot = this.pickChild(at, bytes, offset, length, limit, known);
      const address = at << node.NODE_SHIFT;
      pathNodes[level] = at;
      pathSlots[level] = slot;
      // Between two separators that share a prefix with the key, every key shares it.
      if (slot > 0 && slot < nodes[address + node.COUNT]! - 1) known = Math.max(known, this.shared);
      at = nodes[address + node.INNER_SLOTS + slot * node.INNER_STRIDE + node.CHILD]!;
    }
    this.searchLeaf(at, bytes, offset, length, limit, known);
  }

  /**
   * Like `search`, but never at the end of a leaf, except after the last entry of all.
   * @returns whether the entry found has the key
   */
  locate(bytes: Bytes, offset: number, length: number, limit: number): boolean {
    if (this.entryCount === 0) {
      this.leaf = 0;
      this.slot = 0;
      return false;
    }
    this.search(bytes, offset, length, limit);
    const nodes = this.nodes;
    if (this.slot < nodes[(this.leaf << node.NODE_SHIFT) + node.COUNT]!) return this.isMatch;
    while (this.stepIn()) {
      const slot = this.slotAddress();
      const isMatch = this.hasKey(bytes, offset, length);
      // The newest version may have been replaced under an old separator: step over it.
      if (!isMatch || nodes[slot + node.SEQ]! <= limit) return isMatch;
      this.slot++;
    }
    return false;
  }

  /** From the end of a leaf to the next entry. @returns whether there is one */
  stepIn(): boolean {
    const nodes = this.nodes;
    while (this.slot >= nodes[(this.leaf << node.NODE_SHIFT) + node.COUNT]!) {
      if (this.leaf === this.lastLeaf) return false;
      this.leaf = nodes[(this.leaf << node.NODE_SHIFT) + node.NEXT]!;
      this.slot = 0;
    }
    return true;
  }

  /** From a place to the entry before it. @returns whether there is one */
  stepBack(): boolean {
    const nodes = this.nodes;
    while (this.slot === 0) {
      if (this.leaf === this.firstLeaf || this.entryCount === 0) return false;
      this.leaf = nodes[(this.leaf << node.NODE_SHIFT) + node.PREVIOUS]!;
      this.slot = nodes[(this.leaf << node.NODE_SHIFT) + node.COUNT]!;
    }
    this.slot--;
    return true;
  }

  /** Where the entry that was found lies in `nodes`. */
  slotAddress(): number {
    return (this.leaf << node.NODE_SHIFT) + node.LEAF_SLOTS + this.slot * node.LEAF_STRIDE;
  }

  /** Whether the entry at the place has the key. */
  hasKey(bytes: Bytes, offset: number, length: number): boolean {
    return this.compare(this.nodes[this.slotAddress() + node.OFFSET]!, bytes, offset, length, 0) === 0;
  }

  /** Whether the key of the entry at the place is below the given one. */
  isBelow(key: Bytes): boolean {
    return this.compare(this.nodes[this.slotAddress() + node.OFFSET]!, key, 0, key.length, 0) > 0;
  }

  /** How far into the tree the place of the last search is, roughly: 0 to 1. */
  searchedFraction(): number {
    const nodes = this.nodes;
    let fraction = 0;
    let width = 1;
    for (let level = 0; level < this.height; level++) {
      width /= nodes[(pathNodes[level]! << node.NODE_SHIFT) + node.COUNT]!;
      fraction += width * pathSlots[level]!;
    }
    const count = nodes[(this.leaf << node.NODE_SHIFT) + node.COUNT]!;
    return count === 0 ? fraction : fraction + (width * this.slot) / count;
  }

  /** Order of a key and the key of an entry; they are known to share `from` bytes. */
  protected compare(entry: number, bytes: Bytes, offset: number, length: number, from: number): number {
    const arena = this.arena;
    const at = entry & OFFSET_MASK;
    const keyLength = keyLengthAt(arena, at);
    const keyOffset = keyOffsetAt(at, keyLength);
    const i = firstDifference(bytes, offset, length, arena, keyOffset, keyLength, from);
    this.difference = i;
    if (i < length && i < keyLength) return bytes[offset + i]! - arena[keyOffset + i]!;
    return length - keyLength;
  }

  /** The last slot of an inner node whose separator is below (key, limit), or 0. Sets `shared`. */
  private pickChild(
    inner: number,
    bytes: Bytes,
    offset: number,
    length: number,
    limit: number,
    known: number,
  ): number {
    const nodes = this.nodes;
    const address = inner << node.NODE_SHIFT;
    const slots = address + node.INNER_SLOTS;
    const count = nodes[address + node.COUNT]!;
    const prefix = nodes[address + node.PREFIX]!;
    this.shared = prefix;
    if (known < prefix) {
      const order = this.compare(
        nodes[slots + node.INNER_STRIDE + node.OFFSET]!,
        bytes,
        offset,
        length,
        known,
      );
      if (this.difference < prefix) {
        this.shared = this.difference;
        return order < 0 ? 0 : count - 1;
      }
    }
    const head = headAt(bytes, offset + prefix, length - prefix);
    let low = 1;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const slot = slots + middle * node.INNER_STRIDE;
      const other = nodes[slot + node.HEAD]!;
      if (other < head) low = middle + 1;
      else if (other > head) high = middle;
      else {
        const order = this.compare(nodes[slot + node.OFFSET]!, bytes, offset, length, prefix);
        if (order > 0 || (order === 0 && nodes[slot + node.SEQ]! > limit)) low = middle + 1;
        else high = middle;
      }
    }
    return low - 1;
  }

  protected searchLeaf(
    leaf: number,
    bytes: Bytes,
    offset: number,
    length: number,
    limit: number,
    known: number,
  ): void {
    const nodes = this.nodes;
    const address = leaf << node.NODE_SHIFT;
    const slots = address + node.LEAF_SLOTS;
    const count = nodes[address + node.COUNT]!;
    const prefix = nodes[address + node.PREFIX]!;
    const head = headAt(bytes, offset + prefix, length - prefix);
    this.leaf = leaf;
    let low = 0;
    let high = count;
    let isMatch = false;
    // The key may not share the prefix, and the heads then say nothing: the first full comparison tells.
    let from = known;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const slot = slots + middle * node.LEAF_STRIDE;
      const other = nodes[slot + node.HEAD]!;
      if (other < head) low = middle + 1;
      else if (other > head) {
        high = middle;
        isMatch = false;
      } else {
        const order = this.compare(nodes[slot + node.OFFSET]!, bytes, offset, length, from);
        if (this.difference < prefix) return this.beside(order, count);
        from = prefix;
        if (order > 0 || (order === 0 && nodes[slot + node.SEQ]! > limit)) low = middle + 1;
        else {
          high = middle;
          isMatch = order === 0;
        }
      }
    }
    if (from < prefix && count > 0) {
      const nearest = slots + (low < count ? low : count - 1) * node.LEAF_STRIDE;
      const order = this.compare(nodes[nearest + node.OFFSET]!, bytes, offset, length, from);
      if (this.difference < prefix) return this.beside(order, count);
    }
    this.shared = prefix;
    this.slot = low;
    this.isMatch = isMatch;
  }

  /** The key lies outside the leaf's prefix: before all of its entries, or after them. */
  private beside(order: number, count: number): void {
    this.shared = this.difference;
    this.slot = order < 0 ? 0 : count;
    this.isMatch = false;
  }
}

/**
 * An ordered multi-version map from keys to the operations that wrote them: a B+tree over typed arrays whose leaves
 * hold offsets into an arena of batch bytes (see tree-nodes.ts). Keys and values are never copied or made objects.
 *
 * What must stay true: entries are inserted with sequence numbers that never fall, so a new entry of a key comes before
 * its older versions. An entry's offset is its identity until `generation` changes. Leaves may be empty after `remove`.
 */
import type { Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import { KIND_BLOB } from '../key/entry-kind.js';
import {
  DELETION_FLAG,
  OFFSET_MASK,
  headAt,
  keyLengthAt,
  keyOffsetAt,
  sharedKeyBytes,
} from './arena-keys.js';
import { KeyMarks } from './key-marks.js';
import * as node from './tree-nodes.js';
import { MAX_DELTA, TreeSearch, pathNodes, pathSlots } from './tree-search.js';

/** A tree cannot address more nodes. */
export const MAX_NODES = 0x40_0000;
/** Places remembered by how keys begin; a power of two. */
const NEAR = 256;
/** Keys of fewer bytes are told apart by the first two only: what follows may be what ascends. */
const LONG_KEY = 10;
/** So many misses in a row and a place is not asked any more. */
const MOST_MISSES = 16;
/** From so many entries on it is noted which keys there are. */
const MARKED_FROM = 64;

export class ArenaTree extends TreeSearch {
  /** The last insert was after all others: the next one may be, too. */
  private isAscending = true;
  /**
   * Leaf and slot of the last insert of a key that begins alike: sequences of ascending keys that come in turns, as those of
   * several indexes do, go on where they were. A leaf may have changed since, so it is asked whether the key belongs into it.
   */
  private readonly nearLeaves = new Int32Array(NEAR);
  private readonly nearSlots = new Int32Array(NEAR);
  private readonly misses = new Uint8Array(NEAR);
  /** Entries were removed, so that a separator may be below the first entry of its leaf. */
  private hasRemoved = false;
  /** Undefined: there are few entries. */
  private marks: KeyMarks | undefined = undefined;

  /** @param firstNodes  nodes to make room for at the first insert */
  constructor(private readonly firstNodes: number) {
    super();
  }

  /**
   * Inserts the operation at `at`, whose key is in the arena, before all versions of its key.
   * @param delta      not below that of any entry
   * @param protectedDelta  a newest version above it is replaced in its place, unless it is a blob
   */
  insert(at: number, keyOffset: number, keyLength: number, delta: number, protectedDelta: number): void {
    if (this.nodeCount === 0) this.root = this.newLeaf();
    if (this.isAscending && this.append(at, keyOffset, keyLength, delta)) return;
    const arena = this.arena;
    const near = nearOf(arena, keyOffset, keyLength);
    if (!this.searchNear(near, keyOffset, keyLength)) this.search(arena, keyOffset, keyLength, MAX_DELTA);
    const leaf = this.leaf;
    const slot = this.slot;
    const shared = this.shared;
    const isAtEnd = slot === this.nodes[(leaf << node.NODE_SHIFT) + node.COUNT]!;
    let isMatch = this.isMatch;
    this.isAscending = isAtEnd && leaf === this.lastLeaf;
    if (isAtEnd && leaf !== this.lastLeaf) {
      isMatch = this.stepIn() && this.hasKey(arena, keyOffset, keyLength);
    }
    if (isMatch && this.replace(at, delta, protectedDelta)) return;
    const isNext = leaf === this.nearLeaves[near] && slot === this.nearSlots[near]! + 1;
    this.insertAt(leaf, slot, shared, at, keyOffset, keyLength, delta, isNext);
    this.nearLeaves[near] = this.leaf;
    this.nearSlots[near] = this.slot;
  }

  /**
   * Like `search`, of the newest version of a key, in the leaf of the last insert of a key that begins alike.
   * @returns false: the key may belong elsewhere, or the leaf is full and the way to it is needed
   */
  private searchNear(near: number, keyOffset: number, keyLength: number): boolean {
    if (this.height === 0 || this.hasRemoved || this.misses[near]! >= MOST_MISSES) return false;
    if (this.isNear(this.nearLeaves[near]!, keyOffset, keyLength)) {
      this.misses[near] = 0;
      return true;
    }
    this.misses[near]!++;
    return false;
  }

  private isNear(leaf: number, keyOffset: number, keyLength: number): boolean {
    const { nodes, arena } = this;
    const address = leaf << node.NODE_SHIFT;
    const count = nodes[address + node.COUNT]!;
    if (count === 0 || count === node.LEAF_CAPACITY) return false;
    const first = address + node.LEAF_SLOTS;
    const last = first + (count - 1) * node.LEAF_STRIDE;
    if (this.compare(nodes[last + node.OFFSET]!, arena, keyOffset, keyLength, 0) <= 0) {
      if (this.compare(nodes[first + node.OFFSET]!, arena, keyOffset, keyLength, 0) <= 0) return false;
      this.searchLeaf(leaf, arena, keyOffset, keyLength, MAX_DELTA, nodes[address + node.PREFIX]!);
      return true;
    }
    const shared = this.difference;
    if (leaf !== this.lastLeaf) {
      const next = nodes[address + node.NEXT]! << node.NODE_SHIFT;
      const after = nodes[next + node.LEAF_SLOTS + node.OFFSET]!;
      if (nodes[next + node.COUNT] === 0 || this.compare(after, arena, keyOffset, keyLength, 0) >= 0) {
        return false;
      }
    }
    this.leaf = leaf;
    this.slot = count;
    this.shared = shared;
    this.isMatch = false;
    return true;
  }

  /** @returns false: no entry has the key */
  mayHave(key: Bytes, offset: number, length: number): boolean {
    return this.marks === undefined || this.marks.mayHave(key, offset, length);
  }

  protected override dropNodes(): void {
    super.dropNodes();
    this.marks = undefined;
    this.hasRemoved = false;
    this.nearLeaves.fill(0);
    this.misses.fill(0);
  }

  /** Inserts a deletion under the same sequence number before an entry, the newest of its key. */
  insertDeletion(entry: number, keyOffset: number, keyLength: number, delta: number): void {
    this.search(this.arena, keyOffset, keyLength, MAX_DELTA);
    const { leaf, slot, shared } = this;
    this.insertAt(leaf, slot, shared, entry | DELETION_FLAG, keyOffset, keyLength, delta, false);
  }

  /** Removes the entry at `leaf` and `slot`; `slot` is then at its successor. */
  remove(): void {
    this.hasRemoved = true;
    const nodes = this.nodes;
    const address = this.leaf << node.NODE_SHIFT;
    const count = nodes[address + node.COUNT]!;
    const slot = this.slotAddress();
    nodes.copyWithin(slot, slot + node.LEAF_STRIDE, address + node.LEAF_SLOTS + count * node.LEAF_STRIDE);
    nodes[address + node.COUNT] = count - 1;
    if (count === 1) nodes[address + node.PREFIX] = 0;
    this.entryCount--;
  }

  /**
   * Tells that all entries above the delta were removed. Their numbers may be given again: separators forget them, so
   * that new versions belong to the left of those they outdate.
   */
  lowerSeparators(delta: number): void {
    if (this.height > 0) this.lowerUnder(this.root, 0, delta);
  }

  private lowerUnder(inner: number, level: number, delta: number): void {
    const nodes = this.nodes;
    const begin = (inner << node.NODE_SHIFT) + node.INNER_SLOTS;
    const end = begin + nodes[(inner << node.NODE_SHIFT) + node.COUNT]! * node.INNER_STRIDE;
    for (let slot = begin; slot < end; slot += node.INNER_STRIDE) {
      if (nodes[slot + node.SEQ]! > delta) nodes[slot + node.SEQ] = delta;
      if (level + 1 < this.height) this.lowerUnder(nodes[slot + node.CHILD]!, level + 1, delta);
    }
  }

  /** Builds the nodes anew, without the room that removed entries left. */
  rebuild(): void {
    const count = this.entryCount;
    const offsets = new Int32Array(count);
    const deltas = new Uint32Array(count);
    this.copyEntries(offsets, deltas);
    this.dropNodes();
    this.root = this.newLeaf();
    const arena = this.arena;
    let previous = 0;
    for (let i = 0; i < count; i++) {
      const at = offsets[i]! & OFFSET_MASK;
      const length = keyLengthAt(arena, at);
      const shared = i === 0 ? 0 : sharedKeyBytes(arena, previous, at, length);
      this.appendEntry(offsets[i]!, keyOffsetAt(at, length), length, deltas[i]!, shared);
      previous = at;
    }
  }

  /** Writes offsets (with their flags) and deltas of all entries, in order. */
  copyEntries(offsets: Int32Array, deltas: Uint32Array): void {
    const nodes = this.nodes;
    let i = 0;
    for (let n = 0, leaf = this.firstLeaf; n < this.leafCount; n++) {
      const address = leaf << node.NODE_SHIFT;
      const end = address + node.LEAF_SLOTS + nodes[address + node.COUNT]! * node.LEAF_STRIDE;
      for (let slot = address + node.LEAF_SLOTS; slot < end; slot += node.LEAF_STRIDE) {
        offsets[i] = nodes[slot + node.OFFSET]!;
        deltas[i] = nodes[slot + node.SEQ]!;
        i++;
      }
      leaf = nodes[address + node.NEXT]!;
    }
  }

  /** The quick way in for ascending keys. @returns false if the key is not above all others */
  private append(at: number, keyOffset: number, keyLength: number, delta: number): boolean {
    const nodes = this.nodes;
    const address = this.lastLeaf << node.NODE_SHIFT;
    const count = nodes[address + node.COUNT]!;
    if (count === 0) return false;
    const last = nodes[address + node.LEAF_SLOTS + (count - 1) * node.LEAF_STRIDE + node.OFFSET]!;
    if (this.compare(last, this.arena, keyOffset, keyLength, 0) <= 0) return false;
    this.appendEntry(at, keyOffset, keyLength, delta, this.difference);
    return true;
  }

  /** Adds an entry after all others; its key shares `shared` bytes with the last one. */
  private appendEntry(at: number, keyOffset: number, keyLength: number, delta: number, shared: number): void {
    const leaf = this.lastLeaf;
    const count = this.nodes[(leaf << node.NODE_SHIFT) + node.COUNT]!;
    if (count === node.LEAF_CAPACITY) {
      let inner = this.root;
      for (let level = 0; level < this.height; level++) {
        const address = inner << node.NODE_SHIFT;
        const slot = this.nodes[address + node.COUNT]! - 1;
        pathNodes[level] = inner;
        pathSlots[level] = slot;
        inner = this.nodes[address + node.INNER_SLOTS + slot * node.INNER_STRIDE + node.CHILD]!;
      }
    }
    this.insertAt(leaf, count, shared, at, keyOffset, keyLength, delta, false);
  }

  /** Puts a newer version in the place of the entry found, if nobody needs that one. @returns whether it did */
  private replace(at: number, delta: number, protectedDelta: number): boolean {
    const nodes = this.nodes;
    const slot = this.slotAddress();
    const old = nodes[slot + node.OFFSET]!;
    if (nodes[slot + node.SEQ]! <= protectedDelta) return false;
    if ((old & DELETION_FLAG) === 0 && this.arena[old] === KIND_BLOB) return false;
    nodes[slot + node.OFFSET] = at;
    nodes[slot + node.SEQ] = delta;
    nodes[(this.leaf << node.NODE_SHIFT) + node.SEQ_BOUND] = delta;
    return true;
  }

  /**
   * Inserts an entry; `leaf` and `slot` are then where it is.
   * @param shared  bytes that the key shares with all keys of the leaf, if fewer than its prefix
   * @param isNext  the entry before it came last of those whose keys begin alike: more may follow
   */
  private insertAt(
    leaf: number,
    slot: number,
    shared: number,
    at: number,
    keyOffset: number,
    keyLength: number,
    delta: number,
    isNext: boolean,
  ): void {
    if (this.nodes[(leaf << node.NODE_SHIFT) + node.COUNT]! === node.LEAF_CAPACITY) {
      const right = this.splitLeaf(leaf, slot, at, delta, isNext);
      const leftCount = this.nodes[(leaf << node.NODE_SHIFT) + node.COUNT]!;
      if (slot > leftCount || leftCount === node.LEAF_CAPACITY) {
        leaf = right;
        slot -= leftCount;
      }
      // The halves have longer prefixes than the whole, which the key need not share.
      const half = leaf << node.NODE_SHIFT;
      if (this.nodes[half + node.COUNT]! > 0) {
        const other = this.nodes[half + node.LEAF_SLOTS + node.OFFSET]! & OFFSET_MASK;
        shared = sharedKeyBytes(this.arena, at & OFFSET_MASK, other, keyLength);
      }
    }
    const nodes = this.nodes;
    const address = leaf << node.NODE_SHIFT;
    const slots = address + node.LEAF_SLOTS;
    const count = nodes[address + node.COUNT]!;
    let prefix = nodes[address + node.PREFIX]!;
    if (count === 0) {
      prefix = keyLength;
      nodes[address + node.PREFIX] = prefix;
    } else if (shared < prefix) {
      prefix = shared;
      nodes[address + node.PREFIX] = prefix;
      node.writeHeads(nodes, slots, node.LEAF_STRIDE, 0, count, prefix, this.arena);
    }
    const place = slots + slot * node.LEAF_STRIDE;
    if (slot < count) node.moveSlots(nodes, place, slots + count * node.LEAF_STRIDE, node.LEAF_STRIDE);
    nodes[place + node.HEAD] = headAt(this.arena, keyOffset + prefix, keyLength - prefix);
    nodes[place + node.OFFSET] = at;
    nodes[place + node.SEQ] = delta;
    nodes[address + node.COUNT] = count + 1;
    if (delta > nodes[address + node.SEQ_BOUND]!) nodes[address + node.SEQ_BOUND] = delta;
    this.entryCount++;
    this.leaf = leaf;
    this.slot = slot;
    if (this.marks !== undefined) this.marks.add(this.arena, keyOffset, keyLength);
    else if (this.entryCount >= MARKED_FROM) this.markAll();
  }

  private markAll(): void {
    const { arena } = this;
    const marks = (this.marks = new KeyMarks());
    const offsets = new Int32Array(this.entryCount);
    this.copyEntries(offsets, new Uint32Array(this.entryCount));
    for (const offset of offsets) {
      const at = offset & OFFSET_MASK;
      const length = keyLengthAt(arena, at);
      marks.add(arena, keyOffsetAt(at, length), length);
    }
  }

  /**
   * Makes room in a full leaf for the operation at `at`, to be inserted at `slot`. An entry after the last one starts a
   * leaf of its own, and so does one before the first: ascending and descending keys leave full leaves behind. Where more
   * are to follow the entry, the leaf is cut behind it.
   * @returns the new leaf, to the right of the full one
   */
  private splitLeaf(leaf: number, slot: number, at: number, delta: number, isNext: boolean): number {
    const right = this.newLeaf();
    const nodes = this.nodes;
    const from = leaf << node.NODE_SHIFT;
    const to = right << node.NODE_SHIFT;
    const count = nodes[from + node.COUNT]!;
    const cut = slot === count || slot === 0 || isNext ? slot : count >>> 1;
    const begin = from + node.LEAF_SLOTS + cut * node.LEAF_STRIDE;
    nodes.copyWithin(to + node.LEAF_SLOTS, begin, from + node.LEAF_SLOTS + count * node.LEAF_STRIDE);
    nodes[from + node.COUNT] = cut;
    nodes[to + node.COUNT] = count - cut;
    nodes[to + node.SEQ_BOUND] = nodes[from + node.SEQ_BOUND]!;
    if (cut < count) nodes[to + node.PREFIX] = nodes[from + node.PREFIX]!;
    const next = nodes[from + node.NEXT]!;
    nodes[to + node.NEXT] = next;
    nodes[to + node.PREVIOUS] = leaf;
    nodes[from + node.NEXT] = right;
    if (leaf === this.lastLeaf) this.lastLeaf = right;
    else nodes[(next << node.NODE_SHIFT) + node.PREVIOUS] = right;
    if (cut > 0 && cut < count) {
      node.settleLeaf(nodes, leaf, this.arena);
      node.settleLeaf(nodes, right, this.arena);
    }
    const first = to + node.LEAF_SLOTS;
    if (cut === count) this.addSeparator(at, delta, right);
    else this.addSeparator(nodes[first + node.OFFSET]!, nodes[first + node.SEQ]!, right);
    return right;
  }

  /** Adds a child, whose first entry is given, after the child that the last descent took; splits nodes as needed. */
  private addSeparator(at: number, delta: number, child: number): void {
    for (let level = this.height - 1; level >= 0; level--) {
      const inner = pathNodes[level]!;
      const slot = pathSlots[level]! + 1;
      const count = this.nodes[(inner << node.NODE_SHIFT) + node.COUNT]!;
      if (count < node.INNER_CAPACITY) return this.insertChild(inner, slot, at, delta, child);
      const right = this.newInner();
      const cut = slot === count ? count : count >>> 1;
      this.moveChildren(inner, right, cut);
      if (slot <= cut && cut < count) this.insertChild(inner, slot, at, delta, child);
      else this.insertChild(right, slot - cut, at, delta, child);
      const first = (right << node.NODE_SHIFT) + node.INNER_SLOTS;
      at = this.nodes[first + node.OFFSET]!;
      delta = this.nodes[first + node.SEQ]!;
      child = right;
    }
    const root = this.newInner();
    this.insertChild(root, 0, 0, 0, this.root);
    this.insertChild(root, 1, at, delta, child);
    this.root = root;
    this.height++;
  }

  private moveChildren(inner: number, right: number, cut: number): void {
    const nodes = this.nodes;
    const from = inner << node.NODE_SHIFT;
    const to = right << node.NODE_SHIFT;
    const slots = from + node.INNER_SLOTS;
    const count = nodes[from + node.COUNT]!;
    nodes.copyWithin(
      to + node.INNER_SLOTS,
      slots + cut * node.INNER_STRIDE,
      slots + count * node.INNER_STRIDE,
    );
    nodes[from + node.COUNT] = cut;
    nodes[to + node.COUNT] = count - cut;
    if (cut === count) return;
    nodes[to + node.PREFIX] = nodes[from + node.PREFIX]!;
    node.settleInner(nodes, inner, this.arena);
    node.settleInner(nodes, right, this.arena);
  }

  private insertChild(inner: number, slot: number, at: number, delta: number, child: number): void {
    const nodes = this.nodes;
    const address = inner << node.NODE_SHIFT;
    const slots = address + node.INNER_SLOTS;
    const count = nodes[address + node.COUNT]!;
    const place = slots + slot * node.INNER_STRIDE;
    if (slot < count) node.moveSlots(nodes, place, slots + count * node.INNER_STRIDE, node.INNER_STRIDE);
    nodes[place + node.OFFSET] = at;
    nodes[place + node.SEQ] = delta;
    nodes[place + node.CHILD] = child;
    nodes[address + node.COUNT] = count + 1;
    if (slot === 0) return;
    const arena = this.arena;
    const key = at & OFFSET_MASK;
    let prefix = keyLengthAt(arena, key);
    if (count > 1) {
      // Slot 1, or what was slot 1 before: any other separator will do.
      const other = nodes[slots + (slot === 1 ? 2 : 1) * node.INNER_STRIDE + node.OFFSET]! & OFFSET_MASK;
      prefix = sharedKeyBytes(arena, key, other, nodes[address + node.PREFIX]!);
    }
    const isShorter = count > 1 && prefix < nodes[address + node.PREFIX]!;
    nodes[address + node.PREFIX] = prefix;
    const begin = isShorter ? 1 : slot;
    node.writeHeads(nodes, slots, node.INNER_STRIDE, begin, isShorter ? count + 1 : slot + 1, prefix, arena);
  }

  private newLeaf(): number {
    this.leafCount++;
    return this.newNode();
  }

  private newInner(): number {
    return this.newNode();
  }

  private newNode(): number {
    const id = this.nodeCount;
    invariant(id < MAX_NODES, 'an arena tree has too many nodes');
    const needed = (id + 1) << node.NODE_SHIFT;
    if (needed > this.nodes.length) {
      const size = Math.max(2 * this.nodes.length, this.firstNodes << node.NODE_SHIFT);
      const nodes = new Int32Array(size);
      nodes.set(this.nodes);
      this.nodes = nodes;
    }
    this.nodeCount++;
    return id;
  }
}

/** Where the last insert of a key that begins alike is remembered. */
function nearOf(arena: Bytes, keyOffset: number, keyLength: number): number {
  let hash = arena[keyOffset]! + (keyLength > 1 ? arena[keyOffset + 1]! : 0);
  if (keyLength >= LONG_KEY)
    hash += (arena[keyOffset + 2]! << 5) + (arena[keyOffset + 3]! << 3) + arena[keyOffset + 4]! * 11;
  return hash & (NEAR - 1);
}
